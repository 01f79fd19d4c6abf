//! Products whose batches are summed, as one contraction over batches and rows.

use burn_ir::{MatmulOpIr, TensorId, TensorIr};

use super::product::{dot_wide, over_rows, rows, wide_element};
use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{DotDims, Value};

/// The sum over the batches of a product, into `out`. The operands may be others than those that the
/// operation reads; `as_matrices` says that all their rows may become one axis.
pub(crate) fn lower(
    cx: &Context<'_>,
    [lhs, rhs]: [TensorId; 2],
    as_matrices: bool,
    product: &MatmulOpIr,
    out: &TensorIr,
) -> Emitted {
    let batch = product.out.shape.num_dims() - 2;
    let (left, right) = (cx.find(lhs)?, cx.find(rhs)?);
    let y = if as_matrices {
        let left = match cx.transposed(lhs)? {
            Some(original) => original,
            None => transposed(cx, left)?,
        };
        over_rows(cx, [rows(cx, left)?, rows(cx, right)?], wide_element(cx, left))?
    } else {
        let contract = |inner: usize| (0..batch).chain([inner]).collect();
        let dims = DotDims {
            lhs_contract: contract(batch + 1),
            rhs_contract: contract(batch),
            ..DotDims::default()
        };
        dot_wide(cx, left, right, &dims)?
    };
    cx.set_as(out, cx.b.reshape(y, &out.shape)?)
}

/// `x` with its last two axes swapped.
pub(crate) fn transposed(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let rank = cx.b.rank(x);
    let order: Vec<_> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    Ok(cx.b.transpose(x, &order)?)
}

//! Products whose batches are summed, as one contraction over batches and rows.

use burn_ir::{MatmulOpIr, TensorId, TensorIr};

use super::product::{dot_wide, over_rows, rows};
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
        dot_wide(cx, rows(cx, left)?, rows(cx, right)?, &over_rows())?
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

#[cfg(test)]
mod tests {
    use burn_backend::DType;
    use burn_ir::{FloatOperationIr, GraphIr, NumericOperationIr, OperationIr, ReduceDimOpIr};

    use super::*;
    use crate::lower::{LowerOptions, lower as lower_graph};

    fn tensor(id: u64, dims: &[usize]) -> TensorIr {
        TensorIr::uninit(TensorId::new(id), dims.to_vec().into(), DType::F32)
    }

    /// `sum(x y)` along an axis, the program's text, with the product among the results or not.
    fn text(x: &[usize], y: &[usize], axis: usize, product_is_result: bool) -> String {
        let (x, y) = (tensor(1, x), tensor(2, y));
        let product = tensor(3, &[4, 2, 5]);
        let mut summed = [4, 2, 5];
        summed[axis] = 1;
        let out = tensor(4, &summed);
        let matmul = MatmulOpIr { lhs: x.clone(), rhs: y.clone(), out: product.clone() };
        let sum =
            ReduceDimOpIr { input: product.clone(), out: out.clone(), axis, accumulator_len: 1 };
        let graph = GraphIr::new(vec![
            OperationIr::Float(DType::F32, FloatOperationIr::Matmul(matmul)),
            OperationIr::NumericFloat(DType::F32, NumericOperationIr::SumDim(sum)),
        ]);
        let mut results = vec![out.id];
        results.extend(product_is_result.then_some(product.id));
        lower_graph(&graph, &[x.id, y.id], &results, &LowerOptions::default()).unwrap().text
    }

    #[test]
    fn a_product_that_is_only_summed_over_its_batches_is_one_contraction() {
        let fused = text(&[4, 2, 3], &[4, 3, 5], 0, false);
        assert!(
            fused.contains("(tensor<12x2xf32>, tensor<12x5xf32>) -> tensor<2x5xf32>"),
            "{fused}"
        );
        assert!(!fused.contains("stablehlo.reduce"), "{fused}");
        for kept in [
            text(&[4, 2, 3], &[4, 3, 5], 0, true),
            text(&[4, 2, 3], &[4, 3, 5], 1, false),
            text(&[4, 2, 3], &[1, 3, 5], 0, false),
        ] {
            assert!(kept.contains("stablehlo.reduce"), "{kept}");
        }
    }
}

//! Sorting, and the first of the sorted.

use burn_ir::TensorIr;

use crate::lower::context::Context;
use crate::lower::error::{Emitted, Fault};
use crate::stablehlo::{Comparison, ElementType};

/// Sorts along `dim`, in the total order of floats, ties in the order of their positions; results
/// that are shorter take the first.
pub(crate) fn lower(
    cx: &Context<'_>,
    input: &TensorIr,
    dim: usize,
    descending: bool,
    values: Option<&TensorIr>,
    indices: Option<&TensorIr>,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(input)?;
    let dims = b.dims(x);
    let how = if descending { Comparison::Greater } else { Comparison::Less };
    let mut operands = vec![x];
    if indices.is_some() {
        operands.push(b.iota(ElementType::I32, &dims, dim)?);
    }
    let sorted = b.sort::<Fault>(&operands, dim, |b, v| {
        Ok(if b.element(v[0]).is_float() {
            b.compare_total(how, v[0], v[1])?
        } else {
            b.compare(how, v[0], v[1])?
        })
    })?;
    if let Some(out) = values {
        cx.set(out, b.slice_dim(sorted[0], dim, 0, out.shape[dim].min(dims[dim]))?)?;
    }
    if let Some(out) = indices {
        let first = b.slice_dim(sorted[1], dim, 0, out.shape[dim].min(dims[dim]))?;
        cx.set_places(out, first, dims[dim])?;
    }
    Ok(())
}

//! Comparisons of two tensors, or of a tensor and a scalar.

use burn_ir::{BinaryOpIr, ScalarOpIr};

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::Comparison;

pub(crate) fn binary(cx: &Context<'_>, d: &BinaryOpIr, how: Comparison) -> Emitted {
    let b = &cx.b;
    let lhs = b.broadcast_to(cx.get(&d.lhs)?, &d.out.shape)?;
    let rhs = b.broadcast_to(cx.get(&d.rhs)?, &d.out.shape)?;
    cx.set(&d.out, b.compare(how, lhs, rhs)?)
}

/// The scalar is rounded, or wraps, to the type of the tensor.
pub(crate) fn scalar(cx: &Context<'_>, d: &ScalarOpIr, how: Comparison) -> Emitted {
    let x = cx.get(&d.lhs)?;
    let value = cx.scalar_like(d.rhs, x)?;
    cx.set(&d.out, cx.b.compare(how, x, value)?)
}

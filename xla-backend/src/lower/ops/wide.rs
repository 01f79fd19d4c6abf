//! Functions of floats, computed in f32 where the tensor has 16 bits.

use burn_ir::TensorIr;

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, Value};

/// Applies `f` in f32 for 16-bit floats, and sets the result.
pub(crate) fn in_wide(
    cx: &Context<'_>,
    input: &TensorIr,
    out: &TensorIr,
    f: impl FnOnce(Value) -> Emitted<Value>,
) -> Emitted {
    let y = f(cx.get_wide(input)?)?;
    cx.set_as(out, y)
}

/// `x` limited to `low..=high`; NaN stays.
pub(crate) fn limited(cx: &Context<'_>, x: Value, low: Value, high: Value) -> Emitted<Value> {
    let b = &cx.b;
    let y = b.select(b.compare(Comparison::Less, x, low)?, low, x)?;
    Ok(b.select(b.compare(Comparison::Greater, y, high)?, high, y)?)
}

//! Quantisation with one scale per tensor.
//!
//! Within a program a quantised tensor is its 8-bit values with the scale beside them. Packed
//! tensors from outside, and scales per block, have no lowering.

use burn_ir::{DequantizeOpIr, QuantizeOpIr};

use super::cast::truncate;
use crate::lower::context::{Context, element_of};
use crate::lower::error::{Emitted, Fault, unsupported};
use crate::stablehlo::{BinaryKind, Comparison, ElementType, UnaryKind, Value};

pub(crate) fn quantize(cx: &Context<'_>, d: &QuantizeOpIr) -> Emitted {
    let b = &cx.b;
    if d.scheme.block_size().is_some() || d.qparams.global.is_some() {
        return unsupported("a scale per block");
    }
    let x = b.convert(cx.get(&d.tensor)?, ElementType::F32)?;
    let scale = b.reshape(b.convert(cx.get(&d.qparams.scales)?, ElementType::F32)?, &[])?;
    let inverse = b.broadcast_in_dim(b.reciprocal(scale)?, &b.dims(x), &[])?;
    let (low, high) = d.scheme.value.range();
    let rounded = round_away(cx, b.multiply(x, inverse)?)?;
    let (low, high) =
        (b.scalar(low.into(), ElementType::F32)?, b.scalar(high.into(), ElementType::F32)?);
    let limited = b.clamp(low, rounded, high)?;
    let values = super::cast::cast(cx, limited, ElementType::I8)?;
    cx.set_quantized(d.out.id, values, scale);
    Ok(())
}

pub(crate) fn dequantize(cx: &Context<'_>, d: &DequantizeOpIr) -> Emitted {
    let b = &cx.b;
    let Some(scale) = cx.scale(d.input.id) else {
        return match cx.find(d.input.id) {
            Ok(_) => unsupported("a packed quantised tensor from outside the program"),
            Err(Fault::Missing(id)) => Err(Fault::Missing(id)),
            Err(fault) => Err(fault),
        };
    };
    let values = b.convert(cx.find(d.input.id)?, ElementType::F32)?;
    let scale = b.broadcast_in_dim(scale, &b.dims(values), &[])?;
    let y = b.multiply(scale, values)?;
    cx.set(&d.out, b.convert(y, element_of(d.out.dtype)?)?)
}

/// The nearest whole number, halves away from zero.
fn round_away(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    let whole = truncate(cx, x)?;
    let rest = b.unary(UnaryKind::Abs, b.subtract(x, whole)?)?;
    let up = b.compare(Comparison::GreaterEqual, rest, b.splat_like(0.5, x)?)?;
    let next = b.binary(BinaryKind::Add, whole, b.unary(UnaryKind::Sign, x)?)?;
    Ok(b.select(up, next, whole)?)
}

//! Powers.

use burn_ir::{BinaryOpIr, ScalarOpIr, TensorIr};

use super::wide::in_wide;
use crate::lower::context::{Context, float};
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, ElementType, Value};

/// Float to the power of a float or an int tensor, or int to the power of an int tensor.
pub(crate) fn tensor(cx: &Context<'_>, d: &BinaryOpIr) -> Emitted {
    let b = &cx.b;
    let x = b.broadcast_to(cx.get(&d.lhs)?, &d.out.shape)?;
    let y = b.broadcast_to(cx.get(&d.rhs)?, &d.out.shape)?;
    if b.element(x).is_int() {
        return cx.set(&d.out, wrapping(cx, x, b.convert(y, b.element(x))?)?);
    }
    // The exponent is rounded to the type of the base before 16-bit floats are widened.
    let y = b.convert(y, b.element(x))?;
    cx.set_as(&d.out, b.power(cx.wide(x)?, cx.wide(y)?)?)
}

/// Integers to the power of `y` read as 32 unsigned bits, wrapping: 32 squarings.
fn wrapping(cx: &Context<'_>, x: Value, y: Value) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(x);
    let y = b.convert(b.convert(y, ElementType::I64)?, ElementType::U32)?;
    let one = b.splat_like(1.0, x)?;
    let zero = b.splat(0.0, ElementType::U32, &dims)?;
    let (mut square, mut result) = (x, one);
    for bit in 0..32 {
        let mask = b.splat_int(1 << bit, ElementType::U32, &dims)?;
        let set = b.compare(Comparison::NotEqual, b.and(y, mask)?, zero)?;
        result = b.multiply(result, b.select(set, square, one)?)?;
        square = b.multiply(square, square)?;
    }
    Ok(result)
}

/// To the power of a whole number.
pub(crate) fn int_scalar(
    cx: &Context<'_>,
    lhs: &TensorIr,
    exponent: i128,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(lhs)?;
    if b.element(x).is_int() {
        let mut left = exponent as u32;
        let (mut square, mut result) = (x, None);
        while left > 0 {
            if left & 1 == 1 {
                result = Some(match result {
                    Some(result) => b.multiply(result, square)?,
                    None => square,
                });
            }
            left >>= 1;
            if left > 0 {
                square = b.multiply(square, square)?;
            }
        }
        return cx.set(out, result.map_or_else(|| b.splat_like(1.0, x), Ok)?);
    }
    // Flex squares in the type of the tensor, and takes a general power otherwise.
    let y = match exponent {
        0 => b.splat_like(1.0, x)?,
        1 => x,
        2 => b.multiply(x, x)?,
        -1 => b.reciprocal(x)?,
        -2 => b.reciprocal(b.multiply(x, x)?)?,
        _ => {
            let rounded = b.splat_like(exponent as f64, x)?;
            b.power(cx.wide(x)?, cx.wide(rounded)?)?
        }
    };
    cx.set_as(out, y)
}

/// To the power of a float; whole exponents as [`int_scalar`].
pub(crate) fn float_scalar(cx: &Context<'_>, d: &ScalarOpIr) -> Emitted {
    let b = &cx.b;
    let exponent = float(d.rhs);
    if exponent.fract() == 0.0 && exponent.abs() < 9.0e18 {
        return int_scalar(cx, &d.lhs, exponent as i128, &d.out);
    }
    let rounded = b.splat(exponent, b.element(cx.get(&d.lhs)?), &d.lhs.shape)?;
    in_wide(cx, &d.lhs, &d.out, |x| Ok(b.power(x, cx.wide(rounded)?)?))
}

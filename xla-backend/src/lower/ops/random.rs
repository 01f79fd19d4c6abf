//! Random tensors: Threefry bits out of the program's seed, turned into distributions.
//!
//! Each operation of a program draws from its own stream: the key is the seed, the high half of
//! the counter is the number of the operation. A program therefore gives the same numbers for the
//! same seed, and its operations are independent.

use burn_backend::Distribution;
use burn_ir::RandomOpIr;

use crate::lower::context::{Context, element_of};
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{Comparison, ElementType, RngAlgorithm, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, d: &RandomOpIr) -> Emitted {
    let b = &cx.b;
    let element = element_of(d.out.dtype)?;
    if d.out.shape.contains(&0) {
        return cx.set(&d.out, b.splat(0.0, element, &d.out.shape)?);
    }
    let y = match d.distribution {
        Distribution::Default if element == ElementType::Bool => {
            let half = b.splat(0.5, ElementType::F32, &d.out.shape)?;
            b.compare(Comparison::Less, uniform(cx, &d.out.shape, ElementType::F32)?, half)?
        }
        Distribution::Default if element.is_int() => integers(cx, &d.out.shape, element)?,
        Distribution::Default => uniform(cx, &d.out.shape, computed(element))?,
        Distribution::Uniform(low, high) if element.is_int() => {
            within(cx, &d.out.shape, element, low, high)?
        }
        Distribution::Uniform(low, high) => {
            let u = uniform(cx, &d.out.shape, computed(element))?;
            let scaled = b.multiply(u, b.splat_like(high - low, u)?)?;
            b.add(scaled, b.splat_like(low, u)?)?
        }
        Distribution::Bernoulli(p) => {
            let u = uniform(cx, &d.out.shape, ElementType::F32)?;
            b.compare(Comparison::Less, u, b.splat_like(p, u)?)?
        }
        Distribution::Normal(mean, deviation) => {
            let wide = if element.is_int() { ElementType::F32 } else { computed(element) };
            let z = normal(cx, &d.out.shape, wide)?;
            let scaled = b.multiply(z, b.splat_like(deviation, z)?)?;
            b.add(scaled, b.splat_like(mean, z)?)?
        }
    };
    cx.set(&d.out, super::cast::cast(cx, y, element)?)
}

/// The float type in which numbers of a type are drawn.
fn computed(element: ElementType) -> ElementType {
    if element == ElementType::F64 { ElementType::F64 } else { ElementType::F32 }
}

fn bits(cx: &Context<'_>, dims: &[usize], element: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let Some(seed) = cx.seed else {
        return unsupported("a random operation needs a program with a seed");
    };
    let draw = cx.draws.get();
    cx.draws.set(draw + 1);
    let counter = b.splat_int(i128::from(draw) << 32, ElementType::U64, &[1])?;
    let state = b.concatenate(&[b.reshape(seed, &[1])?, counter], 0)?;
    Ok(b.rng_bits(RngAlgorithm::ThreeFry, state, element, dims)?.0)
}

/// Uniform in [0, 1): the high bits of a word, as many as the mantissa holds, over their range.
fn uniform(cx: &Context<'_>, dims: &[usize], element: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let (word, mantissa) =
        if element == ElementType::F64 { (ElementType::U64, 53) } else { (ElementType::U32, 24) };
    let bits = bits(cx, dims, word)?;
    let drop = b.splat_int(i128::from(word.bits() - mantissa), word, dims)?;
    let number = b.convert(b.shift_right_logical(bits, drop)?, element)?;
    let scale = b.splat_like((2.0f64).powi(-(mantissa as i32)), number)?;
    Ok(b.multiply(number, scale)?)
}

/// Standard normal: the inverse of the error function at a uniform number in (-1, 1).
fn normal(cx: &Context<'_>, dims: &[usize], element: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let u = uniform(cx, dims, element)?;
    // Half a step above the lowest value, so that neither end is reached.
    let mantissa = if element == ElementType::F64 { 53 } else { 24 };
    let step = (2.0f64).powi(-mantissa);
    let centred =
        b.add(b.multiply(u, b.splat_like(2.0 - 2.0 * step, u)?)?, b.splat_like(step - 1.0, u)?)?;
    let z = b.unary(UnaryKind::ErfInv, centred)?;
    Ok(b.multiply(z, b.splat_like(std::f64::consts::SQRT_2, z)?)?)
}

/// All values of an integer type alike.
fn integers(cx: &Context<'_>, dims: &[usize], element: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let word = match element.bits() {
        8 => ElementType::U8,
        16 => ElementType::U16,
        32 => ElementType::U32,
        _ => ElementType::U64,
    };
    let bits = bits(cx, dims, word)?;
    Ok(b.bitcast(bits, element)?)
}

/// Integers of `low..high`: 64 random bits modulo the range, whose bias is below 2^-31 for ranges
/// of 32 bits.
fn within(
    cx: &Context<'_>,
    dims: &[usize],
    element: ElementType,
    low: f64,
    high: f64,
) -> Emitted<Value> {
    let b = &cx.b;
    let (low, high) = (low as i128, high as i128);
    let range = high - low;
    if range <= 0 || range > i128::from(u64::MAX) {
        return unsupported(format!("a uniform distribution over {low}..{high}"));
    }
    let bits = bits(cx, dims, ElementType::U64)?;
    let rest = b.remainder(bits, b.splat_int(range, ElementType::U64, dims)?)?;
    let shifted = b.add(rest, b.splat_int(low, ElementType::U64, dims)?)?;
    Ok(b.convert(b.bitcast(shifted, ElementType::I64)?, element)?)
}

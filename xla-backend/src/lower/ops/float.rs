//! Operations of float tensors alone.

use burn_ir::{CrossOpIr, FloatOperationIr, UnaryOpIr};

use super::wide::in_wide;
use super::{cast, grid_sample, power, product, quantize, random};
use crate::lower::context::{Context, element_of};
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, op: &FloatOperationIr) -> Emitted {
    use FloatOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::Exp(d) => unary(cx, d, UnaryKind::Exponential),
        Op::Log(d) => unary(cx, d, UnaryKind::Log),
        Op::Log1p(d) => unary(cx, d, UnaryKind::LogPlusOne),
        Op::Erf(d) => unary(cx, d, UnaryKind::Erf),
        Op::Sqrt(d) => unary(cx, d, UnaryKind::Sqrt),
        Op::Cos(d) => unary(cx, d, UnaryKind::Cosine),
        Op::Cosh(d) => unary(cx, d, UnaryKind::Cosh),
        Op::Sin(d) => unary(cx, d, UnaryKind::Sine),
        Op::Sinh(d) => unary(cx, d, UnaryKind::Sinh),
        Op::Tan(d) => unary(cx, d, UnaryKind::Tan),
        Op::Tanh(d) => unary(cx, d, UnaryKind::Tanh),
        Op::ArcCos(d) => unary(cx, d, UnaryKind::Acos),
        Op::ArcCosh(d) => unary(cx, d, UnaryKind::Acosh),
        Op::ArcSin(d) => unary(cx, d, UnaryKind::Asin),
        Op::ArcSinh(d) => unary(cx, d, UnaryKind::Asinh),
        Op::ArcTan(d) => in_wide(cx, &d.input, &d.out, |x| arc_tangent(cx, d, x)),
        Op::ArcTanh(d) => unary(cx, d, UnaryKind::Atanh),
        Op::Round(d) => unary(cx, d, UnaryKind::RoundNearestEven),
        Op::Floor(d) => unary(cx, d, UnaryKind::Floor),
        Op::Ceil(d) => unary(cx, d, UnaryKind::Ceil),
        Op::Trunc(d) => in_wide(cx, &d.input, &d.out, |x| cast::truncate(cx, x)),
        Op::Recip(d) => cx.set(&d.out, b.reciprocal(cx.get(&d.input)?)?),
        Op::ArcTan2(d) => {
            let y = b.broadcast_to(cx.get_wide(&d.lhs)?, &d.out.shape)?;
            let x = b.broadcast_to(cx.get_wide(&d.rhs)?, &d.out.shape)?;
            cx.set_as(&d.out, b.atan2(y, x)?)
        }
        Op::Hypot(d) => {
            let x = b.broadcast_to(cx.get_wide(&d.lhs)?, &d.out.shape)?;
            let y = b.broadcast_to(cx.get_wide(&d.rhs)?, &d.out.shape)?;
            cx.set_as(&d.out, hypot(cx, x, y)?)
        }
        Op::Powf(d) => power::tensor(cx, d),
        Op::PowfScalar(d) => power::float_scalar(cx, d),
        Op::IntoInt(d) => {
            let y = cast::cast(cx, cx.get(&d.input)?, element_of(d.out.dtype)?)?;
            cx.set(&d.out, y)
        }
        Op::Matmul(d) => product::matmul(cx, [d.lhs.id, d.rhs.id], &d.out),
        Op::Cross(d) => cross(cx, d),
        Op::Random(d) => random::lower(cx, d),
        Op::IsNan(d) => cx.set(&d.out, b.is_nan(cx.get(&d.input)?)?),
        Op::IsInf(d) => {
            let x = b.unary(UnaryKind::Abs, cx.get(&d.input)?)?;
            let infinity = b.splat_like(f64::INFINITY, x)?;
            cx.set(&d.out, b.compare(Comparison::Equal, x, infinity)?)
        }
        Op::Quantize(d) => quantize::quantize(cx, d),
        Op::Dequantize(d) => quantize::dequantize(cx, d),
        Op::GridSample2d(d) => grid_sample::lower(cx, d),
    }
}

fn unary(cx: &Context<'_>, d: &UnaryOpIr, kind: UnaryKind) -> Emitted {
    in_wide(cx, &d.input, &d.out, |x| Ok(cx.b.unary(kind, x)?))
}

/// The arc tangent. XLA's compiler for CPUs (October 2026) goes back to f16 for one that is computed in f32 of f16, and
/// there uses an approximation that is wrong in the third digit; it leaves this form alone. The halves are exact.
fn arc_tangent(cx: &Context<'_>, d: &UnaryOpIr, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    if !element_of(d.input.dtype)?.is_half() {
        return Ok(b.unary(UnaryKind::Atan, x)?);
    }
    let half = b.splat_like(0.5, x)?;
    Ok(b.atan2(b.multiply(x, half)?, half)?)
}

/// `sqrt(x^2 + y^2)` without overflow: the larger times `sqrt(1 + ratio^2)`.
fn hypot(cx: &Context<'_>, x: Value, y: Value) -> Emitted<Value> {
    let b = &cx.b;
    let (x, y) = (b.unary(UnaryKind::Abs, x)?, b.unary(UnaryKind::Abs, y)?);
    let (large, small) = (b.maximum(x, y)?, b.minimum(x, y)?);
    let zero = b.splat_like(0.0, x)?;
    let one = b.splat_like(1.0, x)?;
    let infinity = b.splat_like(f64::INFINITY, x)?;
    let empty = b.compare(Comparison::Equal, large, zero)?;
    let ratio = b.divide(small, b.select(empty, one, large)?)?;
    let root = b.unary(UnaryKind::Sqrt, b.add(one, b.multiply(ratio, ratio)?)?)?;
    let length = b.multiply(large, root)?;
    let infinite = b.or(
        b.compare(Comparison::Equal, x, infinity)?,
        b.compare(Comparison::Equal, y, infinity)?,
    )?;
    Ok(b.select(infinite, infinity, length)?)
}

fn cross(cx: &Context<'_>, d: &CrossOpIr) -> Emitted {
    let b = &cx.b;
    let x = b.broadcast_to(cx.get(&d.lhs)?, &d.out.shape)?;
    let y = b.broadcast_to(cx.get(&d.rhs)?, &d.out.shape)?;
    let part = |v: Value, i: usize| b.slice_dim(v, d.dim, i % 3, 1);
    let parts = (0..3)
        .map(|i| {
            let forth = b.multiply(part(x, i + 1)?, part(y, i + 2)?)?;
            let back = b.multiply(part(x, i + 2)?, part(y, i + 1)?)?;
            b.subtract(forth, back)
        })
        .collect::<Result<Vec<_>, _>>()?;
    cx.set(&d.out, b.concatenate(&parts, d.dim)?)
}

//! Activation functions and their gradients; 16-bit floats in f32.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use burn_ir::{ActivationOperationIr, BinaryOpIr, TensorIr};

use super::reduce::reduce_keep;
use super::wide::{in_wide, limited};
use crate::lower::context::{Context, float};
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, ReduceKind, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, op: &ActivationOperationIr) -> Emitted {
    use ActivationOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::Relu(d) => in_wide(cx, &d.input, &d.out, |x| {
            // Not a maximum, which need not keep NaN.
            let zero = b.splat_like(0.0, x)?;
            Ok(b.select(b.compare(Comparison::LessEqual, x, zero)?, zero, x)?)
        }),
        Op::ReluBackward(d) => binary(cx, d, |output, grad| {
            let zero = b.splat_like(0.0, output)?;
            let dead = b.compare(Comparison::LessEqual, output, zero)?;
            Ok(b.select(dead, zero, grad)?)
        }),
        Op::LeakyRelu(d) => {
            in_wide(cx, &d.lhs, &d.out, |x| rectified(cx, x, b.splat_like(float(d.rhs), x)?))
        }
        Op::PRelu(d) => binary(cx, d, |x, slope| rectified(cx, x, slope)),
        Op::Gelu(d) => in_wide(cx, &d.input, &d.out, |x| {
            let cdf = twice_normal_cdf(cx, x)?;
            Ok(b.multiply(b.multiply(b.splat_like(0.5, x)?, x)?, cdf)?)
        }),
        Op::GeluBackward(d) => binary(cx, d, |x, grad| {
            let half = b.splat_like(0.5, x)?;
            let cdf = b.multiply(half, twice_normal_cdf(cx, x)?)?;
            let exponent = b.multiply(b.multiply(b.negate(half)?, x)?, x)?;
            let scale = b.splat_like(1.0 / (2.0 * PI).sqrt(), x)?;
            let pdf = b.multiply(scale, b.exp(exponent)?)?;
            Ok(b.multiply(grad, b.add(cdf, b.multiply(x, pdf)?)?)?)
        }),
        Op::Sigmoid(d) => in_wide(cx, &d.input, &d.out, |x| Ok(b.unary(UnaryKind::Logistic, x)?)),
        Op::SigmoidBackward(d) => binary(cx, d, |s, grad| {
            let rest = b.subtract(b.splat_like(1.0, s)?, s)?;
            Ok(b.multiply(b.multiply(grad, s)?, rest)?)
        }),
        Op::HardSigmoid(d) => in_wide(cx, &d.tensor, &d.out, |x| {
            let (alpha, beta) = (b.splat_like(float(d.alpha), x)?, b.splat_like(float(d.beta), x)?);
            let line = b.add(b.multiply(alpha, x)?, beta)?;
            limited(cx, line, b.splat_like(0.0, x)?, b.splat_like(1.0, x)?)
        }),
        Op::LogSigmoid(d) => in_wide(cx, &d.input, &d.out, |x| {
            // min(x, 0) - ln(1 + e^-|x|)
            let low = b.minimum(x, b.splat_like(0.0, x)?)?;
            let decay = b.exp(b.negate(b.unary(UnaryKind::Abs, x)?)?)?;
            Ok(b.subtract(low, b.unary(UnaryKind::LogPlusOne, decay)?)?)
        }),
        Op::LogSigmoidBackward(d) => binary(cx, d, |x, grad| {
            Ok(b.multiply(grad, b.unary(UnaryKind::Logistic, b.negate(x)?)?)?)
        }),
        Op::Softmax(d) => in_wide(cx, &d.input, &d.out, |x| softmax(cx, x, d.axis)),
        Op::Softmin(d) => in_wide(cx, &d.input, &d.out, |x| softmax(cx, b.negate(x)?, d.axis)),
        Op::LogSoftmax(d) => {
            // Burn rounds each step to the type of the tensor.
            let x = cx.get(&d.input)?;
            let narrow = |v: Value| b.convert(v, b.element(x));
            let shifted = shift_down(cx, x, d.axis)?;
            let e = narrow(b.exp(cx.wide(shifted)?)?)?;
            let sum = narrow(reduce_keep(cx, cx.wide(e)?, &[d.axis], ReduceKind::Add)?)?;
            let log = narrow(b.unary(UnaryKind::Log, cx.wide(sum)?)?)?;
            cx.set(&d.out, b.subtract(shifted, b.broadcast_to(log, &b.dims(x))?)?)
        }
    }
}

/// Softmax along the last axis as one operation.
///
/// On a TPU the maximum goes `behind_barrier`. Without it libtpu 0.0.52 replaces a softmax between two
/// products by a kernel of its own, for whose layouts queries, keys and values are copied, and for whose
/// time it has no estimate.
pub(crate) fn lower_softmax(
    cx: &Context<'_>,
    x: &TensorIr,
    out: &TensorIr,
    behind_barrier: bool,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get_wide(x)?;
    let (axis, dims) = (b.rank(x) - 1, b.dims(x));
    let mut max = reduce_keep(cx, x, &[axis], ReduceKind::Maximum)?;
    if behind_barrier {
        max = b.unary(UnaryKind::OptimizationBarrier, max)?;
    }
    let e = b.exp(b.subtract(x, b.broadcast_to(max, &dims)?)?)?;
    let sum = reduce_keep(cx, e, &[axis], ReduceKind::Add)?;
    let share = b.divide(b.splat_like(1.0, sum)?, sum)?;
    cx.set_as(out, b.multiply(e, b.broadcast_to(share, &dims)?)?)
}

/// The gradient of [`lower_softmax`], by its result `y`.
pub(crate) fn lower_softmax_backward(
    cx: &Context<'_>,
    [y, gradient]: [&TensorIr; 2],
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let (y, gradient) = (cx.get_wide(y)?, cx.get_wide(gradient)?);
    let weighted = b.multiply(y, gradient)?;
    let sum = reduce_keep(cx, weighted, &[b.rank(y) - 1], ReduceKind::Add)?;
    let sum = b.broadcast_to(sum, &b.dims(y))?;
    cx.set_as(out, b.multiply(y, b.subtract(gradient, sum)?)?)
}

fn binary(
    cx: &Context<'_>,
    d: &BinaryOpIr,
    f: impl FnOnce(Value, Value) -> Emitted<Value>,
) -> Emitted {
    let b = &cx.b;
    let lhs = b.broadcast_to(cx.get_wide(&d.lhs)?, &d.out.shape)?;
    let rhs = b.broadcast_to(cx.get_wide(&d.rhs)?, &d.out.shape)?;
    cx.set_as(&d.out, f(lhs, rhs)?)
}

/// `x` where it is at least 0, `slope * x` elsewhere.
fn rectified(cx: &Context<'_>, x: Value, slope: Value) -> Emitted<Value> {
    let b = &cx.b;
    let positive = b.compare(Comparison::GreaterEqual, x, b.splat_like(0.0, x)?)?;
    Ok(b.select(positive, x, b.multiply(slope, x)?)?)
}

/// `1 + erf(x / sqrt(2))`.
fn twice_normal_cdf(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    let scaled = b.multiply(x, b.splat_like(FRAC_1_SQRT_2, x)?)?;
    Ok(b.add(b.splat_like(1.0, x)?, b.unary(UnaryKind::Erf, scaled)?)?)
}

/// `x` minus its maximum along `axis`.
fn shift_down(cx: &Context<'_>, x: Value, axis: usize) -> Emitted<Value> {
    let b = &cx.b;
    let max = reduce_keep(cx, x, &[axis], ReduceKind::Maximum)?;
    Ok(b.subtract(x, b.broadcast_to(max, &b.dims(x))?)?)
}

/// `e^x` along `axis`, scaled to the sum 1.
pub(crate) fn softmax(cx: &Context<'_>, x: Value, axis: usize) -> Emitted<Value> {
    let b = &cx.b;
    let e = b.exp(shift_down(cx, x, axis)?)?;
    let sum = reduce_keep(cx, e, &[axis], ReduceKind::Add)?;
    Ok(b.divide(e, b.broadcast_to(sum, &b.dims(x))?)?)
}

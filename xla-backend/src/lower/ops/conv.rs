//! Convolutions, transposed convolutions and their gradients, over one to three dimensions.
//!
//! Each is one `stablehlo.convolution`: gradients by the input are convolutions of the spread
//! output gradient with the kernel turned round, gradients by the weight are convolutions of input
//! and output gradient in which batch and features change places.

use burn_ir::TensorIr;

use super::reduce::reduce_keep;
use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{Convolution, ElementType, ReduceKind, Value};

/// What Burn's options of all ranks have in common.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) stride: Vec<usize>,
    pub(crate) padding: Vec<(usize, usize)>,
    pub(crate) dilation: Vec<usize>,
    pub(crate) groups: usize,
}

/// The convolution of `x` with `weight`, `[out, in / groups, …]`.
pub(crate) fn forward(
    cx: &Context<'_>,
    x: &TensorIr,
    weight: &TensorIr,
    bias: Option<&TensorIr>,
    options: &Options,
    out: &TensorIr,
) -> Emitted {
    let rank = options.stride.len();
    let conv = Convolution {
        stride: options.stride.clone(),
        padding: options.padding.iter().map(|&(l, h)| (l as i64, h as i64)).collect(),
        rhs_dilation: options.dilation.clone(),
        feature_groups: options.groups,
        ..Convolution::plain(rank)
    };
    let y = convolve(cx, cx.get(x)?, cx.get(weight)?, conv, &out.shape)?;
    cx.set_as(out, add_bias(cx, y, bias)?)
}

fn add_bias(cx: &Context<'_>, y: Value, bias: Option<&TensorIr>) -> Emitted<Value> {
    let b = &cx.b;
    let Some(bias) = bias else { return Ok(y) };
    let bias = b.convert(cx.get(bias)?, b.element(y))?;
    Ok(b.add(y, b.broadcast_in_dim(bias, &b.dims(y), &[1])?)?)
}

/// A convolution whose result has the shape `out`: in f32 for 16-bit floats; zeros where there is
/// nothing to sum; negative paddings cut the input beforehand.
fn convolve(
    cx: &Context<'_>,
    lhs: Value,
    rhs: Value,
    mut conv: Convolution,
    out: &[usize],
) -> Emitted<Value> {
    let b = &cx.b;
    let element = b.element(lhs);
    let wide = if element.is_half() { ElementType::F32 } else { element };
    if b.type_of(lhs).is_empty() || b.type_of(rhs).is_empty() || out.contains(&0) {
        return Ok(b.splat(0.0, wide, out)?);
    }
    let mut lhs = lhs;
    if conv.padding.iter().any(|&(low, high)| low < 0 || high < 0) {
        let none = [0, 0].into_iter();
        let low: Vec<_> = none.clone().chain(conv.padding.iter().map(|p| p.0)).collect();
        let high: Vec<_> = none.chain(conv.padding.iter().map(|p| p.1)).collect();
        let spread: Vec<_> =
            [0, 0].into_iter().chain(conv.lhs_dilation.iter().map(|&s| s - 1)).collect();
        lhs = b.pad(lhs, b.scalar(0.0, element)?, &low, &high, &spread)?;
        let rank = conv.stride.len();
        (conv.padding, conv.lhs_dilation) = (vec![(0, 0); rank], vec![1; rank]);
        if b.type_of(lhs).is_empty() {
            return Ok(b.splat(0.0, wide, out)?);
        }
    }
    Ok(b.convolution(lhs, rhs, &conv, wide)?)
}

/// The gradient by the input.
pub(crate) fn x_backward(
    cx: &Context<'_>,
    x: &TensorIr,
    weight: &TensorIr,
    grad: &TensorIr,
    options: &Options,
    out: &TensorIr,
) -> Emitted {
    let rank = options.stride.len();
    let padding = (0..rank)
        .map(|d| {
            let reach = (options.dilation[d] * (weight.shape[d + 2].max(1) - 1)) as i64;
            let low = reach - options.padding[d].0 as i64;
            let spread = (grad.shape[d + 2].max(1) - 1) * options.stride[d] + 1;
            (low, x.shape[d + 2] as i64 + reach - spread as i64 - low)
        })
        .collect();
    let y = spread_convolution(cx, grad, weight, padding, options, &out.shape)?;
    cx.set_as(out, y)
}

/// The convolution of a spread input with the kernel turned round and its features swapped.
fn spread_convolution(
    cx: &Context<'_>,
    x: &TensorIr,
    weight: &TensorIr,
    padding: Vec<(i64, i64)>,
    options: &Options,
    out: &[usize],
) -> Emitted<Value> {
    let rank = options.stride.len();
    let turns = cx.compiler.turns_kernels;
    let conv = Convolution {
        padding,
        lhs_dilation: options.stride.clone(),
        rhs_dilation: options.dilation.clone(),
        reversed: turns,
        feature_groups: options.groups,
        rhs_input_first: options.groups == 1,
        ..Convolution::plain(rank)
    };
    let mut kernel = swap_features(cx, cx.get(weight)?, options.groups)?;
    let axes: Vec<_> = (2..rank + 2).filter(|&d| weight.shape[d] > 1).collect();
    if !turns && !axes.is_empty() {
        kernel = cx.b.reverse(kernel, &axes)?;
    }
    convolve(cx, cx.get(x)?, kernel, conv, out)
}

/// `[groups * a, b, …]` to `[groups * b, a, …]`; one group is left to the dimension numbers.
fn swap_features(cx: &Context<'_>, weight: Value, groups: usize) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(weight);
    if groups <= 1 || dims.contains(&0) {
        return Ok(weight);
    }
    let (first, second) = (dims[0] / groups, dims[1]);
    let mut split = vec![groups, first, second];
    split.extend_from_slice(&dims[2..]);
    let mut order: Vec<_> = (0..split.len()).collect();
    order.swap(1, 2);
    let swapped = b.transpose(b.reshape(weight, &split)?, &order)?;
    let mut merged = vec![groups * second, first];
    merged.extend_from_slice(&dims[2..]);
    Ok(b.reshape(swapped, &merged)?)
}

/// The gradient by the weight:
/// `sum over n, p of grad[n, o, p] * x[n, i, p * stride + k * dilation - padding]` as `[o, i, k]`.
/// For a transposed convolution, `x` is the gradient of its output and `grad` its input.
pub(crate) fn weight_backward(
    cx: &Context<'_>,
    x: &TensorIr,
    grad: &TensorIr,
    options: &Options,
    out: &TensorIr,
) -> Emitted {
    let rank = options.stride.len();
    let padding = (0..rank)
        .map(|d| {
            let low = options.padding[d].0 as i64;
            let kernel = (options.dilation[d] * (out.shape[d + 2].max(1) - 1) + 1) as i64;
            let window = ((grad.shape[d + 2].max(1) - 1) * options.stride[d] + 1) as i64;
            (low, kernel + window - 1 - x.shape[d + 2] as i64 - low)
        })
        .collect();
    let conv = Convolution {
        stride: options.dilation.clone(),
        padding,
        rhs_dilation: options.stride.clone(),
        lhs_feature_first: true,
        rhs_input_first: true,
        out_feature_first: true,
        batch_groups: options.groups,
        ..Convolution::plain(rank)
    };
    let y = convolve(cx, cx.get(x)?, cx.get(grad)?, conv, &out.shape)?;
    cx.set_as(out, y)
}

/// The gradient by the bias: the sum over all but the features.
pub(crate) fn bias_backward(cx: &Context<'_>, grad: &TensorIr, out: &TensorIr) -> Emitted {
    let b = &cx.b;
    let grad = cx.get_wide(grad)?;
    let axes: Vec<_> = (0..b.rank(grad)).filter(|&d| d != 1).collect();
    let sum = reduce_keep(cx, grad, &axes, ReduceKind::Add)?;
    cx.set_as(out, b.reshape(sum, &out.shape)?)
}

/// The transposed convolution of `x` with `weight`, `[in, out / groups, …]`.
pub(crate) fn transposed(
    cx: &Context<'_>,
    x: &TensorIr,
    weight: &TensorIr,
    bias: Option<&TensorIr>,
    options: &Options,
    padding_out: &[usize],
    out: &TensorIr,
) -> Emitted {
    let padding = (0..options.stride.len())
        .map(|d| {
            let reach = (options.dilation[d] * (weight.shape[d + 2].max(1) - 1)) as i64;
            let low = reach - options.padding[d].0 as i64;
            (low, low + padding_out[d] as i64)
        })
        .collect();
    let y = spread_convolution(cx, x, weight, padding, options, &out.shape)?;
    cx.set_as(out, add_bias(cx, y, bias)?)
}

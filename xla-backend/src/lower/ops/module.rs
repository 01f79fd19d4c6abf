//! Operations of neural network modules: which file lowers which.

use burn_ir::{ModuleOperationIr, TensorIr};

use super::conv::{self, Options};
use super::pool::{self, Pool};
use super::{attention, ctc, deform, index, interpolate, norm, product};
use crate::lower::context::Context;
use crate::lower::error::Emitted;

pub(crate) fn lower(cx: &Context<'_>, op: &ModuleOperationIr) -> Emitted {
    use ModuleOperationIr as Op;
    match op {
        Op::BatchNorm(d) => norm::batch_norm(cx, d),
        Op::LayerNorm(d) => norm::layer_norm(cx, d),
        Op::Embedding(d) => {
            let y = index::take(cx, cx.get(&d.weights)?, cx.get(&d.indices)?, 0)?;
            cx.set(&d.out, y)
        }
        Op::EmbeddingBackward(d) => pool::add_rows(cx, &d.weights, &d.indices, &d.out_grad, &d.out),
        Op::Linear(d) => product::linear(cx, d),
        Op::LinearXBackward(d) => product::linear_x(cx, d),
        Op::LinearWeightBackward(d) => product::linear_weight(cx, d),
        Op::LinearBiasBackward(d) => product::linear_bias(cx, d),
        Op::Attention(d) => attention::lower(cx, d),
        Op::CtcLoss(d) => ctc::forward(cx, d),
        Op::CtcLossBackward(d) => ctc::backward(cx, d),
        Op::Interpolate(d) => interpolate::forward(cx, d),
        Op::InterpolateBackward(d) => interpolate::backward(cx, d),
        Op::DeformableConv2d(d) => deform::forward(cx, d),
        Op::DeformableConv2dBackward(d) => deform::backward(cx, d),
        Op::Conv1d(_)
        | Op::Conv1dXBackward(_)
        | Op::Conv1dWeightBackward(_)
        | Op::Conv1dBiasBackward(_)
        | Op::Conv2d(_)
        | Op::Conv2dXBackward(_)
        | Op::Conv2dWeightBackward(_)
        | Op::Conv2dBiasBackward(_)
        | Op::Conv3d(_)
        | Op::Conv3dXBackward(_)
        | Op::Conv3dWeightBackward(_)
        | Op::Conv3dBiasBackward(_) => convolution(cx, op),
        Op::ConvTranspose1d(_)
        | Op::ConvTranspose1dWeightBackward(_)
        | Op::ConvTranspose1dBiasBackward(_)
        | Op::ConvTranspose2d(_)
        | Op::ConvTranspose2dWeightBackward(_)
        | Op::ConvTranspose2dBiasBackward(_)
        | Op::ConvTranspose3d(_)
        | Op::ConvTranspose3dWeightBackward(_)
        | Op::ConvTranspose3dBiasBackward(_) => transposed_convolution(cx, op),
        _ => pooling(cx, op),
    }
}

macro_rules! conv_options {
    ($options:expr) => {
        Options {
            stride: $options.stride.to_vec(),
            padding: $options.padding.to_vec(),
            dilation: $options.dilation.to_vec(),
            groups: $options.groups,
        }
    };
}

macro_rules! symmetric_options {
    ($options:expr) => {
        Options {
            stride: $options.stride.to_vec(),
            padding: $options.padding.iter().map(|&p| (p, p)).collect(),
            dilation: $options.dilation.to_vec(),
            groups: $options.groups,
        }
    };
}

fn convolution(cx: &Context<'_>, op: &ModuleOperationIr) -> Emitted {
    use ModuleOperationIr as Op;
    macro_rules! forward {
        ($d:expr, $options:ident) => {
            conv::forward(cx, &$d.x, &$d.weight, $d.bias.as_ref(), &$options!($d.options), &$d.out)
        };
    }
    macro_rules! by_x {
        ($d:expr, $options:ident) => {
            conv::x_backward(
                cx,
                &$d.x,
                &$d.weight,
                &$d.output_grad,
                &$options!($d.options),
                &$d.out,
            )
        };
    }
    macro_rules! by_weight {
        ($d:expr, $options:ident) => {
            conv::weight_backward(cx, &$d.x, &$d.output_grad, &$options!($d.options), &$d.out)
        };
    }
    match op {
        Op::Conv1d(d) => forward!(d, conv_options),
        Op::Conv1dXBackward(d) => by_x!(d, conv_options),
        Op::Conv1dWeightBackward(d) => by_weight!(d, conv_options),
        Op::Conv1dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        Op::Conv2d(d) => forward!(d, conv_options),
        Op::Conv2dXBackward(d) => by_x!(d, conv_options),
        Op::Conv2dWeightBackward(d) => by_weight!(d, conv_options),
        Op::Conv2dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        Op::Conv3d(d) => forward!(d, symmetric_options),
        Op::Conv3dXBackward(d) => by_x!(d, symmetric_options),
        Op::Conv3dWeightBackward(d) => by_weight!(d, symmetric_options),
        Op::Conv3dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        _ => crate::lower::error::unsupported("not a convolution"),
    }
}

fn transposed_convolution(cx: &Context<'_>, op: &ModuleOperationIr) -> Emitted {
    use ModuleOperationIr as Op;
    macro_rules! forward {
        ($d:expr) => {
            conv::transposed(
                cx,
                &$d.x,
                &$d.weight,
                $d.bias.as_ref(),
                &symmetric_options!($d.options),
                &$d.options.padding_out,
                &$d.out,
            )
        };
    }
    macro_rules! by_weight {
        ($d:expr) => {
            conv::weight_backward(
                cx,
                &$d.output_grad,
                &$d.x,
                &symmetric_options!($d.options),
                &$d.out,
            )
        };
    }
    match op {
        Op::ConvTranspose1d(d) => forward!(d),
        Op::ConvTranspose1dWeightBackward(d) => by_weight!(d),
        Op::ConvTranspose1dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        Op::ConvTranspose2d(d) => forward!(d),
        Op::ConvTranspose2dWeightBackward(d) => by_weight!(d),
        Op::ConvTranspose2dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        Op::ConvTranspose3d(d) => forward!(d),
        Op::ConvTranspose3dWeightBackward(d) => by_weight!(d),
        Op::ConvTranspose3dBiasBackward(d) => conv::bias_backward(cx, &d.output_grad, &d.out),
        _ => crate::lower::error::unsupported("not a transposed convolution"),
    }
}

fn line(size: usize, stride: usize, padding: usize, dilation: usize) -> Pool {
    plane(&[size], &[stride], &[padding], &[dilation])
}

fn plane(size: &[usize], stride: &[usize], padding: &[usize], dilation: &[usize]) -> Pool {
    Pool {
        size: size.to_vec(),
        stride: stride.to_vec(),
        padding: padding.to_vec(),
        dilation: dilation.to_vec(),
    }
}

fn pooling(cx: &Context<'_>, op: &ModuleOperationIr) -> Emitted {
    use ModuleOperationIr as Op;
    let average = |x: &TensorIr, pool: Pool, include_pad: bool, out: &TensorIr| {
        pool::average(cx, x, &pool, include_pad, out)
    };
    match op {
        Op::AvgPool1d(d) => {
            let pool = line(d.kernel_size, d.stride, d.padding, 1);
            average(&d.x, pool, d.count_include_pad, &d.out)
        }
        Op::AvgPool2d(d) => {
            let pool = plane(&d.kernel_size, &d.stride, &d.padding, &[1, 1]);
            average(&d.x, pool, d.count_include_pad, &d.out)
        }
        Op::AvgPool1dBackward(d) => {
            let pool = line(d.kernel_size, d.stride, d.padding, 1);
            pool::average_backward(cx, &d.x, &d.grad, &pool, d.count_include_pad, &d.out)
        }
        Op::AvgPool2dBackward(d) => {
            let pool = plane(&d.kernel_size, &d.stride, &d.padding, &[1, 1]);
            pool::average_backward(cx, &d.x, &d.grad, &pool, d.count_include_pad, &d.out)
        }
        Op::AdaptiveAvgPool1d(d) => pool::adaptive_average(cx, &d.x, &d.out),
        Op::AdaptiveAvgPool2d(d) => pool::adaptive_average(cx, &d.x, &d.out),
        Op::AdaptiveAvgPool3d(d) => pool::adaptive_average(cx, &d.x, &d.out),
        Op::AdaptiveAvgPool1dBackward(d) => {
            pool::adaptive_average_backward(cx, &d.x, &d.grad, &d.out)
        }
        Op::AdaptiveAvgPool2dBackward(d) => {
            pool::adaptive_average_backward(cx, &d.x, &d.grad, &d.out)
        }
        Op::AdaptiveAvgPool3dBackward(d) => {
            pool::adaptive_average_backward(cx, &d.x, &d.grad, &d.out)
        }
        Op::MaxPool1d(d) => {
            let pool = line(d.kernel_size, d.stride, d.padding, d.dilation);
            pool::max(cx, &d.x, &pool, &d.out)
        }
        Op::MaxPool2d(d) => {
            let pool = plane(&d.kernel_size, &d.stride, &d.padding, &d.dilation);
            pool::max(cx, &d.x, &pool, &d.out)
        }
        Op::MaxPool1dWithIndices(d) => {
            let pool = line(d.kernel_size, d.stride, d.padding, d.dilation);
            pool::max_with_indices(cx, &d.x, &pool, &d.out, &d.out_indices)
        }
        Op::MaxPool2dWithIndices(d) => {
            let pool = plane(&d.kernel_size, &d.stride, &d.padding, &d.dilation);
            pool::max_with_indices(cx, &d.x, &pool, &d.out, &d.out_indices)
        }
        Op::MaxPool1dWithIndicesBackward(d) => pool::max_backward(cx, &d.grad, &d.indices, &d.out),
        Op::MaxPool2dWithIndicesBackward(d) => pool::max_backward(cx, &d.grad, &d.indices, &d.out),
        Op::Unfold4d(d) => {
            let (stride, padding) = (&d.options.stride, &d.options.padding);
            let pool = plane(&d.kernel_size, stride, padding, &d.options.dilation);
            pool::columns(cx, &d.x, &pool, &d.out)
        }
        _ => crate::lower::error::unsupported("not a pooling"),
    }
}

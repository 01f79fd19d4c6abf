//! Normalisation layers.

use burn_ir::{BatchNormOpIr, LayerNormOpIr};

use super::reduce::reduce_keep;
use crate::lower::context::{Context, float};
use crate::lower::error::Emitted;
use crate::lower::kernel::RMS_NORM;
use crate::lower::passes::rms_norm::Rms;
use crate::stablehlo::{ElementType, ReduceKind, TensorType, UnaryKind, Value};

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` over the last dimension, in f32 for
/// 16-bit floats.
pub(crate) fn layer_norm(cx: &Context<'_>, d: &LayerNormOpIr) -> Emitted {
    let b = &cx.b;
    let x = cx.get_wide(&d.input)?;
    let dims = b.dims(x);
    let Some(axis) = dims.len().checked_sub(1) else {
        return crate::lower::error::unsupported("layer norm needs a dimension");
    };
    if dims.contains(&0) {
        return cx.set_as(&d.out, x);
    }
    let mean = |v: Value| -> Emitted<Value> {
        let sum = reduce_keep(cx, v, &[axis], ReduceKind::Add)?;
        Ok(b.multiply(sum, b.splat_like(1.0 / dims[axis] as f64, sum)?)?)
    };
    let centred = b.subtract(x, b.broadcast_to(mean(x)?, &dims)?)?;
    let variance = mean(b.multiply(centred, centred)?)?;
    let epsilon = b.splat_like(float(d.epsilon), variance)?;
    let scale = b.unary(UnaryKind::Rsqrt, b.add(variance, epsilon)?)?;
    let gamma = b.broadcast_to(cx.get_wide(&d.gamma)?, &dims)?;
    let scaled = b.multiply(b.multiply(centred, b.broadcast_to(scale, &dims)?)?, gamma)?;
    let y = match &d.beta {
        Some(beta) => b.add(scaled, b.broadcast_to(cx.get_wide(beta)?, &dims)?)?,
        None => scaled,
    };
    cx.set_as(&d.out, y)
}

/// The norm of rows by its kernel.
pub(crate) fn rms_by_kernel(cx: &Context<'_>, norm: &Rms<'_>) -> Emitted {
    let (b, width) = (&cx.b, norm.scale.shape.num_elements());
    let x = cx.get(norm.x)?;
    let rows = b.reshape(x, &[b.type_of(x).len() / width, width])?;
    let epsilon = b.splat(norm.epsilon, ElementType::F32, &[])?;
    let scale = b.reshape(cx.get(norm.scale)?, &[width])?;
    let result = TensorType::clone(&b.type_of(rows));
    let y = b.custom_call(RMS_NORM, &[epsilon, rows, scale], &[result])?[0];
    cx.set(norm.out, b.reshape(y, &norm.out.shape)?)
}

/// Batch norm with given statistics, per element of dimension 1; in the type of the tensor, as Burn
/// has it.
pub(crate) fn batch_norm(cx: &Context<'_>, d: &BatchNormOpIr) -> Emitted {
    let b = &cx.b;
    let x = cx.get(&d.x)?;
    let dims = b.dims(x);
    let spread = |v: Value| b.broadcast_in_dim(v, &dims, &[1]);
    let variance = cx.get(&d.variance)?;
    let deviation =
        b.unary(UnaryKind::Sqrt, b.add(variance, b.splat_like(float(d.epsilon), variance)?)?)?;
    let centred = b.subtract(x, spread(cx.get(&d.mean)?)?)?;
    let scaled = b.multiply(b.divide(centred, spread(deviation)?)?, spread(cx.get(&d.gamma)?)?)?;
    cx.set_as(&d.out, b.add(scaled, spread(cx.get(&d.beta)?)?)?)
}

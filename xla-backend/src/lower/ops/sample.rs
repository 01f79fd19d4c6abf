//! Reading pixels at computed places, as grid sampling and deformable convolutions do.

use super::cast::cast;
use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, ElementType, GatherDims, Value};

/// Images, flat, and what is read outside of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points {
    /// `[batch, channels, height * width]`.
    pub(crate) image: Value,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Whether places outside read the border instead of zeros.
    pub(crate) clamped: bool,
}

/// The pixels at whole coordinates `[batch, points]`, as `[batch, points, channels]`, and the flat
/// index of each, moved into the image; where there is none and zeros are read, -1.
pub(crate) fn read(cx: &Context<'_>, from: &Points, y: Value, x: Value) -> Emitted<(Value, Value)> {
    let b = &cx.b;
    let dims = b.dims(from.image);
    let (row, column) = (as_index(cx, y)?, as_index(cx, x)?);
    let c = |value: usize| b.splat_int(value as i128, ElementType::I32, &b.dims(row));
    let limit = |v: Value, size: usize| -> Emitted<Value> {
        let (low, high) = (
            b.splat_int(0, ElementType::I32, &[])?,
            b.splat_int(size as i128 - 1, ElementType::I32, &[])?,
        );
        Ok(b.clamp(low, v, high)?)
    };
    let (inner_row, inner_column) = (limit(row, from.height)?, limit(column, from.width)?);
    let flat = b.add(b.multiply(inner_row, c(from.width)?)?, inner_column)?;
    let points = b.dims(flat)[1];
    let gather = GatherDims {
        offset: vec![2],
        collapsed: vec![2],
        operand_batching: vec![0],
        indices_batching: vec![0],
        index_map: vec![2],
    };
    let indices = b.reshape(flat, &[dims[0], points, 1])?;
    let pixels = b.gather(from.image, indices, &gather, &[1, dims[1], 1])?;
    if from.clamped {
        return Ok((pixels, flat));
    }
    let there = b.and(
        b.compare(Comparison::Equal, row, inner_row)?,
        b.compare(Comparison::Equal, column, inner_column)?,
    )?;
    let flat = b.select(there, flat, b.splat_int(-1, ElementType::I32, &b.dims(flat))?)?;
    let mask = b.broadcast_in_dim(there, &b.dims(pixels), &[0, 1])?;
    Ok((b.select(mask, pixels, b.splat_like(0.0, pixels)?)?, flat))
}

/// Rounded coordinates as indices: saturating, NaN to 0.
pub(crate) fn as_index(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    cast(cx, x, ElementType::I32)
}

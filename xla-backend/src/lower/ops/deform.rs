//! Deformable convolution: each element of the kernel reads at its own, computed point.
//!
//! `b` batch, `og` groups of offsets with `c` channels each, `k` elements of the kernel, `p` places
//! of the result; `g` groups of weights with `i` input and `o` output channels each.

use burn_ir::{DeformConv2dBackwardOpIr, DeformConv2dOpIr, DeformableConv2dOptionsIr, TensorIr};

use super::conv;
use super::sample::{Points, read};
use crate::lower::context::Context;
use crate::lower::error::{Emitted, Fault, unsupported};
use crate::stablehlo::{
    BinaryKind, Comparison, DotDims, ElementType, ReduceKind, ScatterDims, UnaryKind, Value,
};

/// Sizes, and the four pixels around each point that is read.
struct Reads {
    batch: usize,
    groups: usize,
    channels: usize,
    kernel: usize,
    places: usize,
    /// Pixels `[b * og, k * p, c]`, their flat index and their weight by row and by column.
    corners: Vec<Corner>,
    /// `[b * og, k * p]`: whether the point is in reach of the image.
    inside: Value,
}

struct Corner {
    pixels: Value,
    index: Value,
    by_row: Value,
    by_column: Value,
    /// Whether this is the upper, and the left one.
    upper: bool,
    left: bool,
}

/// Reads of an input `[b, og * c, h, w]` at offsets `[b, og * k * 2, oh, ow]`.
fn reads(
    cx: &Context<'_>,
    x: &TensorIr,
    offset: &TensorIr,
    weight: &TensorIr,
    options: &DeformableConv2dOptionsIr,
) -> Emitted<Reads> {
    let b = &cx.b;
    let (&[batch, features, height, width], &[_, _, rows, columns], &[_, _, kh, kw]) =
        (&x.shape[..], &offset.shape[..], &weight.shape[..])
    else {
        return unsupported("a deformable convolution has four dimensions");
    };
    let groups = options.offset_groups.max(1);
    let (channels, kernel, places) = (features / groups, kh * kw, rows * columns);
    let image = b.reshape(cx.get_wide(x)?, &[batch * groups, channels, height * width])?;
    let element = b.element(image);
    let split = [batch * groups, kernel, 2, rows, columns];
    let offsets = b.reshape(cx.get_wide(offset)?, &split)?;
    let grid = [batch * groups, kernel, rows, columns];
    let at = |axis: usize| -> Emitted<Value> {
        let offset = b.reshape(b.slice_dim(offsets, 2, axis, 1)?, &grid)?;
        let (count, inner) = ([rows, columns][axis], [kh, kw][axis]);
        let start: Vec<_> = (0..count)
            .map(|o| (o * options.stride[axis]) as f64 - options.padding[axis] as f64)
            .collect();
        let within: Vec<_> = (0..kernel)
            .map(|k| if axis == 0 { k / kw.max(1) } else { k % inner.max(1) })
            .map(|k| (k * options.dilation[axis]) as f64)
            .collect();
        let start = b.floats(&start, element, &[count])?;
        let start = b.broadcast_in_dim(start, &grid, &[2 + axis])?;
        let within = b.broadcast_in_dim(b.floats(&within, element, &[kernel])?, &grid, &[1])?;
        let place = b.add(b.add(start, within)?, offset)?;
        Ok(b.reshape(place, &[batch * groups, kernel * places])?)
    };
    let (h, w) = (at(0)?, at(1)?);
    let from = Points { image, height, width, clamped: false };
    let c = |value: f64| b.splat_like(value, h);
    let (low, column_low) = (b.unary(UnaryKind::Floor, h)?, b.unary(UnaryKind::Floor, w)?);
    let (lower, right) = (b.subtract(h, low)?, b.subtract(w, column_low)?);
    let (upper, left) = (b.subtract(c(1.0)?, lower)?, b.subtract(c(1.0)?, right)?);
    let mut corners = Vec::new();
    for (is_upper, is_left) in [(true, true), (true, false), (false, true), (false, false)] {
        let row = if is_upper { low } else { b.add(low, c(1.0)?)? };
        let column = if is_left { column_low } else { b.add(column_low, c(1.0)?)? };
        let (pixels, index) = read(cx, &from, row, column)?;
        corners.push(Corner {
            pixels,
            index,
            by_row: if is_upper { upper } else { lower },
            by_column: if is_left { left } else { right },
            upper: is_upper,
            left: is_left,
        });
    }
    let beyond = |v: Value, size: usize| -> Emitted<Value> {
        let above = b.compare(Comparison::LessEqual, v, c(-1.0)?)?;
        Ok(b.or(above, b.compare(Comparison::GreaterEqual, v, c(size as f64)?)?)?)
    };
    let outside = b.or(beyond(h, height)?, beyond(w, width)?)?;
    let inside = b.unary(UnaryKind::Not, outside)?;
    Ok(Reads { batch, groups, channels, kernel, places, corners, inside })
}

impl Reads {
    fn dims(&self) -> [usize; 3] {
        [self.batch * self.groups, self.kernel * self.places, self.channels]
    }

    /// A value per point, for each channel; zero where nothing is read.
    fn spread(&self, cx: &Context<'_>, v: Value) -> Emitted<Value> {
        let b = &cx.b;
        let v = b.select(self.inside, v, b.splat_like(0.0, v)?)?;
        Ok(b.broadcast_in_dim(v, &self.dims(), &[0, 1])?)
    }

    /// The interpolated pixels `[b * og, k * p, c]`.
    fn values(&self, cx: &Context<'_>) -> Emitted<Value> {
        self.combine(cx, |b, corner| b.multiply(corner.by_row, corner.by_column))
    }

    fn combine(
        &self,
        cx: &Context<'_>,
        weight: impl Fn(
            &crate::stablehlo::Builder,
            &Corner,
        ) -> Result<Value, crate::stablehlo::BuildError>,
    ) -> Emitted<Value> {
        let b = &cx.b;
        let element = self.corners.first().map_or(ElementType::F32, |c| b.element(c.pixels));
        let mut sum = b.splat(0.0, element, &self.dims())?;
        for corner in &self.corners {
            let weight = self.spread(cx, weight(b, corner)?)?;
            sum = b.add(sum, b.multiply(corner.pixels, weight)?)?;
        }
        Ok(sum)
    }

    /// The mask `[b, og * k, oh, ow]` as `[b * og, k * p, c]`.
    fn mask(&self, cx: &Context<'_>, mask: &TensorIr) -> Emitted<Value> {
        let b = &cx.b;
        let [images, points, _] = self.dims();
        let mask = b.reshape(cx.get_wide(mask)?, &[images, points])?;
        Ok(b.broadcast_in_dim(mask, &self.dims(), &[0, 1])?)
    }

    /// `[b * og, k * p, c]` as `[b, g, i, k, p]`.
    fn columns(&self, cx: &Context<'_>, v: Value, groups: usize) -> Emitted<Value> {
        let b = &cx.b;
        let split = [self.batch, self.groups, self.kernel, self.places, self.channels];
        let v = b.transpose(b.reshape(v, &split)?, &[0, 1, 4, 2, 3])?;
        let features = self.groups * self.channels / groups;
        Ok(b.reshape(v, &[self.batch, groups, features, self.kernel, self.places])?)
    }
}

pub(crate) fn forward(cx: &Context<'_>, d: &DeformConv2dOpIr) -> Emitted {
    let b = &cx.b;
    let weight = cx.get_wide(&d.weight)?;
    if [&d.x, &d.weight, &d.out].iter().any(|t| t.shape.contains(&0)) {
        return cx.set_as(&d.out, b.splat(0.0, b.element(weight), &d.out.shape)?);
    }
    let reads = reads(cx, &d.x, &d.offset, &d.weight, &d.options)?;
    let mut values = reads.values(cx)?;
    if let Some(mask) = &d.mask {
        values = b.multiply(values, reads.mask(cx, mask)?)?;
    }
    let groups = d.options.weight_groups.max(1);
    let columns = reads.columns(cx, values, groups)?;
    let (out, inner) = (d.weight.shape[0] / groups, d.weight.shape[1]);
    let weight = b.reshape(weight, &[groups, out, inner, reads.kernel])?;
    // [g, o, i, k] by [b, g, i, k, p] gives [g, o, b, p].
    let dims = DotDims {
        lhs_batch: vec![0],
        rhs_batch: vec![1],
        lhs_contract: vec![2, 3],
        rhs_contract: vec![2, 3],
    };
    let y = b.dot_general(weight, columns, &dims, b.element(weight))?;
    let y = b.reshape(b.transpose(y, &[2, 0, 1, 3])?, &d.out.shape)?;
    let y = match &d.bias {
        Some(bias) => b.add(y, b.broadcast_in_dim(cx.get_wide(bias)?, &d.out.shape, &[1])?)?,
        None => y,
    };
    cx.set_as(&d.out, y)
}

pub(crate) fn backward(cx: &Context<'_>, d: &DeformConv2dBackwardOpIr) -> Emitted {
    let b = &cx.b;
    if let (Some(_), Some(out)) = (&d.bias, &d.bias_grad) {
        conv::bias_backward(cx, &d.out_grad, out)?;
    }
    let weight = cx.get_wide(&d.weight)?;
    let element = b.element(weight);
    let zero = |out: &TensorIr| cx.set_as(out, b.splat(0.0, element, &out.shape)?);
    if [&d.x, &d.weight, &d.out_grad].iter().any(|t| t.shape.contains(&0)) {
        zero(&d.input_grad)?;
        zero(&d.offset_grad)?;
        zero(&d.weight_grad)?;
        return d.mask_grad.as_ref().map_or(Ok(()), zero);
    }
    let reads = reads(cx, &d.x, &d.offset, &d.weight, &d.options)?;
    let groups = d.options.weight_groups.max(1);
    let (out, inner) = (d.weight.shape[0] / groups, d.weight.shape[1]);
    let values = reads.values(cx)?;
    let mask = d.mask.as_ref().map(|mask| reads.mask(cx, mask)).transpose()?;
    let masked = mask.map_or(Ok(values), |mask| b.multiply(values, mask))?;
    let grad = b.reshape(cx.get_wide(&d.out_grad)?, &[reads.batch, groups, out, reads.places])?;

    // [b, g, o, p] by [b, g, i, k, p] gives [g, o, i, k].
    let columns = reads.columns(cx, masked, groups)?;
    let dims = DotDims {
        lhs_batch: vec![1],
        rhs_batch: vec![1],
        lhs_contract: vec![0, 3],
        rhs_contract: vec![0, 4],
    };
    let by_weight = b.dot_general(grad, columns, &dims, element)?;
    cx.set_as(&d.weight_grad, b.reshape(by_weight, &d.weight_grad.shape)?)?;

    // [g, o, i, k] by [b, g, o, p] gives [g, i, k, b, p]: the gradient of the columns.
    let kernel = b.reshape(weight, &[groups, out, inner, reads.kernel])?;
    let dims = DotDims {
        lhs_batch: vec![0],
        rhs_batch: vec![1],
        lhs_contract: vec![1],
        rhs_contract: vec![2],
    };
    let by_column = b.dot_general(kernel, grad, &dims, element)?;
    let by_column = b.transpose(by_column, &[3, 0, 1, 2, 4])?;
    let split = [reads.batch, reads.groups, reads.channels, reads.kernel, reads.places];
    let by_column = b.transpose(b.reshape(by_column, &split)?, &[0, 1, 3, 4, 2])?;
    let by_column = b.reshape(by_column, &reads.dims())?;

    if let Some(out) = &d.mask_grad {
        let sum = over_channels(cx, b.multiply(by_column, values)?)?;
        cx.set_as(out, b.reshape(sum, &out.shape)?)?;
    }
    let by_value = mask.map_or(Ok(by_column), |mask| b.multiply(by_column, mask))?;
    offset_gradient(cx, d, &reads, by_value)?;
    input_gradient(cx, d, &reads, by_value)
}

fn over_channels(cx: &Context<'_>, v: Value) -> Emitted<Value> {
    let zero = cx.b.scalar(0.0, cx.b.element(v))?;
    Ok(cx.b.reduce(v, zero, &[2], ReduceKind::Add)?)
}

/// How much the read pixels change with the point, by row and by column.
fn offset_gradient(
    cx: &Context<'_>,
    d: &DeformConv2dBackwardOpIr,
    reads: &Reads,
    by_value: Value,
) -> Emitted {
    let b = &cx.b;
    let signed = |v: Value, minus: bool| if minus { b.negate(v) } else { Ok(v) };
    let by_row = reads.combine(cx, |_, c| signed(c.by_column, c.upper))?;
    let by_column = reads.combine(cx, |_, c| signed(c.by_row, c.left))?;
    let [images, _, _] = reads.dims();
    let part = |slope: Value| -> Emitted<Value> {
        let sum = over_channels(cx, b.multiply(by_value, slope)?)?;
        Ok(b.reshape(sum, &[images, reads.kernel, 1, reads.places])?)
    };
    let both = b.concatenate(&[part(by_row)?, part(by_column)?], 2)?;
    cx.set_as(&d.offset_grad, b.reshape(both, &d.offset_grad.shape)?)
}

/// Each pixel gets what the places that read it got, by the weight of the reading.
fn input_gradient(
    cx: &Context<'_>,
    d: &DeformConv2dBackwardOpIr,
    reads: &Reads,
    by_value: Value,
) -> Emitted {
    let b = &cx.b;
    let [images, points, channels] = reads.dims();
    let pixels: usize = d.x.shape[2..].iter().product();
    let mut sum = b.splat(0.0, b.element(by_value), &[images, pixels, channels])?;
    let image = b.iota(ElementType::I32, &[images, points, 1], 0)?;
    let dims = ScatterDims {
        window: vec![2],
        inserted: vec![0, 1],
        index_map: vec![0, 1],
        ..ScatterDims::default()
    };
    for corner in &reads.corners {
        let weight = b.binary(BinaryKind::Multiply, corner.by_row, corner.by_column)?;
        let share = b.multiply(by_value, reads.spread(cx, weight)?)?;
        // Pixels that are not there have the index -1, which a scatter leaves out.
        let at = b.concatenate(&[image, b.reshape(corner.index, &[images, points, 1])?], 2)?;
        sum = b.scatter::<Fault>(sum, at, share, &dims, |b, old, new| Ok(b.add(old, new)?))?;
    }
    let sum = b.transpose(sum, &[0, 2, 1])?;
    cx.set_as(&d.input_grad, b.reshape(sum, &d.input_grad.shape)?)
}

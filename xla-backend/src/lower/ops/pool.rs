//! Pooling over one to three dimensions, plain and adaptive, with gradients.

use burn_backend::tensor::IndexingUpdateOp;
use burn_ir::TensorIr;

use super::index::take;
use super::reduce::{identity, reduce_keep, with_nan};
use super::resample::{Taps, gather_taps, scatter_taps};
use crate::lower::context::Context;
use crate::lower::error::{Emitted, Fault};
use crate::stablehlo::{Comparison, ElementType, ReduceKind, ScatterDims, Value, Window};

/// The windows of a pooling, per spatial dimension.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) size: Vec<usize>,
    pub(crate) stride: Vec<usize>,
    pub(crate) padding: Vec<usize>,
    pub(crate) dilation: Vec<usize>,
}

impl Pool {
    fn rank(&self) -> usize {
        self.size.len()
    }

    /// Elements from the first to the last of a window.
    fn reach(&self, d: usize) -> usize {
        self.dilation[d] * (self.size[d] - 1) + 1
    }

    /// The padding after the input that `out` windows need.
    fn high(&self, d: usize, input: usize, out: usize) -> i64 {
        let last = out.saturating_sub(1) * self.stride[d] + self.reach(d);
        last as i64 - input as i64 - self.padding[d] as i64
    }

    fn window(&self, input: &[usize], out: &[usize]) -> Window {
        let mut window = Window::unit(input.len());
        for d in 0..self.rank() {
            window.size[d + 2] = self.size[d];
            window.stride[d + 2] = self.stride[d];
            window.dilation[d + 2] = self.dilation[d];
            let high = self.high(d, input[d + 2], out[d + 2]).max(0) as usize;
            window.padding[d + 2] = (self.padding[d], high);
        }
        window
    }
}

/// Combines the elements of each window.
fn windowed(cx: &Context<'_>, x: Value, window: &Window, kind: ReduceKind) -> Emitted<Value> {
    let b = &cx.b;
    let reduced = |x: Value, kind: ReduceKind| -> Emitted<Value> {
        let init = identity(cx, kind, b.element(x))?;
        let y = b.reduce_window::<Fault>(&[x], &[init], window, |b, acc, new| {
            Ok(vec![kind.combine(b, acc[0], new[0])?])
        })?;
        Ok(y[0])
    };
    with_nan(cx, x, kind, reduced)
}

pub(crate) fn max(cx: &Context<'_>, x: &TensorIr, pool: &Pool, out: &TensorIr) -> Emitted {
    let value = cx.get(x)?;
    if out.shape.contains(&0) || x.shape.contains(&0) {
        let lowest = cx.b.splat(f64::NEG_INFINITY, cx.b.element(value), &out.shape)?;
        return cx.set(out, lowest);
    }
    let window = pool.window(&x.shape, &out.shape);
    cx.set(out, windowed(cx, value, &window, ReduceKind::Maximum)?)
}

/// The maxima, and where in the flat image they are: the first of equals, the last NaN; -1 where a
/// window holds padding alone.
///
/// Windows are put together from smaller ones, dimension by dimension: a window of `k` elements out of two
/// overlapping ones of `p`, where `p` is the largest power of two below `k`. So a program has as many steps
/// as the logarithm of the window says.
pub(crate) fn max_with_indices(
    cx: &Context<'_>,
    x: &TensorIr,
    pool: &Pool,
    out: &TensorIr,
    indices: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let value = cx.get(x)?;
    if out.shape.contains(&0) || x.shape.contains(&0) {
        cx.set(out, b.splat(f64::NEG_INFINITY, b.element(value), &out.shape)?)?;
        return cx.set_as(indices, b.splat(-1.0, ElementType::I32, &out.shape)?);
    }
    let (rank, dims) = (pool.rank(), b.dims(value));
    let flat = b.iota(ElementType::I32, &[dims[2..].iter().product()], 0)?;
    let flat = b.broadcast_to(b.reshape(flat, &dims[2..])?, &dims)?;
    let padded = |v: Value, fill: f64| -> Emitted<Value> {
        let (mut low, mut high) = (vec![0, 0], vec![0, 0]);
        for d in 0..rank {
            low.push(pool.padding[d] as i64);
            high.push(pool.high(d, dims[d + 2], out.shape[d + 2]).max(0));
        }
        let fill = b.scalar(fill, b.element(v))?;
        Ok(b.pad(v, fill, &low, &high, &vec![0; rank + 2])?)
    };
    let mut best = Found { value: padded(value, f64::NEG_INFINITY)?, at: padded(flat, -1.0)? };
    for d in (0..rank).rev() {
        let (axis, size, dilation) = (d + 2, pool.size[d], pool.dilation[d]);
        let (mut covered, mut length) = (1, b.dims(best.value)[axis]);
        while 2 * covered < size {
            length -= covered * dilation;
            let parts = [0, covered * dilation];
            let [first, second] = parts.map(|from| best.slice(cx, axis, from, length, 1));
            best = first?.or(cx, second?)?;
            covered *= 2;
        }
        let slice = |from| best.slice(cx, axis, from, out.shape[axis], pool.stride[d]);
        let first = slice(0)?;
        best = match size {
            1 => first,
            _ => first.or(cx, slice((size - covered) * dilation)?)?,
        };
    }
    cx.set(out, best.value)?;
    cx.set_places(indices, best.at, x.shape[2..].iter().product())
}

/// The largest elements of windows, and where they are; -1 for padding.
#[derive(Clone, Copy)]
struct Found {
    value: Value,
    at: Value,
}

impl Found {
    /// Every `stride`th of the windows from `from` on along an axis.
    fn slice(
        self,
        cx: &Context<'_>,
        axis: usize,
        from: usize,
        count: usize,
        stride: usize,
    ) -> Emitted<Self> {
        let mut ranges: Vec<_> = cx.b.dims(self.value).iter().map(|&n| (0, n, 1)).collect();
        ranges[axis] = (from, from + (count - 1) * stride + 1, stride);
        Ok(Self { value: cx.b.slice(self.value, &ranges)?, at: cx.b.slice(self.at, &ranges)? })
    }

    /// What is found in these windows and in later ones, which may overlap them.
    fn or(self, cx: &Context<'_>, later: Self) -> Emitted<Self> {
        let b = &cx.b;
        let zero = b.splat_like(0.0, self.at)?;
        let none = b.compare(Comparison::Less, self.at, zero)?;
        let larger = b.compare(Comparison::Greater, later.value, self.value)?;
        let better = b.or(b.or(none, larger)?, b.is_nan(later.value)?)?;
        let there = b.compare(Comparison::GreaterEqual, later.at, zero)?;
        let take = b.and(there, better)?;
        let value = b.select(take, later.value, self.value)?;
        Ok(Self { value, at: b.select(take, later.at, self.at)? })
    }
}

/// Adds each gradient to the element that its index names.
pub(crate) fn max_backward(
    cx: &Context<'_>,
    grad: &TensorIr,
    indices: &TensorIr,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let grads = cx.get_wide(grad)?;
    let images: usize = out.shape[..2].iter().product();
    let pixels: usize = out.shape[2..].iter().product();
    let count: usize = grad.shape[2..].iter().product();
    let zero = b.splat(0.0, b.element(grads), &[images, pixels])?;
    if images * pixels * count == 0 {
        return cx.set_as(out, b.reshape(zero, &out.shape)?);
    }
    let at = b.reshape(b.convert(cx.get(indices)?, ElementType::I32)?, &[images, count, 1])?;
    let image = b.iota(ElementType::I32, &[images, count, 1], 0)?;
    let at = b.concatenate(&[image, at], 2)?;
    let dims =
        ScatterDims { inserted: vec![0, 1], index_map: vec![0, 1], ..ScatterDims::default() };
    let grads = b.reshape(grads, &[images, count])?;
    let y = b.scatter::<Fault>(zero, at, grads, &dims, |b, old, new| Ok(b.add(old, new)?))?;
    cx.set_as(out, b.reshape(y, &out.shape)?)
}

pub(crate) fn average(
    cx: &Context<'_>,
    x: &TensorIr,
    pool: &Pool,
    include_pad: bool,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let value = cx.get_wide(x)?;
    if out.shape.contains(&0) || x.shape.contains(&0) {
        return cx.set_as(out, b.splat(0.0, b.element(value), &out.shape)?);
    }
    let window = pool.window(&x.shape, &out.shape);
    let sum = windowed(cx, value, &window, ReduceKind::Add)?;
    let counts = counts(cx, pool, &x.shape, &out.shape, include_pad, b.element(sum))?;
    cx.set_as(out, b.divide(sum, counts)?)
}

/// What each window is divided by: its elements, or its elements and paddings.
fn counts(
    cx: &Context<'_>,
    pool: &Pool,
    input: &[usize],
    out: &[usize],
    include_pad: bool,
    element: ElementType,
) -> Emitted<Value> {
    let b = &cx.b;
    let mut counts = b.splat(1.0, element, out)?;
    for d in 0..pool.rank() {
        let (size, padding) = (input[d + 2] as i64, pool.padding[d] as i64);
        let kernel = pool.size[d] as i64;
        let count = |o: usize| {
            let start = (o * pool.stride[d]) as i64;
            let end = size + padding - start;
            if include_pad {
                (end + padding).clamp(0, kernel)
            } else {
                let first = (padding - start).clamp(0, kernel);
                end.clamp(0, kernel).max(first) - first
            }
        };
        let axis: Vec<_> = (0..out[d + 2]).map(|o| count(o) as f64).collect();
        let axis = b.floats(&axis, element, &[out[d + 2]])?;
        counts = b.multiply(counts, b.broadcast_in_dim(axis, out, &[d + 2])?)?;
    }
    Ok(b.maximum(counts, b.splat(1.0, element, out)?)?)
}

/// Gives each element the sum of what the windows over it got: a sum over windows of the spread
/// gradient.
pub(crate) fn average_backward(
    cx: &Context<'_>,
    x: &TensorIr,
    grad: &TensorIr,
    pool: &Pool,
    include_pad: bool,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let grads = cx.get_wide(grad)?;
    let element = b.element(grads);
    if grad.shape.contains(&0) || x.shape.contains(&0) {
        return cx.set_as(out, b.splat(0.0, element, &out.shape)?);
    }
    let share = b.divide(grads, counts(cx, pool, &x.shape, &grad.shape, include_pad, element)?)?;
    let (mut low, mut high, mut between) = (vec![0, 0], vec![0, 0], vec![0, 0]);
    let mut window = Window::unit(pool.rank() + 2);
    for d in 0..pool.rank() {
        let before = pool.size[d] as i64 - 1 - pool.padding[d] as i64;
        let spread = (grad.shape[d + 2] - 1) * pool.stride[d] + 1;
        low.push(before);
        high.push(x.shape[d + 2] as i64 + pool.size[d] as i64 - 1 - spread as i64 - before);
        between.push(pool.stride[d] - 1);
        window.size[d + 2] = pool.size[d];
    }
    let spread = b.pad(share, b.scalar(0.0, element)?, &low, &high, &between)?;
    let y = windowed(cx, spread, &window, ReduceKind::Add)?;
    cx.set_as(out, y)
}

/// The elements that each of `out` adaptive windows over `size` averages.
fn adaptive(size: usize, out: usize) -> Taps {
    (0..out)
        .map(|o| {
            let start = o * size / out;
            let end = ((o + 1) * size).div_ceil(out);
            (start..end).map(|i| (i, 1.0)).collect()
        })
        .collect()
}

/// One over the number of elements of each adaptive window.
fn shares(cx: &Context<'_>, x: Value, axis: usize, taps: &Taps) -> Emitted<Value> {
    let b = &cx.b;
    let counts: Vec<_> = taps.iter().map(|row| row.len().max(1) as f64).collect();
    let counts = b.floats(&counts, b.element(x), &[taps.len()])?;
    Ok(b.divide(x, b.broadcast_in_dim(counts, &b.dims(x), &[axis])?)?)
}

pub(crate) fn adaptive_average(cx: &Context<'_>, x: &TensorIr, out: &TensorIr) -> Emitted {
    let b = &cx.b;
    let mut y = cx.get_wide(x)?;
    if out.shape.contains(&0) || x.shape.contains(&0) {
        return cx.set_as(out, b.splat(0.0, b.element(y), &out.shape)?);
    }
    for axis in 2..b.rank(y) {
        let (size, count) = (x.shape[axis], out.shape[axis]);
        if size == count {
            continue;
        }
        let taps = adaptive(size, count);
        y = if size % count == 0 {
            let mut split = b.dims(y);
            split.splice(axis..=axis, [count, size / count]);
            let sum = reduce_keep(cx, b.reshape(y, &split)?, &[axis + 1], ReduceKind::Add)?;
            split.remove(axis + 1);
            b.reshape(sum, &split)?
        } else {
            gather_taps(cx, y, axis, &taps)?
        };
        y = shares(cx, y, axis, &taps)?;
    }
    cx.set_as(out, y)
}

pub(crate) fn adaptive_average_backward(
    cx: &Context<'_>,
    x: &TensorIr,
    grad: &TensorIr,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let mut y = cx.get_wide(grad)?;
    if grad.shape.contains(&0) || x.shape.contains(&0) {
        return cx.set_as(out, b.splat(0.0, b.element(y), &out.shape)?);
    }
    for axis in 2..b.rank(y) {
        let taps = adaptive(x.shape[axis], grad.shape[axis]);
        y = shares(cx, y, axis, &taps)?;
        y = scatter_taps(cx, y, axis, x.shape[axis], &taps)?;
    }
    cx.set_as(out, y)
}

/// The windows of an image as columns, `[batch, features * window, windows]`.
pub(crate) fn columns(cx: &Context<'_>, x: &TensorIr, pool: &Pool, out: &TensorIr) -> Emitted {
    let b = &cx.b;
    let value = cx.get(x)?;
    if out.shape.contains(&0) {
        return cx.set(out, b.splat(0.0, b.element(value), &out.shape)?);
    }
    let padding: Vec<_> =
        [0, 0].into_iter().chain(pool.padding.iter().map(|&p| p as i64)).collect();
    let zero = b.scalar(0.0, b.element(value))?;
    let mut y = b.pad(value, zero, &padding, &padding, &vec![0; padding.len()])?;
    // Each spatial dimension becomes (window, element), the last one first.
    for d in (0..pool.rank()).rev() {
        let size = b.dims(y)[d + 2];
        let windows = (size - pool.reach(d)) / pool.stride[d] + 1;
        let at = super::index::affine(cx, windows, pool.size[d], pool.stride[d], pool.dilation[d])?;
        y = take(cx, y, at, d + 2)?;
    }
    let rank = pool.rank();
    let mut order = vec![0, 1];
    order.extend((0..rank).map(|d| 3 + 2 * d));
    order.extend((0..rank).map(|d| 2 + 2 * d));
    cx.set(out, b.reshape(b.transpose(y, &order)?, &out.shape)?)
}

/// The sum of gradients of embeddings per row of the table.
pub(crate) fn add_rows(
    cx: &Context<'_>,
    table: &TensorIr,
    indices: &TensorIr,
    grad: &TensorIr,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let count: usize = indices.shape.iter().product();
    let width = table.shape.get(1).copied().unwrap_or(1);
    let grads = b.reshape(cx.get(grad)?, &[count, width])?;
    let at = b.reshape(cx.get(indices)?, &[count])?;
    let zero = b.splat(0.0, b.element(grads), &table.shape)?;
    let y = super::index::write_slices(cx, zero, at, grads, 0, IndexingUpdateOp::Add)?;
    cx.set(out, y)
}

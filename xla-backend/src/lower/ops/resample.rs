//! Weighted sums of a few elements along an axis: interpolation and adaptive pooling.

use burn_backend::tensor::IndexingUpdateOp;

use super::index::{take, write_slices};
use super::reduce::identity;
use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{ElementType, ReduceKind, Value};

/// For each element of the result the elements it is made of, with their weights.
pub(crate) type Taps = Vec<Vec<(usize, f64)>>;

/// A rectangular table of taps; rows that are shorter are filled up and masked.
struct Table {
    indices: Value,
    weights: Value,
    mask: Option<Value>,
    width: usize,
}

fn table(cx: &Context<'_>, taps: &Taps, element: ElementType) -> Emitted<Table> {
    let b = &cx.b;
    let width = taps.iter().map(Vec::len).max().unwrap_or(0);
    let (mut indices, mut weights, mut mask) = (Vec::new(), Vec::new(), Vec::new());
    for row in taps {
        for i in 0..width {
            let tap = row.get(i).copied();
            indices.push(tap.map_or(0, |t| t.0 as i64));
            weights.push(tap.map_or(0.0, |t| t.1));
            mask.push(i64::from(tap.is_some()));
        }
    }
    let dims = [taps.len(), width];
    let mask = if mask.contains(&0) {
        let mask = b.reshape(b.ints(&mask, ElementType::I8)?, &dims)?;
        Some(super::cast::cast(cx, mask, ElementType::Bool)?)
    } else {
        None
    };
    Ok(Table {
        indices: b.reshape(b.ints(&indices, ElementType::I32)?, &dims)?,
        weights: b.floats(&weights, element, &dims)?,
        mask,
        width,
    })
}

/// Weights each tap and leaves out those that are not there; `dims` are those with the taps.
fn weighted(cx: &Context<'_>, x: Value, table: &Table, axis: usize, plain: bool) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(x);
    let mut y = x;
    if !plain {
        let weights = b.broadcast_in_dim(table.weights, &dims, &[axis, axis + 1])?;
        y = b.multiply(y, weights)?;
    }
    if let Some(mask) = table.mask {
        let mask = b.broadcast_in_dim(mask, &dims, &[axis, axis + 1])?;
        y = b.select(mask, y, b.splat_like(0.0, y)?)?;
    }
    Ok(y)
}

fn is_plain(taps: &Taps) -> bool {
    taps.iter().flatten().all(|tap| tap.1 == 1.0)
}

/// Sums the taps along `axis`.
pub(crate) fn gather_taps(cx: &Context<'_>, x: Value, axis: usize, taps: &Taps) -> Emitted<Value> {
    let b = &cx.b;
    let table = table(cx, taps, b.element(x))?;
    let y = take(cx, x, table.indices, axis)?;
    let y = weighted(cx, y, &table, axis, is_plain(taps))?;
    let init = identity(cx, ReduceKind::Add, b.element(y))?;
    Ok(b.reduce(y, init, &[axis + 1], ReduceKind::Add)?)
}

/// The transpose of [`gather_taps`]: gives each element of an axis of `size` the weighted sum of
/// what it was a tap of.
pub(crate) fn scatter_taps(
    cx: &Context<'_>,
    grad: Value,
    axis: usize,
    size: usize,
    taps: &Taps,
) -> Emitted<Value> {
    let b = &cx.b;
    let table = table(cx, taps, b.element(grad))?;
    let dims = b.dims(grad);
    let mut spread = dims.clone();
    spread.insert(axis + 1, table.width);
    let along: Vec<_> = (0..dims.len()).map(|d| d + usize::from(d > axis)).collect();
    let y = b.broadcast_in_dim(grad, &spread, &along)?;
    let y = weighted(cx, y, &table, axis, is_plain(taps))?;
    let mut flat = dims;
    flat[axis] *= table.width;
    let y = b.reshape(y, &flat)?;
    let indices = b.reshape(table.indices, &[flat[axis]])?;
    let mut whole = flat;
    whole[axis] = size;
    let zero = b.splat(0.0, b.element(grad), &whole)?;
    write_slices(cx, zero, indices, y, axis, IndexingUpdateOp::Add)
}

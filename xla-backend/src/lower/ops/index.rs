//! Indexed reads and writes: gather, scatter, select and their n-dimensional forms.
//!
//! Burn refuses indices out of range. In a program nothing can be refused: reads move such an
//! index into range, writes leave it out.

use burn_backend::tensor::IndexingUpdateOp;
use burn_ir::{GatherNdOpIr, GatherOpIr, ScatterNdOpIr, ScatterOpIr, SelectAssignOpIr, SelectOpIr};

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{Builder, Comparison, ElementType, GatherDims, ScatterDims, Value};

pub(crate) fn select(cx: &Context<'_>, d: &SelectOpIr) -> Emitted {
    let y = take(cx, cx.get(&d.tensor)?, cx.get(&d.indices)?, d.dim)?;
    cx.set(&d.out, y)
}

/// Slices of `x` along `dim` at `indices`, whose dimensions stand where `dim` was.
pub(crate) fn take(cx: &Context<'_>, x: Value, indices: Value, dim: usize) -> Emitted<Value> {
    let b = &cx.b;
    let (dims, at) = (b.dims(x), b.dims(indices));
    let mut result = dims.clone();
    result.splice(dim..=dim, at.iter().copied());
    if result.contains(&0) || dims.contains(&0) {
        return Ok(b.splat(0.0, b.element(x), &result)?);
    }
    let mut vectors = at.clone();
    vectors.push(1);
    let indices = b.reshape(indices, &vectors)?;
    let offset = (0..result.len()).filter(|&d| d < dim || d >= dim + at.len()).collect();
    let gather =
        GatherDims { offset, collapsed: vec![dim], index_map: vec![dim], ..GatherDims::default() };
    let mut sizes = dims;
    sizes[dim] = 1;
    Ok(b.gather(x, indices, &gather, &sizes)?)
}

/// The table `i * rows + j * columns` of indices, `[count_i, count_j]`.
pub(crate) fn affine(
    cx: &Context<'_>,
    rows: usize,
    columns: usize,
    by_row: usize,
    by_column: usize,
) -> Emitted<Value> {
    let b = &cx.b;
    let dims = [rows, columns];
    let scaled = |dim: usize, by: usize| {
        let iota = b.iota(ElementType::I32, &dims, dim)?;
        b.multiply(iota, b.splat_int(by as i128, ElementType::I32, &dims)?)
    };
    Ok(b.add(scaled(0, by_row)?, scaled(1, by_column)?)?)
}

/// Index vectors for all elements of `indices`: its own value in `dim`, the position elsewhere.
fn vectors(cx: &Context<'_>, indices: Value, dim: usize) -> Emitted<Value> {
    let b = &cx.b;
    let ty = b.type_of(indices);
    let mut dims = ty.dims.clone();
    dims.push(1);
    // Positions must fit the element type of the indices; 32 bits do for any dimension.
    let element = if ty.element.bits() < 32 { ElementType::I32 } else { ty.element };
    let indices = b.convert(indices, element)?;
    let parts = (0..ty.rank())
        .map(|d| {
            let part = if d == dim { indices } else { b.iota(element, &ty.dims, d)? };
            b.reshape(part, &dims)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(b.concatenate(&parts, ty.rank())?)
}

pub(crate) fn gather(cx: &Context<'_>, d: &GatherOpIr) -> Emitted {
    let b = &cx.b;
    let (x, indices) = (cx.get(&d.tensor)?, cx.get(&d.indices)?);
    let (dims, rank) = (b.dims(x), b.rank(x));
    if d.out.shape.contains(&0) || dims.contains(&0) {
        return cx.set(&d.out, b.splat(0.0, b.element(x), &d.out.shape)?);
    }
    let gather = GatherDims {
        collapsed: (0..rank).collect(),
        index_map: (0..rank).collect(),
        ..GatherDims::default()
    };
    let y = b.gather(x, vectors(cx, indices, d.dim)?, &gather, &vec![1; rank])?;
    cx.set(&d.out, y)
}

pub(crate) fn scatter(cx: &Context<'_>, d: &ScatterOpIr) -> Emitted {
    let b = &cx.b;
    let (x, indices, value) = (cx.get(&d.tensor)?, cx.get(&d.indices)?, cx.get(&d.value)?);
    if d.indices.shape.contains(&0) || d.tensor.shape.contains(&0) {
        return cx.set(&d.out, x);
    }
    let rank = b.rank(x);
    // Of a value of a larger shape, the elements that have indices count.
    let value = b.slice(value, &b.dims(indices).iter().map(|&n| (0, n, 1)).collect::<Vec<_>>())?;
    let dims = ScatterDims {
        inserted: (0..rank).collect(),
        index_map: (0..rank).collect(),
        ..ScatterDims::default()
    };
    let at = vectors(cx, indices, d.dim)?;
    cx.set(&d.out, combine_at(cx, x, at, value, &dims, d.update)?)
}

pub(crate) fn select_assign(cx: &Context<'_>, d: &SelectAssignOpIr) -> Emitted {
    let b = &cx.b;
    let (x, indices, value) = (cx.get(&d.tensor)?, cx.get(&d.indices)?, cx.get(&d.value)?);
    let y = write_slices(cx, x, indices, value, d.dim, d.update)?;
    debug_assert_eq!(b.rank(y), b.rank(x));
    cx.set(&d.out, y)
}

/// Combines the slices of `value` along `dim` into those of `x` that the vector `indices` names.
pub(crate) fn write_slices(
    cx: &Context<'_>,
    x: Value,
    indices: Value,
    value: Value,
    dim: usize,
    update: IndexingUpdateOp,
) -> Emitted<Value> {
    let b = &cx.b;
    if b.type_of(value).is_empty() || b.type_of(x).is_empty() {
        return Ok(x);
    }
    let rank = b.rank(x);
    let mut at = b.dims(indices);
    at.push(1);
    let dims = ScatterDims {
        window: (0..rank).filter(|&d| d != dim).collect(),
        inserted: vec![dim],
        index_map: vec![dim],
        ..ScatterDims::default()
    };
    combine_at(cx, x, b.reshape(indices, &at)?, value, &dims, update)
}

pub(crate) fn gather_nd(cx: &Context<'_>, d: &GatherNdOpIr) -> Emitted {
    let b = &cx.b;
    let (x, indices) = (cx.get(&d.data)?, cx.get(&d.indices)?);
    let (dims, at) = (b.dims(x), b.dims(indices));
    let depth = at.last().copied().unwrap_or(0);
    if d.out.shape.contains(&0) || dims.contains(&0) {
        return cx.set(&d.out, b.splat(0.0, b.element(x), &d.out.shape)?);
    }
    let gather = GatherDims {
        offset: (at.len() - 1..at.len() - 1 + dims.len() - depth).collect(),
        collapsed: (0..depth).collect(),
        index_map: (0..depth).collect(),
        ..GatherDims::default()
    };
    let sizes: Vec<_> =
        dims.iter().enumerate().map(|(i, &n)| if i < depth { 1 } else { n }).collect();
    let y = b.gather(x, indices, &gather, &sizes)?;
    cx.set(&d.out, b.reshape(y, &d.out.shape)?)
}

pub(crate) fn scatter_nd(cx: &Context<'_>, d: &ScatterNdOpIr) -> Emitted {
    let b = &cx.b;
    let (x, indices, value) = (cx.get(&d.data)?, cx.get(&d.indices)?, cx.get(&d.values)?);
    if b.type_of(value).is_empty() || b.type_of(x).is_empty() {
        return cx.set(&d.out, x);
    }
    let (rank, at) = (b.rank(x), b.dims(indices));
    let depth = at.last().copied().unwrap_or(0);
    let batch = &at[..at.len() - 1];
    let mut shape = batch.to_vec();
    shape.extend_from_slice(&b.dims(x)[depth..]);
    let value = b.reshape(value, &shape)?;
    let dims = ScatterDims {
        window: (batch.len()..batch.len() + rank - depth).collect(),
        inserted: (0..depth).collect(),
        index_map: (0..depth).collect(),
        ..ScatterDims::default()
    };
    cx.set(&d.out, combine_at(cx, x, indices, value, &dims, d.reduction)?)
}

/// Scatters with one of Burn's updates: 16-bit floats are summed in their own type, as Burn does,
/// one after the other.
fn combine_at(
    cx: &Context<'_>,
    x: Value,
    at: Value,
    value: Value,
    dims: &ScatterDims,
    update: IndexingUpdateOp,
) -> Emitted<Value> {
    cx.b.scatter(x, at, value, dims, |b, old, new| combine(b, old, new, update))
}

/// `new` never replaces `old` when it is NaN, and a NaN `old` stays: `min` and `max` only
/// replace what compares.
fn combine(b: &Builder, old: Value, new: Value, update: IndexingUpdateOp) -> Emitted<Value> {
    let truth = b.element(old) == ElementType::Bool;
    Ok(match update {
        IndexingUpdateOp::Assign => new,
        IndexingUpdateOp::Add if truth => b.or(old, new)?,
        IndexingUpdateOp::Add => b.add(old, new)?,
        IndexingUpdateOp::Mul if truth => b.and(old, new)?,
        IndexingUpdateOp::Mul => b.multiply(old, new)?,
        IndexingUpdateOp::Min => b.select(b.compare(Comparison::Less, new, old)?, new, old)?,
        IndexingUpdateOp::Max => b.select(b.compare(Comparison::Greater, new, old)?, new, old)?,
    })
}

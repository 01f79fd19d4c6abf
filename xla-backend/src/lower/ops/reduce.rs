//! Reductions to one element, or along an axis.

use burn_ir::TensorIr;

use crate::lower::context::Context;
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{
    BuildError, Builder, Comparison, ElementType, ReduceKind, UnaryKind, Value,
};

/// What a reduction starts from.
pub(crate) fn identity(cx: &Context<'_>, kind: ReduceKind, element: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let range = element.int_range();
    Ok(match (kind, range) {
        (ReduceKind::Add | ReduceKind::Or, _) => b.scalar(0.0, element)?,
        (ReduceKind::Multiply, _) => b.scalar(1.0, element)?,
        (ReduceKind::And, Some(_)) => b.splat_int(-1, element, &[])?,
        (ReduceKind::And, None) => b.scalar(1.0, element)?,
        (ReduceKind::Maximum, Some((low, _))) => b.splat_int(low, element, &[])?,
        (ReduceKind::Minimum, Some((_, high))) => b.splat_int(high, element, &[])?,
        (ReduceKind::Maximum, None) => b.scalar(f64::NEG_INFINITY, element)?,
        (ReduceKind::Minimum, None) => b.scalar(f64::INFINITY, element)?,
    })
}

/// Whether it is the largest or the smallest element.
pub(crate) fn is_extreme(kind: ReduceKind) -> bool {
    matches!(kind, ReduceKind::Maximum | ReduceKind::Minimum)
}

/// Combines tensors element by element; extrema of floats are NaN if either is.
///
/// `stablehlo.maximum` says so too, but XLA's CPU compiler drops NaN where it vectorises with it (seen
/// with C API 0.81, 2026-11). Not inside of reductions: see [`with_nan`].
pub(crate) fn combine(
    b: &Builder,
    kind: ReduceKind,
    old: Value,
    new: Value,
) -> Result<Value, BuildError> {
    let how = match kind {
        ReduceKind::Maximum => Comparison::GreaterEqual,
        ReduceKind::Minimum => Comparison::LessEqual,
        _ => return kind.combine(b, old, new),
    };
    if !b.element(old).is_float() {
        return kind.combine(b, old, new);
    }
    let keep = b.or(b.compare(how, old, new)?, b.is_nan(old)?)?;
    b.select(keep, old, new)
}

/// Reduces all dimensions or those of `axes`; 16-bit floats in f32.
pub(crate) fn fold(
    cx: &Context<'_>,
    input: &TensorIr,
    axes: Option<&[usize]>,
    kind: ReduceKind,
    out: &TensorIr,
) -> Emitted {
    let y = folded(cx, cx.get(input)?, axes, kind)?;
    cx.set_as(out, cx.b.reshape(y, &out.shape)?)
}

fn folded(cx: &Context<'_>, x: Value, axes: Option<&[usize]>, kind: ReduceKind) -> Emitted<Value> {
    let all: Vec<_> = (0..cx.b.rank(x)).collect();
    let axes = axes.unwrap_or(&all);
    if is_extreme(kind) {
        nonempty(cx, x, axes)?;
        return with_nan(cx, x, kind, |x, kind| reduce_keep(cx, x, axes, kind));
    }
    reduce_keep(cx, cx.wide(x)?, axes, kind)
}

/// What `reduced` makes of `x`, and for an extremum NaN where there is one.
///
/// NaN is looked for beside the reduction and not in it: libtpu 0.0.52 dies of a reduction that
/// compares and selects, as [`combine`] does.
pub(crate) fn with_nan(
    cx: &Context<'_>,
    x: Value,
    kind: ReduceKind,
    reduced: impl Fn(Value, ReduceKind) -> Emitted<Value>,
) -> Emitted<Value> {
    let b = &cx.b;
    let y = reduced(x, kind)?;
    if !is_extreme(kind) || !b.element(x).is_float() {
        return Ok(y);
    }
    let has_nan = reduced(b.is_nan(x)?, ReduceKind::Or)?;
    Ok(b.select(has_nan, b.splat_like(f64::NAN, y)?, y)?)
}

fn nonempty(cx: &Context<'_>, x: Value, axes: &[usize]) -> Emitted {
    let dims = cx.b.dims(x);
    if axes.iter().any(|&axis| dims[axis] == 0) && axes.len() == dims.len() {
        return unsupported("an empty tensor has no extremum");
    }
    Ok(())
}

pub(crate) fn mean(
    cx: &Context<'_>,
    input: &TensorIr,
    axis: Option<usize>,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(input)?;
    let axes: Vec<_> = axis.map_or_else(|| (0..b.rank(x)).collect(), |axis| vec![axis]);
    let count: usize = axes.iter().map(|&axis| b.dims(x)[axis]).product();
    let mut sum = reduce_keep(cx, cx.wide(x)?, &axes, ReduceKind::Add)?;
    if b.element(x).is_int() {
        if count == 0 {
            return unsupported("an empty dimension has no integer mean");
        }
        // The sum wraps in its own type, and is divided in a wider one.
        let wide = if b.element(x).is_unsigned() { ElementType::U64 } else { ElementType::I64 };
        sum = b.convert(sum, wide)?;
        let count = b.splat_int(count as i128, wide, &b.dims(sum))?;
        let mean = b.divide(sum, count)?;
        return cx.set_as(out, b.reshape(mean, &out.shape)?);
    }
    let mean = b.divide(sum, b.splat_like(count as f64, sum)?)?;
    cx.set_as(out, b.reshape(mean, &out.shape)?)
}

pub(crate) fn max_abs(
    cx: &Context<'_>,
    input: &TensorIr,
    axis: Option<usize>,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(input)?;
    let x = if b.element(x).is_unsigned() { x } else { b.unary(UnaryKind::Abs, x)? };
    let axes = axis.map(|axis| vec![axis]);
    let y = folded(cx, x, axes.as_deref(), ReduceKind::Maximum)?;
    cx.set(out, b.reshape(y, &out.shape)?)
}

/// The extremum along `axis` and where it is first; a NaN is more extreme than all else.
///
/// The places are looked for in a reduction of their own, for the reason that [`with_nan`] has.
pub(crate) fn extremum(
    cx: &Context<'_>,
    input: &TensorIr,
    axis: usize,
    how: Comparison,
    values: Option<&TensorIr>,
    indices: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(input)?;
    let dims = b.dims(x);
    if dims[axis] == 0 {
        let rest: usize =
            dims.iter().enumerate().filter(|&(d, _)| d != axis).map(|d| d.1).product();
        if rest > 0 {
            return unsupported("an empty dimension has no extremum");
        }
    }
    let kind = if how == Comparison::Greater { ReduceKind::Maximum } else { ReduceKind::Minimum };
    let value = with_nan(cx, x, kind, |x, kind| reduce_keep(cx, x, &[axis], kind))?;
    let mut is_it = b.compare(Comparison::Equal, x, b.broadcast_to(value, &dims)?)?;
    if b.element(x).is_float() {
        // Where there is one, the extremum is NaN, and nothing equals that.
        is_it = b.or(is_it, b.is_nan(x)?)?;
    }
    let at = b.iota(ElementType::I32, &dims, axis)?;
    let at = b.select(is_it, at, b.splat_int(i32::MAX.into(), ElementType::I32, &dims)?)?;
    let first = reduce_keep(cx, at, &[axis], ReduceKind::Minimum)?;
    if let Some(out) = values {
        cx.set(out, b.reshape(value, &out.shape)?)?;
    }
    cx.set_places(indices, b.reshape(first, &indices.shape)?, dims[axis])
}

/// Reduces along `axes`, which keep size 1.
pub(crate) fn reduce_keep(
    cx: &Context<'_>,
    x: Value,
    axes: &[usize],
    kind: ReduceKind,
) -> Emitted<Value> {
    let b = &cx.b;
    let mut dims = b.dims(x);
    let init = identity(cx, kind, b.element(x))?;
    let y = b.reduce(x, init, axes, kind)?;
    for &axis in axes {
        dims[axis] = 1;
    }
    Ok(b.reshape(y, &dims)?)
}

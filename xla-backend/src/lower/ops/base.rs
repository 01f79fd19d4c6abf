//! Operations that every kind of tensor has: shapes, slices, masks, equality.

use burn_backend::Slice;
use burn_ir::{BaseOperationIr, TensorIr};

use super::{cast, compare, index};
use crate::lower::context::{Context, element_of};
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{Comparison, ElementType, ReduceKind, Value};

pub(crate) fn lower(cx: &Context<'_>, op: &BaseOperationIr) -> Emitted {
    use BaseOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::Reshape(d) => cx.set(&d.out, b.reshape(cx.get(&d.input)?, &d.out.shape)?),
        Op::SwapDims(d) => {
            let mut order: Vec<_> = (0..d.input.shape.num_dims()).collect();
            order.swap(d.dim1, d.dim2);
            cx.set(&d.out, b.transpose(cx.get(&d.input)?, &order)?)
        }
        Op::Permute(d) => cx.set(&d.out, b.transpose(cx.get(&d.input)?, &d.axes)?),
        Op::Flip(d) => cx.set(&d.out, b.reverse(cx.get(&d.input)?, &d.axes)?),
        Op::Expand(d) => cx.set(&d.out, b.broadcast_to(cx.get(&d.input)?, &d.out.shape)?),
        Op::Unfold(d) => {
            let windows = d.out.shape[d.dim];
            let y = unfold(cx, cx.get(&d.input)?, d.dim, windows, d.size, d.step)?;
            cx.set(&d.out, y)
        }
        Op::Slice(d) => cx.set(&d.out, slice(cx, cx.get(&d.tensor)?, &d.ranges)?),
        Op::SliceAssign(d) => {
            let (x, value) = (cx.get(&d.tensor)?, cx.get(&d.value)?);
            cx.set(&d.out, slice_assign(cx, x, &d.ranges, value)?)
        }
        Op::Select(d) => index::select(cx, d),
        Op::SelectAssign(d) => index::select_assign(cx, d),
        Op::Gather(d) => index::gather(cx, d),
        Op::Scatter(d) => index::scatter(cx, d),
        Op::ScatterNd(d) => index::scatter_nd(cx, d),
        Op::GatherNd(d) => index::gather_nd(cx, d),
        Op::MaskWhere(d) => {
            let dims = &d.out.shape;
            let mask = b.broadcast_to(cx.get(&d.mask)?, dims)?;
            let value = b.broadcast_to(cx.get(&d.value)?, dims)?;
            let x = b.broadcast_to(cx.get(&d.tensor)?, dims)?;
            cx.set(&d.out, b.select(mask, value, x)?)
        }
        Op::MaskFill(d) => {
            let dims = &d.out.shape;
            let x = b.broadcast_to(cx.get(&d.tensor)?, dims)?;
            let mask = b.broadcast_to(cx.get(&d.mask)?, dims)?;
            let value = cx.scalar_like(d.value, x)?;
            cx.set(&d.out, b.select(mask, value, x)?)
        }
        Op::Equal(d) => compare::binary(cx, d, Comparison::Equal),
        Op::EqualElem(d) => compare::scalar(cx, d, Comparison::Equal),
        Op::NotEqual(d) => compare::binary(cx, d, Comparison::NotEqual),
        Op::NotEqualElem(d) => compare::scalar(cx, d, Comparison::NotEqual),
        Op::RepeatDim(d) => {
            let x = cx.get(&d.tensor)?;
            let mut dims = b.dims(x);
            let along: Vec<_> = (0..dims.len()).map(|i| i + usize::from(i >= d.dim)).collect();
            dims.insert(d.dim, d.times);
            let y = b.broadcast_in_dim(x, &dims, &along)?;
            cx.set(&d.out, b.reshape(y, &d.out.shape)?)
        }
        Op::Cat(d) => {
            let parts = d.tensors.iter().map(|t| cx.get(t)).collect::<Emitted<Vec<_>>>()?;
            cx.set(&d.out, b.concatenate(&parts, d.dim)?)
        }
        Op::Cast(d) => cx.set(&d.out, cast::cast(cx, cx.get(&d.input)?, element_of(d.out.dtype)?)?),
        Op::Empty(d) | Op::Zeros(d) => cx.set(&d.out, constant(cx, &d.out, 0.0)?),
        Op::Ones(d) => cx.set(&d.out, constant(cx, &d.out, 1.0)?),
        Op::All(d) => truth(cx, &d.input, None, ReduceKind::And, &d.out),
        Op::Any(d) => truth(cx, &d.input, None, ReduceKind::Or, &d.out),
        Op::AllDim(d) => truth(cx, &d.input, Some(d.axis), ReduceKind::And, &d.out),
        Op::AnyDim(d) => truth(cx, &d.input, Some(d.axis), ReduceKind::Or, &d.out),
    }
}

fn constant(cx: &Context<'_>, out: &TensorIr, value: f64) -> Emitted<Value> {
    Ok(cx.b.splat(value, element_of(out.dtype)?, &out.shape)?)
}

/// All or any of the elements that are not zero (NaN is not).
fn truth(
    cx: &Context<'_>,
    input: &TensorIr,
    axis: Option<usize>,
    kind: ReduceKind,
    out: &TensorIr,
) -> Emitted {
    let b = &cx.b;
    let x = cx.get(input)?;
    let x = if b.element(x) == ElementType::Bool {
        x
    } else {
        b.compare(Comparison::NotEqual, x, b.splat_like(0.0, x)?)?
    };
    let axes = axis.map_or_else(|| (0..b.rank(x)).collect(), |axis| vec![axis]);
    let init = b.scalar(f64::from(u8::from(kind == ReduceKind::And)), ElementType::Bool)?;
    let y = b.reduce(x, init, &axes, kind)?;
    cx.set(out, b.reshape(y, &out.shape)?)
}

/// Windows along `dim`, as a new last dimension.
pub(crate) fn unfold(
    cx: &Context<'_>,
    x: Value,
    dim: usize,
    windows: usize,
    size: usize,
    step: usize,
) -> Emitted<Value> {
    let b = &cx.b;
    let rank = b.rank(x);
    let starts = index::affine(cx, windows, size, step, 1)?;
    // The windows and their elements stand where `dim` was; the elements go last.
    let y = index::take(cx, x, starts, dim)?;
    let order: Vec<_> = (0..=rank).filter(|&d| d != dim + 1).chain([dim + 1]).collect();
    Ok(b.transpose(y, &order)?)
}

/// A slice of one dimension: its first index, the number of elements and the step between them.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: usize,
    count: usize,
    step: isize,
}

impl Run {
    /// Burn's reading: indices from the end when negative, then clamped; a negative step walks the
    /// range backwards from its last element.
    fn of(slice: &Slice, size: usize) -> Self {
        let at = |i: isize| {
            let i = if i < 0 { (size as isize + i).max(0) } else { i };
            (i as usize).min(size)
        };
        let start = at(slice.start);
        let end = slice.end.map_or(size, at);
        let step = if slice.step == 0 { 1 } else { slice.step };
        let length = end.saturating_sub(start);
        let count = length.div_ceil(step.unsigned_abs());
        let first = if step < 0 && count > 0 { end - 1 } else { start };
        Self { first, count, step }
    }

    /// First and last index in ascending order.
    fn bounds(self) -> (usize, usize) {
        let reach = self.count.saturating_sub(1) * self.step.unsigned_abs();
        if self.step < 0 {
            (self.first - reach, self.first)
        } else {
            (self.first, self.first + reach)
        }
    }
}

fn runs(ranges: &[Slice], dims: &[usize]) -> Vec<Run> {
    let full = Slice::new(0, None, 1);
    dims.iter().enumerate().map(|(i, &d)| Run::of(ranges.get(i).unwrap_or(&full), d)).collect()
}

fn slice(cx: &Context<'_>, x: Value, ranges: &[Slice]) -> Emitted<Value> {
    let b = &cx.b;
    let runs = runs(ranges, &b.dims(x));
    let limits: Vec<_> = runs
        .iter()
        .map(|run| {
            let (low, high) = run.bounds();
            let limit = if run.count == 0 { low } else { high + 1 };
            (low, limit, run.step.unsigned_abs())
        })
        .collect();
    let backwards: Vec<_> = (0..runs.len()).filter(|&d| runs[d].step < 0).collect();
    Ok(b.reverse(b.slice(x, &limits)?, &backwards)?)
}

fn slice_assign(cx: &Context<'_>, x: Value, ranges: &[Slice], value: Value) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(x);
    let runs = runs(ranges, &dims);
    let counts: Vec<_> = runs.iter().map(|run| run.count).collect();
    if counts.contains(&0) {
        return Ok(x);
    }
    if b.dims(value).iter().product::<usize>() != counts.iter().product::<usize>() {
        let (want, got) = (counts, b.dims(value));
        return unsupported(format!("the slice has the shape {want:?}, the value {got:?}"));
    }
    let value = b.reshape(value, &counts)?;
    let backwards: Vec<_> = (0..runs.len()).filter(|&d| runs[d].step < 0).collect();
    let value = b.reverse(value, &backwards)?;
    if counts == dims {
        return Ok(value);
    }
    if runs.iter().all(|run| run.step.unsigned_abs() == 1 || run.count == 1) {
        let starts = runs
            .iter()
            .map(|run| b.splat_int(run.bounds().0 as i128, ElementType::I32, &[]))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(b.dynamic_update_slice(x, value, &starts)?);
    }
    // Spread the value over its range, and take it where a spread mask says so.
    let low: Vec<_> = runs.iter().map(|run| run.bounds().0 as i64).collect();
    let high: Vec<_> =
        runs.iter().zip(&dims).map(|(run, &d)| d as i64 - 1 - run.bounds().1 as i64).collect();
    let between: Vec<_> = runs
        .iter()
        .map(|run| if run.count > 1 { run.step.unsigned_abs() - 1 } else { 0 })
        .collect();
    let zero = b.scalar(0.0, b.element(x))?;
    let spread = b.pad(value, zero, &low, &high, &between)?;
    let (yes, no) = (b.splat(1.0, ElementType::Bool, &counts)?, b.scalar(0.0, ElementType::Bool)?);
    let mask = b.pad(yes, no, &low, &high, &between)?;
    Ok(b.select(mask, spread, x)?)
}

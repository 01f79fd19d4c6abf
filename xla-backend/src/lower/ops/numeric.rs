//! Operations of numeric tensors, float and int.

use burn_ir::{
    BinaryOpIr, ClampOpIr, NumericOperationIr, PadModeIr, PadOpIr, ScalarIr, ScalarOpIr,
};

use super::wide::limited;
use super::{compare, cumulative, power, random, reduce, sort};
use crate::lower::context::{Context, element_of, float, integer};
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{BinaryKind, Comparison, ElementType, ReduceKind, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, op: &NumericOperationIr) -> Emitted {
    use NumericOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::Add(d) => binary(cx, d, BinaryKind::Add),
        Op::AddScalar(d) => scalar(cx, d, BinaryKind::Add),
        Op::Sub(d) => binary(cx, d, BinaryKind::Subtract),
        Op::SubScalar(d) => scalar(cx, d, BinaryKind::Subtract),
        Op::Div(d) => binary(cx, d, BinaryKind::Divide),
        Op::DivScalar(d) => scalar(cx, d, BinaryKind::Divide),
        Op::Rem(d) => binary(cx, d, BinaryKind::Remainder),
        Op::RemScalar(d) => scalar(cx, d, BinaryKind::Remainder),
        Op::Mul(d) => binary(cx, d, BinaryKind::Multiply),
        Op::MulScalar(d) => scalar(cx, d, BinaryKind::Multiply),
        Op::Abs(d) => cx.set(&d.out, abs(cx, cx.get(&d.input)?)?),
        Op::Full(d) => {
            let element = element_of(d.out.dtype)?;
            cx.set(&d.out, cx.filled(d.value, element, &d.out.shape)?)
        }
        Op::Mean(d) => reduce::mean(cx, &d.input, None, &d.out),
        Op::MeanDim(d) => reduce::mean(cx, &d.input, Some(d.axis), &d.out),
        Op::Sum(d) => reduce::fold(cx, &d.input, None, ReduceKind::Add, &d.out),
        Op::SumDim(d) => reduce::fold(cx, &d.input, Some(&[d.axis]), ReduceKind::Add, &d.out),
        Op::SumDims(d) => reduce::fold(cx, &d.input, Some(&d.axes), ReduceKind::Add, &d.out),
        Op::Prod(d) => reduce::fold(cx, &d.input, None, ReduceKind::Multiply, &d.out),
        Op::ProdDim(d) => reduce::fold(cx, &d.input, Some(&[d.axis]), ReduceKind::Multiply, &d.out),
        Op::Max(d) => reduce::fold(cx, &d.input, None, ReduceKind::Maximum, &d.out),
        Op::MaxDim(d) => reduce::fold(cx, &d.input, Some(&[d.axis]), ReduceKind::Maximum, &d.out),
        Op::Min(d) => reduce::fold(cx, &d.input, None, ReduceKind::Minimum, &d.out),
        Op::MinDim(d) => reduce::fold(cx, &d.input, Some(&[d.axis]), ReduceKind::Minimum, &d.out),
        Op::MaxAbs(d) => reduce::max_abs(cx, &d.input, None, &d.out),
        Op::MaxAbsDim(d) => reduce::max_abs(cx, &d.input, Some(d.axis), &d.out),
        Op::ArgMax(d) => reduce::extremum(cx, &d.input, d.axis, Comparison::Greater, None, &d.out),
        Op::ArgMin(d) => reduce::extremum(cx, &d.input, d.axis, Comparison::Less, None, &d.out),
        Op::MaxDimWithIndices(d) => {
            let (out, at) = (Some(&d.out), &d.out_indices);
            reduce::extremum(cx, &d.tensor, d.dim, Comparison::Greater, out, at)
        }
        Op::MinDimWithIndices(d) => {
            let (out, at) = (Some(&d.out), &d.out_indices);
            reduce::extremum(cx, &d.tensor, d.dim, Comparison::Less, out, at)
        }
        Op::ArgTopK(d) => sort::lower(cx, &d.input, d.axis, true, None, Some(&d.out)),
        Op::TopK(d) => sort::lower(cx, &d.input, d.axis, true, Some(&d.out), None),
        Op::TopKWithIndices(d) => {
            sort::lower(cx, &d.tensor, d.dim, true, Some(&d.out), Some(&d.out_indices))
        }
        Op::Sort(d) => sort::lower(cx, &d.input, d.dim, d.descending, Some(&d.out), None),
        Op::SortWithIndices(d) => {
            sort::lower(cx, &d.input, d.dim, d.descending, Some(&d.out), Some(&d.out_indices))
        }
        Op::ArgSort(d) => sort::lower(cx, &d.input, d.dim, d.descending, None, Some(&d.out)),
        Op::Greater(d) => compare::binary(cx, d, Comparison::Greater),
        Op::GreaterElem(d) => compare::scalar(cx, d, Comparison::Greater),
        Op::GreaterEqual(d) => compare::binary(cx, d, Comparison::GreaterEqual),
        Op::GreaterEqualElem(d) => compare::scalar(cx, d, Comparison::GreaterEqual),
        Op::Lower(d) => compare::binary(cx, d, Comparison::Less),
        Op::LowerElem(d) => compare::scalar(cx, d, Comparison::Less),
        Op::LowerEqual(d) => compare::binary(cx, d, Comparison::LessEqual),
        Op::LowerEqualElem(d) => compare::scalar(cx, d, Comparison::LessEqual),
        Op::Clamp(d) => clamp(cx, d),
        Op::ClampMin(d) => limit(cx, d, BinaryKind::Maximum),
        Op::ClampMax(d) => limit(cx, d, BinaryKind::Minimum),
        Op::IntRandom(d) => random::lower(cx, d),
        Op::Powi(d) => power::tensor(cx, d),
        Op::PowiScalar(d) => power::int_scalar(cx, &d.lhs, integer(d.rhs), &d.out),
        Op::CumSum(d) => cumulative::lower(cx, d, ReduceKind::Add),
        Op::CumProd(d) => cumulative::lower(cx, d, ReduceKind::Multiply),
        Op::CumMin(d) => cumulative::lower(cx, d, ReduceKind::Minimum),
        Op::CumMax(d) => cumulative::lower(cx, d, ReduceKind::Maximum),
        Op::Neg(d) => cx.set(&d.out, b.negate(cx.get(&d.input)?)?),
        Op::Sign(d) => cx.set(&d.out, sign(cx, cx.get(&d.input)?)?),
        Op::Pad(d) => pad(cx, d),
    }
}

fn abs(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    Ok(if cx.b.element(x).is_unsigned() { x } else { cx.b.unary(UnaryKind::Abs, x)? })
}

/// The sign, which Flex has 0 of NaN and of -0.
fn sign(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    let zero = b.splat_like(0.0, x)?;
    let element = b.element(x);
    if element.is_unsigned() {
        let positive = b.compare(Comparison::Greater, x, zero)?;
        return Ok(b.select(positive, b.splat_like(1.0, x)?, zero)?);
    }
    let sign = b.unary(UnaryKind::Sign, x)?;
    if !element.is_float() {
        return Ok(sign);
    }
    let known =
        b.or(b.compare(Comparison::Less, x, zero)?, b.compare(Comparison::Greater, x, zero)?)?;
    Ok(b.select(known, sign, zero)?)
}

fn binary(cx: &Context<'_>, d: &BinaryOpIr, kind: BinaryKind) -> Emitted {
    let b = &cx.b;
    let lhs = b.broadcast_to(cx.get(&d.lhs)?, &d.out.shape)?;
    let rhs = b.broadcast_to(cx.get(&d.rhs)?, &d.out.shape)?;
    cx.set(&d.out, arithmetic(cx, kind, lhs, rhs)?)
}

/// The scalar is rounded, or wraps, to the type of the tensor.
fn scalar(cx: &Context<'_>, d: &ScalarOpIr, kind: BinaryKind) -> Emitted {
    let x = cx.get(&d.lhs)?;
    let rhs = cx.scalar_like(d.rhs, x)?;
    cx.set(&d.out, arithmetic(cx, kind, x, rhs)?)
}

/// Integers in 64 bits, where a limit does not fit their own width: Burn compares there.
fn widened(cx: &Context<'_>, x: Value, scalars: &[ScalarIr]) -> Emitted<Option<Value>> {
    let element = cx.b.element(x);
    let Some((low, high)) = element.int_range() else {
        return Ok(None);
    };
    let fits = scalars.iter().all(|&s| (low..=high).contains(&integer(s)));
    if fits || element.bits() == 64 {
        return Ok(None);
    }
    Ok(Some(cx.b.convert(x, ElementType::I64)?))
}

/// The remainder has the sign of the divisor, as in Python; all else is StableHLO's own.
fn arithmetic(cx: &Context<'_>, kind: BinaryKind, lhs: Value, rhs: Value) -> Emitted<Value> {
    let b = &cx.b;
    if kind != BinaryKind::Remainder || b.element(lhs).is_unsigned() {
        return Ok(b.binary(kind, lhs, rhs)?);
    }
    let (x, y) = (cx.wide(lhs)?, cx.wide(rhs)?);
    let zero = b.splat_like(0.0, x)?;
    let r = b.remainder(x, y)?;
    let crossed = b.compare(
        Comparison::NotEqual,
        b.compare(Comparison::Less, r, zero)?,
        b.compare(Comparison::Less, y, zero)?,
    )?;
    let moved = b.and(b.compare(Comparison::NotEqual, r, zero)?, crossed)?;
    let r = b.select(moved, b.add(r, y)?, r)?;
    Ok(b.convert(r, b.element(lhs))?)
}

fn clamp(cx: &Context<'_>, d: &ClampOpIr) -> Emitted {
    let b = &cx.b;
    let x = cx.get(&d.tensor)?;
    let element = b.element(x);
    if element.is_float() {
        // 16-bit floats are compared with limits that are not rounded to their type.
        let x = cx.wide(x)?;
        let (low, high) = (float(d.min), float(d.max));
        let y = if low.is_nan() || high.is_nan() {
            b.splat_like(f64::NAN, x)?
        } else {
            limited(cx, x, b.splat_like(low, x)?, b.splat_like(high, x)?)?
        };
        return cx.set_as(&d.out, y);
    }
    let x = widened(cx, x, &[d.min, d.max])?.unwrap_or(x);
    let low = cx.filled(d.min, b.element(x), &[])?;
    let high = cx.filled(d.max, b.element(x), &[])?;
    cx.set_as(&d.out, b.clamp(low, x, high)?)
}

fn limit(cx: &Context<'_>, d: &ScalarOpIr, kind: BinaryKind) -> Emitted {
    let b = &cx.b;
    let x = cx.get_wide(&d.lhs)?;
    let x = widened(cx, x, &[d.rhs])?.unwrap_or(x);
    let value = cx.scalar_like(d.rhs, x)?;
    if !b.element(x).is_float() {
        return cx.set_as(&d.out, b.binary(kind, x, value)?);
    }
    if float(d.rhs).is_nan() {
        return cx.set_as(&d.out, value);
    }
    let within = match kind {
        BinaryKind::Maximum => Comparison::LessEqual,
        _ => Comparison::GreaterEqual,
    };
    cx.set_as(&d.out, b.select(b.compare(within, x, value)?, value, x)?)
}

fn pad(cx: &Context<'_>, d: &PadOpIr) -> Emitted {
    let b = &cx.b;
    let x = cx.get(&d.input)?;
    let element = b.element(x);
    if let PadModeIr::Constant(value) = d.mode {
        // Burn passes the value through a f32.
        let value = ScalarIr::Float(f64::from(float(value) as f32));
        let value = cx.filled(value, element, &[])?;
        let side = |of: fn(&(usize, usize)) -> usize| {
            d.padding.iter().map(|p| of(p) as i64).collect::<Vec<_>>()
        };
        let none = vec![0; d.padding.len()];
        return cx.set(&d.out, b.pad(x, value, &side(|p| p.0), &side(|p| p.1), &none)?);
    }
    let mut y = x;
    for (dim, &(before, after)) in d.padding.iter().enumerate() {
        let size = b.dims(y)[dim];
        let part = |from: usize, count: usize, repeat: usize| -> Emitted<Value> {
            if from + count > size {
                return unsupported(format!("padding {before}, {after} of a dimension of {size}"));
            }
            let part = b.slice_dim(y, dim, from, count)?;
            if matches!(d.mode, PadModeIr::Reflect) {
                return Ok(b.reverse(part, &[dim])?);
            }
            let mut dims = b.dims(part);
            dims[dim] = repeat;
            Ok(b.broadcast_to(part, &dims)?)
        };
        let reflect = matches!(d.mode, PadModeIr::Reflect);
        let mut parts = Vec::new();
        if before > 0 {
            parts.push(if reflect { part(1, before, 0)? } else { part(0, 1, before)? });
        }
        parts.push(y);
        if after > 0 {
            let Some(start) = size.checked_sub(if reflect { after + 1 } else { 1 }) else {
                return unsupported(format!("padding {before}, {after} of a dimension of {size}"));
            };
            parts.push(if reflect { part(start, after, 0)? } else { part(start, 1, after)? });
        }
        y = b.concatenate(&parts, dim)?;
    }
    cx.set(&d.out, y)
}

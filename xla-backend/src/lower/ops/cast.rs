//! Conversions between dtypes, as Rust's `as` has them.

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{Comparison, ElementType, UnaryKind, Value};

/// Converts elements: floats to integers towards zero and saturating (NaN to 0), integers to
/// narrower ones wrapping, truth values to 0 and 1, numbers to whether they differ from 0.
pub(crate) fn cast(cx: &Context<'_>, x: Value, to: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    let from = b.element(x);
    if from == to {
        return Ok(x);
    }
    if to == ElementType::Bool {
        return Ok(b.compare(Comparison::NotEqual, x, b.splat_like(0.0, x)?)?);
    }
    let Some((low, high)) = to.int_range().filter(|_| from.is_float()) else {
        return Ok(b.convert(x, to)?);
    };
    let x = cx.wide(x)?;
    let dims = b.dims(x);
    // 2^31 and its like are floats, but 2^31 - 1 need not be: compare with the first value that
    // is too large.
    let too_high = b.compare(Comparison::GreaterEqual, x, b.splat_like((high + 1) as f64, x)?)?;
    let too_low = b.compare(Comparison::LessEqual, x, b.splat_like(low as f64, x)?)?;
    let nan = b.is_nan(x)?;
    let zero = b.splat_like(0.0, x)?;
    let outside = b.or(b.or(too_high, too_low)?, nan)?;
    let safe = b.convert(b.select(outside, zero, x)?, to)?;
    let y = b.select(too_high, b.splat_int(high, to, &dims)?, safe)?;
    Ok(b.select(too_low, b.splat_int(low, to, &dims)?, y)?)
}

/// Towards zero: the floor of positive, the ceiling of negative numbers.
pub(crate) fn truncate(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    let negative = b.compare(Comparison::Less, x, b.splat_like(0.0, x)?)?;
    Ok(b.select(negative, b.unary(UnaryKind::Ceil, x)?, b.unary(UnaryKind::Floor, x)?)?)
}

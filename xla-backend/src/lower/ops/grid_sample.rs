//! Sampling of images at given points.

use burn_ir::{GridSample2dOpIr, GridSamplePaddingModeIr, InterpolateModeIr};

use super::sample::{Points, read};
use crate::lower::context::Context;
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{Comparison, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, d: &GridSample2dOpIr) -> Emitted {
    let b = &cx.b;
    let (image, grid) = (cx.get_wide(&d.tensor)?, cx.get_wide(&d.grid)?);
    let &[batch, channels, height, width] = &d.tensor.shape[..] else {
        return unsupported("the image has four dimensions");
    };
    if d.out.shape.contains(&0) || d.tensor.shape.contains(&0) {
        return cx.set_as(&d.out, b.splat(0.0, b.element(image), &d.out.shape)?);
    }
    let (rows, columns) = (d.out.shape[2], d.out.shape[3]);
    let points = [batch, rows * columns];
    let grid = b.reshape(grid, &[batch, rows * columns, 2])?;
    let coordinate = |i: usize, size: usize| -> Emitted<Value> {
        let v = b.reshape(b.slice_dim(grid, 2, i, 1)?, &points)?;
        let c = |value: f64| b.splat_like(value, v);
        let v = b.add(v, c(1.0)?)?;
        Ok(if d.options.align_corners {
            b.divide(b.multiply(v, c(size as f64 - 1.0)?)?, c(2.0)?)?
        } else {
            b.subtract(b.divide(b.multiply(v, c(size as f64)?)?, c(2.0)?)?, c(0.5)?)?
        })
    };
    let (x, y) = (coordinate(0, width)?, coordinate(1, height)?);
    let (x, y) = match d.options.padding_mode {
        GridSamplePaddingModeIr::Zeros => (x, y),
        GridSamplePaddingModeIr::Border => {
            let known = b.and(finite(cx, x)?, finite(cx, y)?)?;
            let within = |v: Value, size: usize| -> Emitted<Value> {
                let last = size as f64 - 1.0;
                let (low, high) = (b.scalar(0.0, b.element(v))?, b.scalar(last, b.element(v))?);
                Ok(b.select(known, b.clamp(low, v, high)?, b.splat_like(last / 2.0, v)?)?)
            };
            (within(x, width)?, within(y, height)?)
        }
        GridSamplePaddingModeIr::Reflection => {
            let known = b.and(finite(cx, x)?, finite(cx, y)?)?;
            let within = |v: Value, size: usize| -> Emitted<Value> {
                let reflected = reflect(cx, v, size, d.options.align_corners)?;
                Ok(b.select(known, reflected, v)?)
            };
            (within(x, width)?, within(y, height)?)
        }
    };
    let places = Points {
        image: b.reshape(image, &[batch, channels, height * width])?,
        height,
        width,
        clamped: !matches!(d.options.padding_mode, GridSamplePaddingModeIr::Zeros),
    };
    let y = match &d.options.mode {
        InterpolateModeIr::Nearest => {
            let (x, y) = (
                b.unary(UnaryKind::RoundNearestEven, x)?,
                b.unary(UnaryKind::RoundNearestEven, y)?,
            );
            read(cx, &places, y, x)?.0
        }
        InterpolateModeIr::Bilinear => {
            let (x0, y0) = (b.unary(UnaryKind::Floor, x)?, b.unary(UnaryKind::Floor, y)?);
            let one = b.splat_like(1.0, x)?;
            let (right, below) = (b.subtract(x, x0)?, b.subtract(y, y0)?);
            let (left, above) = (b.subtract(one, right)?, b.subtract(one, below)?);
            let (x1, y1) = (b.add(x0, one)?, b.add(y0, one)?);
            let mut sum = None;
            for (x, y, wx, wy) in [
                (x0, y0, left, above),
                (x0, y1, left, below),
                (x1, y0, right, above),
                (x1, y1, right, below),
            ] {
                let (value, _) = read(cx, &places, y, x)?;
                let weight = b.broadcast_in_dim(b.multiply(wx, wy)?, &b.dims(value), &[0, 1])?;
                let part = b.multiply(value, weight)?;
                sum = Some(match sum {
                    Some(sum) => b.add(sum, part)?,
                    None => part,
                });
            }
            match sum {
                Some(sum) => sum,
                None => return unsupported("bilinear sampling reads four pixels"),
            }
        }
        mode => return unsupported(format!("sampling by {mode:?}; Burn has none either")),
    };
    let y = b.transpose(y, &[0, 2, 1])?;
    cx.set_as(&d.out, b.reshape(y, &d.out.shape)?)
}

fn finite(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let b = &cx.b;
    let size = b.unary(UnaryKind::Abs, x)?;
    Ok(b.compare(Comparison::Less, size, b.splat_like(f64::INFINITY, x)?)?)
}

/// Folds a coordinate back and forth between the borders.
fn reflect(cx: &Context<'_>, x: Value, size: usize, align_corners: bool) -> Emitted<Value> {
    let b = &cx.b;
    let c = |value: f64| b.splat_like(value, x);
    let (low, high) =
        if align_corners { (0.0, size as f64 - 1.0) } else { (-0.5, size as f64 - 0.5) };
    let span = high - low;
    if span <= 0.0 {
        return Ok(c(low)?);
    }
    let away = b.unary(UnaryKind::Abs, b.subtract(x, c(low)?)?)?;
    let periods = b.unary(UnaryKind::Floor, b.divide(away, c(2.0 * span)?)?)?;
    let within = b.subtract(away, b.multiply(periods, c(2.0 * span)?)?)?;
    let folded = b.unary(UnaryKind::Abs, b.subtract(within, c(span)?)?)?;
    Ok(b.add(b.subtract(c(span)?, folded)?, c(low)?)?)
}

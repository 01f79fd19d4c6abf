//! Resizing of images.

use std::f64::consts::PI;

use burn_ir::{InterpolateBackwardOpIr, InterpolateModeIr, InterpolateOpIr, InterpolateOptionsIr};

use super::resample::{Taps, gather_taps, scatter_taps};
use crate::lower::context::Context;
use crate::lower::error::{Emitted, unsupported};

pub(crate) fn forward(cx: &Context<'_>, d: &InterpolateOpIr) -> Emitted {
    let mut y = cx.get_wide(&d.x)?;
    if d.out.shape.contains(&0) {
        return cx.set_as(&d.out, cx.b.splat(0.0, cx.b.element(y), &d.out.shape)?);
    }
    for (axis, &size) in d.output_size.iter().enumerate() {
        let taps = taps(d.x.shape[axis + 2], size, &d.options)?;
        y = gather_taps(cx, y, axis + 2, &taps)?;
    }
    cx.set_as(&d.out, y)
}

pub(crate) fn backward(cx: &Context<'_>, d: &InterpolateBackwardOpIr) -> Emitted {
    let mut y = cx.get_wide(&d.grad)?;
    if d.out.shape.contains(&0) || d.grad.shape.contains(&0) {
        return cx.set_as(&d.out, cx.b.splat(0.0, cx.b.element(y), &d.out.shape)?);
    }
    for (axis, &size) in d.output_size.iter().enumerate() {
        let from = d.x.shape[axis + 2];
        let taps = taps(from, size, &d.options)?;
        y = scatter_taps(cx, y, axis + 2, from, &taps)?;
    }
    cx.set_as(&d.out, y)
}

/// Where each of `out` elements is read among `size`.
fn taps(size: usize, out: usize, options: &InterpolateOptionsIr) -> Emitted<Taps> {
    let Some(last) = size.checked_sub(1) else {
        return unsupported("an empty image has no resized one");
    };
    let align = options.align_corners;
    let ratio = if align {
        last as f64 / out.saturating_sub(1).max(1) as f64
    } else {
        size as f64 / out as f64
    };
    let position = |o: usize| {
        if align { o as f64 * ratio } else { (o as f64 + 0.5) * ratio - 0.5 }
    };
    let nearest = |o: usize, shift: f64| {
        let index = ((o as f64 + shift) * (size as f64 / out as f64)).floor() as usize;
        vec![(index.min(last), 1.0)]
    };
    let row = |o: usize| match options.mode {
        InterpolateModeIr::Nearest => nearest(o, 0.0),
        InterpolateModeIr::NearestExact => nearest(o, 0.5),
        InterpolateModeIr::Bilinear => {
            let at = position(o);
            let low = (at.floor().max(0.0) as usize).min(last);
            let weight = (at - low as f64).max(0.0);
            vec![(low, 1.0 - weight), ((low + 1).min(last), weight)]
        }
        InterpolateModeIr::Bicubic => {
            let at = position(o);
            (-1..=2)
                .map(|offset: isize| {
                    let index = (at.floor() as isize + offset).clamp(0, last as isize);
                    (index as usize, cubic(at - at.floor() - offset as f64))
                })
                .collect()
        }
        InterpolateModeIr::Lanczos3 => {
            let at = position(o);
            let mut row: Vec<_> = (-2..=3)
                .map(|offset: isize| (at.floor() as isize + offset, offset))
                .filter(|&(index, _)| (0..size as isize).contains(&index))
                .map(|(index, _)| (index as usize, lanczos(at - index as f64)))
                .collect();
            let sum: f64 = row.iter().map(|tap| tap.1).sum();
            if sum != 0.0 {
                for tap in &mut row {
                    tap.1 /= sum;
                }
            }
            row
        }
    };
    Ok((0..out).map(row).collect())
}

/// Keys' cubic kernel with `a = -3/4`.
fn cubic(distance: f64) -> f64 {
    let (a, t) = (-0.75, distance.abs());
    if t < 1.0 {
        ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
    } else if t < 2.0 {
        ((a * t - 5.0 * a) * t + 8.0 * a) * t - 4.0 * a
    } else {
        0.0
    }
}

/// `sinc(x) sinc(x / 3)` within 3.
fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.abs() >= 3.0 {
        0.0
    } else {
        (PI * x).sin() * (PI * x / 3.0).sin() / (PI * x * (PI * x / 3.0))
    }
}

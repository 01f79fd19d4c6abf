//! Weights of old positions in new ones, along one axis of a grid.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::kinds::Interpolation;

/// The matrix `[to, from]` that resamples an axis of `from` positions to one of `to`.
pub(crate) fn matrix(by: Interpolation, from: usize, to: usize, on: (&Device, DType)) -> Tensor<2> {
    let of_row: fn(usize, usize, &mut [f64]) = match by {
        Interpolation::Bilinear => corners,
        Interpolation::Bicubic => bicubic,
        Interpolation::BicubicAntialias => {
            |i, to, row| antialias(i, to, row, 2.0, |x| cubic(x, -0.5))
        }
        Interpolation::BilinearAntialias => |i, to, row| antialias(i, to, row, 1.0, triangle),
        Interpolation::BilinearEdges => edges,
    };
    of_rows(of_row, from, to, on)
}

/// The matrix `[to, from]` whose rows `of_row` fills: it gets the row's number, the number of rows, and
/// zeros.
pub(crate) fn of_rows(
    of_row: fn(usize, usize, &mut [f64]),
    from: usize,
    to: usize,
    on: (&Device, DType),
) -> Tensor<2> {
    let mut weights = vec![0f64; to * from];
    for (i, row) in weights.chunks_mut(from).enumerate() {
        of_row(i, to, row);
    }
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight as f32).collect();
    Tensor::from_data(TensorData::new(weights, [to, from]), on)
}

/// Linear weights of the old positions in the new position `i` of `to`, edges onto edges.
fn corners(i: usize, to: usize, row: &mut [f64]) {
    let last = row.len() - 1;
    let at = if to > 1 { i as f64 * last as f64 / (to - 1) as f64 } else { 0.0 };
    between(at, row);
}

/// Linear weights of the two old positions around `at`.
fn between(at: f64, row: &mut [f64]) {
    let last = row.len() - 1;
    let low = (at.floor() as usize).min(last);
    row[low] += 1.0 - (at - low as f64);
    row[(low + 1).min(last)] += at - low as f64;
}

/// Cubic weights of the old positions in the new position `i` of `to`.
fn bicubic(i: usize, to: usize, row: &mut [f64]) {
    let last = row.len() - 1;
    let at = (i as f64 + 0.5) * row.len() as f64 / to as f64 - 0.5;
    let low = at.floor();
    for tap in -1..=2 {
        let old = low + f64::from(tap);
        // Beyond the edge the outermost position counts again.
        row[(old.max(0.0) as usize).min(last)] += cubic(at - old, -0.75);
    }
}

/// Linear weights of the old positions in the new position `i` of `to`.
fn edges(i: usize, to: usize, row: &mut [f64]) {
    let last = row.len() - 1;
    // Beyond the edge the outermost position counts again.
    let at = ((i as f64 + 0.5) * row.len() as f64 / to as f64 - 0.5).clamp(0.0, last as f64);
    between(at, row);
}

/// Weights of the old positions in the new position `i` of `to`, over as many of them as the new one
/// covers: those of a kernel that ends `reach` positions from its centre.
fn antialias(i: usize, to: usize, row: &mut [f64], reach: f64, kernel: impl Fn(f64) -> f64) {
    let scale = row.len() as f64 / to as f64;
    let centre = (i as f64 + 0.5) * scale;
    // Where the grid shrinks, the kernel covers as many more old positions.
    let stretch = scale.max(1.0);
    let first = ((centre - reach * stretch + 0.5).max(0.0)) as usize;
    let end = ((centre + reach * stretch + 0.5) as usize).min(row.len());
    for (old, weight) in row.iter_mut().enumerate().take(end).skip(first) {
        *weight = kernel((old as f64 - centre + 0.5) / stretch);
    }
    // Beyond the edge there is nothing to count.
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|weight| *weight /= sum);
}

/// The kernel of linear interpolation.
fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// Keys' cubic convolution kernel.
fn cubic(x: f64, a: f64) -> f64 {
    match x.abs() {
        x if x < 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        x if x < 2.0 => ((x - 5.0) * x + 8.0) * x * a - 4.0 * a,
        _ => 0.0,
    }
}

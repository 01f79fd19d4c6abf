//! Positions of patches, and their resampling to other grids.

use core::f64::consts::PI;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::interpolation::matrix;
use super::kinds::Interpolation;
use crate::error::{ConfigError, check, ensure_valid, nearest_multiple};

/// Fixed positions of a grid of patches: sines and cosines of column, then of row, a quarter of the
/// width each.
///
/// # Shapes
///
/// - output: `[gh * gw, d]`, where `d` is a multiple of 4 from 8 on
///
/// # Panics
///
/// If the width is another.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::layers::sin_cos_2d;
///
/// assert_eq!(sin_cos_2d([2, 3], 12, &Device::flex()).dims(), [6, 12]);
/// ```
///
/// # Reference
///
/// MoCo v3's form, as big_vision computes it: `ω_i = 10000^(-i / (d/4 - 1))`.
pub fn sin_cos_2d(grid: [usize; 2], width: usize, device: &Device) -> Tensor<2> {
    ensure_valid(check_sin_cos_width(width));
    sines_and_cosines(grid, width / 4, (width / 4 - 1) as f64, device)
}

/// [`sin_cos_2d`] with the frequencies of MAE and AIMv2, of which the last is not 1 / 10000.
///
/// # Shapes
///
/// - output: `[gh * gw, d]`, where `d` is a multiple of 4
///
/// # Panics
///
/// If the width is another.
///
/// # Reference
///
/// MAE's `pos_embed.py`: `ω_i = 10000^(-i / (d/4))`.
pub fn sin_cos_2d_mae(grid: [usize; 2], width: usize, device: &Device) -> Tensor<2> {
    assert!(
        width >= 4 && width.is_multiple_of(4),
        "width = {width} is not valid: a multiple of 4, for sine and cosine of row and column"
    );
    sines_and_cosines(grid, width / 4, (width / 4) as f64, device)
}

/// Sine and cosine of column and of row for `count` frequencies, `ω_i = 10000^(-i / steps)`.
fn sines_and_cosines(
    [rows, columns]: [usize; 2],
    count: usize,
    steps: f64,
    device: &Device,
) -> Tensor<2> {
    let width = 4 * count;
    let omega: Vec<f64> = (0..count).map(|i| 10_000f64.powf(-(i as f64) / steps)).collect();
    let mut values = Vec::with_capacity(rows * columns * width);
    for row in 0..rows {
        for column in 0..columns {
            for (at, phase) in [(column, 0.0), (column, PI / 2.0), (row, 0.0), (row, PI / 2.0)] {
                values.extend(omega.iter().map(|omega| (at as f64 * omega + phase).sin() as f32));
            }
        }
    }
    Tensor::from_data(TensorData::new(values, [rows * columns, width]), device)
}

/// Whether a width has room for the sines and cosines of [`sin_cos_2d`].
pub(crate) fn check_sin_cos_width(width: usize) -> Result<(), ConfigError> {
    let valid = width >= 8 && width.is_multiple_of(4);
    let rule = || "a multiple of 4 from 8 on, for sine and cosine of row and column".into();
    check("width", width, valid, rule, || nearest_multiple(width, 4).max(8))
}

/// Resamples learned positions from one grid to another.
///
/// Each axis is a product with a small matrix, so that gradients pass and any grid will do. Positions
/// in half precision are resampled in f32.
///
/// # Shapes
///
/// - positions: `[from[0] * from[1], d]`
/// - output: `[to[0] * to[1], d]`
///
/// # Panics
///
/// If there are other than `from[0] * from[1]` positions, or a grid has no rows or no columns.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{Interpolation, resample};
///
/// let positions = Tensor::<2>::ones([4, 8], &Device::flex());
/// assert_eq!(resample(positions, [2, 2], [3, 5], Interpolation::Bilinear).dims(), [15, 8]);
/// ```
///
/// # Reference
///
/// [`Interpolation::Bilinear`] is big_vision's `resample_posemb`, which is `scipy.ndimage.zoom` of
/// order 1; the others are PyTorch's `interpolate`, with `antialias` where their names say so.
pub fn resample(
    positions: Tensor<2>,
    from: [usize; 2],
    to: [usize; 2],
    by: Interpolation,
) -> Tensor<2> {
    let [count, d] = positions.dims();
    assert!(
        count == from[0] * from[1],
        "positions: axis 0 expected {} for a grid of {from:?}, got {count}",
        from[0] * from[1]
    );
    assert!(
        [from, to].as_flattened().iter().all(|&side| side > 0),
        "a grid of positions has at least one row and one column, got {from:?} and {to:?}"
    );
    if from == to {
        return positions;
    }
    let (device, dtype) = (positions.device(), positions.dtype());
    // In half precision the sums would lose digits that the positions have.
    let wide = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let positions = if dtype == wide { positions } else { positions.cast(wide) };
    let [rows, columns] = [0, 1].map(|axis| matrix(by, from[axis], to[axis], (&device, wide)));
    let rows = rows.matmul(positions.reshape([from[0], from[1] * d]));
    let between = rows.reshape([to[0], from[1], d]);
    let new = columns.unsqueeze::<3>().matmul(between).reshape([to[0] * to[1], d]);
    if dtype == wide { new } else { new.cast(dtype) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 4 and 5 of big_vision's `posemb_sincos_2d(2, 3, 12)`.
    #[test]
    fn sines_and_cosines_are_those_of_big_vision() {
        let got = sin_cos_2d([2, 3], 12, &Device::flex()).narrow(0, 4, 2).into_data();
        for (got, expected) in got.iter::<f32>().zip(BIG_VISION) {
            approx::assert_abs_diff_eq!(got, expected, epsilon = 2e-6);
        }
    }

    #[test]
    fn resampling_keeps_a_plane_a_plane() {
        // Row plus ten times column; with twice as many steps between the corners, half of each.
        let plane = |[rows, columns]: [usize; 2], step: f32| -> Vec<f32> {
            let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            cells.map(|(row, column)| step * (row as f32 + 10.0 * column as f32)).collect()
        };
        let data = TensorData::new(plane([3, 5], 1.0), [15, 1]);
        let positions = Tensor::from_data(data, &Device::flex());
        let got = resample(positions, [3, 5], [5, 9], Interpolation::Bilinear);
        let got: Vec<f32> = got.into_data().try_to_vec().unwrap();
        let expected = plane([5, 9], 0.5);
        for (got, expected) in got.iter().zip(expected) {
            approx::assert_abs_diff_eq!(*got, expected, epsilon = 1e-5);
        }
    }

    const BIG_VISION: [f32; 24] = [
        0.841471, 0.01, 0.0001, 0.540302, 0.99995, 1.0, 0.841471, 0.01, 0.0001, 0.540302, 0.99995,
        1.0, 0.909297, 0.019999, 0.0002, -0.416147, 0.9998, 1.0, 0.841471, 0.01, 0.0001, 0.540302,
        0.99995, 1.0,
    ];
}

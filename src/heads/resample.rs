//! Maps in other sizes.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::layers::Interpolation;
use crate::layers::interpolation::{matrix, of_rows};

/// Which points of two maps of different sizes lie upon each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corners {
    /// The centres of the corner cells: PyTorch's `align_corners=True`. DPT doubles its maps so.
    Aligned,
    /// The outer edges of the corner cells: PyTorch's `align_corners=False`. Segmenter and UPerNet
    /// bring their logits to the size of the image so.
    Edges,
}

/// Changes the size of maps by linear interpolation in both axes.
///
/// Each axis is a product with a small matrix, so that gradients pass and any size will do. Nothing is
/// smoothed where a map shrinks.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::{Corners, Resample2d};
///
/// let map = Tensor::<4>::from_data([[[[0.0, 3.0]]]], &Device::flex());
/// let row = |corners| -> Vec<f32> {
///     let wide = Resample2d::new(corners).forward(map.clone(), [1, 4]);
///     wide.into_data().try_to_vec().unwrap()
/// };
/// assert_eq!(row(Corners::Aligned), [0.0, 1.0, 2.0, 3.0]);
/// assert_eq!(row(Corners::Edges), [0.0, 0.75, 2.25, 3.0]);
/// ```
///
/// # Reference
///
/// PyTorch's `interpolate` of mode `bilinear`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resample2d {
    corners: Corners,
}

impl Resample2d {
    /// A resampling by this rule.
    pub const fn new(corners: Corners) -> Self {
        Self { corners }
    }

    /// The maps in the size `[height, width]`.
    ///
    /// # Shapes
    ///
    /// - map: `[b, c, h, w]`
    /// - output: `[b, c, size[0], size[1]]`
    ///
    /// # Panics
    ///
    /// If a size is 0.
    pub fn forward(&self, map: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        let [_, _, height, width] = map.dims();
        assert!(
            [height, width, size[0], size[1]].iter().all(|side| *side > 0),
            "map: axes 2 and 3 expected at least one row and one column to resample, got {height} x {width} \
             to be {} x {}",
            size[0],
            size[1]
        );
        let by = match self.corners {
            Corners::Aligned => Interpolation::Bilinear,
            Corners::Edges => Interpolation::BilinearEdges,
        };
        along_axes(map, size, |from, to, on| matrix(by, from, to, on))
    }
}

/// The means of maps over `size` by `size` regions that cover them: PyTorch's `adaptive_avg_pool2d`. Where
/// regions do not fit evenly, they overlap.
pub(super) fn adaptive_average(map: Tensor<4>, size: usize) -> Tensor<4> {
    let region = |i: usize, to: usize, row: &mut [f64]| {
        let (start, end) = (i * row.len() / to, ((i + 1) * row.len()).div_ceil(to));
        row[start..end].fill(1.0 / (end - start) as f64);
    };
    along_axes(map, [size, size], |from, to, on| of_rows(region, from, to, on))
}

/// Multiplies each axis of maps whose length changes by a matrix.
fn along_axes(
    map: Tensor<4>,
    [to_height, to_width]: [usize; 2],
    matrix: impl Fn(usize, usize, (&burn::tensor::Device, burn::tensor::DType)) -> Tensor<2>,
) -> Tensor<4> {
    let [b, c, height, width] = map.dims();
    let (device, dtype) = (map.device(), map.dtype());
    let map = match width == to_width {
        true => map,
        false => {
            let columns = matrix(width, to_width, (&device, dtype)).transpose();
            map.reshape([b * c * height, width]).matmul(columns).reshape([b, c, height, to_width])
        }
    };
    match height == to_height {
        true => map,
        false => {
            let rows = matrix(height, to_height, (&device, dtype)).transpose();
            let map = map.swap_dims(2, 3).reshape([b * c * to_width, height]);
            map.matmul(rows).reshape([b, c, to_width, to_height]).swap_dims(2, 3)
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::adaptive_avg_pool2d;
    use burn::tensor::{Device, TensorData, Tolerance};

    use super::*;

    fn map(shape: [usize; 4]) -> Tensor<4> {
        let mut rng = fastrand::Rng::with_seed(3);
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| rng.f32() - 0.5).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    /// The value at a place that may lie between cells, by the definition.
    fn at(map: &[f32], [height, width]: [usize; 2], y: f64, x: f64) -> f64 {
        let (y, x) = (y.clamp(0.0, height as f64 - 1.0), x.clamp(0.0, width as f64 - 1.0));
        let (top, left) = (y.floor() as usize, x.floor() as usize);
        let cell = |row: usize, column: usize| {
            f64::from(map[row.min(height - 1) * width + column.min(width - 1)])
        };
        let (down, right) = (y - top as f64, x - left as f64);
        let row = |row| cell(row, left) * (1.0 - right) + cell(row, left + 1) * right;
        row(top) * (1.0 - down) + row(top + 1) * down
    }

    #[test]
    fn each_rule_follows_its_definition() {
        for (from, to) in [([3, 4], [7, 9]), ([5, 2], [3, 2]), ([1, 6], [4, 1]), ([4, 4], [1, 12])]
        {
            let source = map([1, 1, from[0], from[1]]);
            let values: Vec<f32> = source.clone().into_data().try_to_vec().unwrap();
            for corners in [Corners::Aligned, Corners::Edges] {
                let place = |i: usize, axis: usize| match corners {
                    Corners::Aligned if to[axis] == 1 => 0.0,
                    Corners::Aligned => (i * (from[axis] - 1)) as f64 / (to[axis] - 1) as f64,
                    Corners::Edges => (i as f64 + 0.5) * from[axis] as f64 / to[axis] as f64 - 0.5,
                };
                let got = Resample2d::new(corners).forward(source.clone(), to).into_data();
                for (index, got) in got.iter::<f64>().enumerate() {
                    let (row, column) = (index / to[1], index % to[1]);
                    let expected = at(&values, from, place(row, 0), place(column, 1));
                    // Two products of f32.
                    approx::assert_abs_diff_eq!(got, expected, epsilon = 2e-7);
                }
            }
        }
    }

    #[test]
    fn regions_are_those_of_adaptive_pooling() {
        for (shape, size) in [([2, 3, 7, 5], 3), ([1, 2, 2, 3], 6), ([1, 2, 6, 6], 1)] {
            let source = map(shape);
            let expected = adaptive_avg_pool2d(source.clone(), [size, size]).into_data();
            let got = adaptive_average(source, size).into_data();
            got.assert_approx_eq::<f32>(&expected, Tolerance::absolute(2e-7));
        }
    }

    #[test]
    #[should_panic(expected = "got 0 x 4 to be 3 x 3")]
    fn a_map_of_nothing_is_refused() {
        let map = Tensor::<4>::zeros([1, 2, 0, 4], &Device::flex());
        Resample2d::new(Corners::Edges).forward(map, [3, 3]);
    }
}

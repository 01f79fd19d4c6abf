//! BEiT's positions: a learned number for each head and each offset of two patches, added to the
//! logits of attention.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::interpolation::matrix;
use super::kinds::Interpolation;
use super::token_grid::TokenGrid;

/// Rows of the table for the class token: from it to patches, from patches to it, to itself.
const OF_CLASS_TOKEN: usize = 3;

/// Number of rows in the table of a grid: one for each offset of rows and columns, and three for the
/// class token.
pub(crate) fn relative_bias_rows(grid: [usize; 2]) -> usize {
    let [rows, columns] = offsets(grid);
    rows * columns + OF_CLASS_TOKEN
}

/// How many offsets there are between two rows, and between two columns.
fn offsets(grid: [usize; 2]) -> [usize; 2] {
    grid.map(|side| 2 * side - 1)
}

/// Resamples a table of relative position biases from one grid to another: linearly, edges onto
/// edges; the rows of the class token stay as they are.
///
/// # Shapes
///
/// - table: `[(2 from[0] - 1) (2 from[1] - 1) + 3, h]`
/// - output: `[(2 to[0] - 1) (2 to[1] - 1) + 3, h]`
///
/// # Panics
///
/// If the table has another number of rows.
///
/// # Reference
///
/// transformers' `BeitRelativePositionBias`.
pub fn resample_relative_bias(table: Tensor<2>, from: [usize; 2], to: [usize; 2]) -> Tensor<2> {
    let [count, heads] = table.dims();
    let expected = relative_bias_rows(from);
    assert!(
        count == expected,
        "table: axis 0 expected {expected} for a grid of {from:?}, got {count}"
    );
    if from == to {
        return table;
    }
    let (device, dtype) = (table.device(), table.dtype());
    let table = table.cast(DType::F32);
    let ([rows, columns], [new_rows, new_columns]) = (offsets(from), offsets(to));
    let patches = table.clone().narrow(0, 0, rows * columns);
    let on = (&device, DType::F32);
    let along = |from, to| matrix(Interpolation::BilinearEdges, from, to, on);
    let by_row = along(rows, new_rows).matmul(patches.reshape([rows, columns * heads]));
    let by_column = along(columns, new_columns).unsqueeze::<3>();
    let patches = by_column.matmul(by_row.reshape([new_rows, columns, heads]));
    let patches = patches.reshape([new_rows * new_columns, heads]);
    let class = table.narrow(0, rows * columns, OF_CLASS_TOKEN);
    Tensor::cat(vec![patches, class], 0).cast(dtype)
}

/// A learned number for each head and each offset between two patches, which is added to the logits
/// of attention.
#[derive(Module, Debug)]
pub struct RelativeBias {
    /// `[(2 gh - 1) (2 gw - 1) + 3, h]`: a row for each offset of rows and columns from the most
    /// negative on, then three for the class token: from it to patches, from patches to it, and to
    /// itself.
    pub table: Param<Tensor<2>>,
    grid: [usize; 2],
}

burn_trace::impl_tensor_tree!(RelativeBias);

impl RelativeBias {
    /// Zeros for a grid.
    pub(super) fn new(grid: [usize; 2], num_heads: usize, device: &Device) -> Self {
        let table = Initializer::Zeros.init([relative_bias_rows(grid), num_heads], device);
        Self { table, grid }
    }

    /// The biases of all pairs of tokens, resampled if the grid is not that of the table.
    ///
    /// # Shapes
    ///
    /// - output: `[1, h, n, n]`
    ///
    /// # Panics
    ///
    /// If there is not one token before the patches.
    pub(super) fn forward(&self, tokens: &TokenGrid) -> Tensor<4> {
        assert!(
            tokens.prefix == 1,
            "relative position biases are for one token before the patches, got {}",
            tokens.prefix
        );
        let table = resample_relative_bias(self.table.val(), self.grid, tokens.grid);
        let [_, heads] = table.dims();
        let index = index(tokens.grid);
        let count = tokens.grid[0] * tokens.grid[1] + 1;
        let index = TensorData::new(index, [count * count]);
        let index = Tensor::<1, Int>::from_data(index, &table.device());
        let biases = table.select(0, index).reshape([count, count, heads]);
        biases.permute([2, 0, 1]).unsqueeze()
    }
}

/// The row of the table for each pair of tokens, the class token first.
fn index([rows, columns]: [usize; 2]) -> Vec<i64> {
    let [row_offsets, column_offsets] = offsets([rows, columns]);
    let class = (row_offsets * column_offsets) as i64;
    let patches = rows * columns;
    let mut index = Vec::with_capacity((patches + 1) * (patches + 1));
    index.push(class + 2);
    index.resize(patches + 1, class);
    for one in 0..patches {
        index.push(class + 1);
        for other in 0..patches {
            let row = one / columns + rows - 1 - other / columns;
            let column = one % columns + columns - 1 - other % columns;
            index.push((row * column_offsets + column) as i64);
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_the_row_of_its_offset() {
        // One row of two patches: offsets -1, 0 and 1, then the class token's three.
        assert_eq!(index([1, 2]), [5, 3, 3, 4, 1, 0, 4, 2, 1]);
        // The last patch of 2 x 3 to the first one: a row down, two columns to the right.
        assert_eq!(index([2, 3])[6 * 7 + 1], 2 * 5 + 4);
    }

    #[test]
    fn resampling_keeps_the_middle_and_the_class_token() {
        let device = Device::flex();
        let values: Vec<f32> = (0..6).map(|value| value as f32).collect();
        let table = Tensor::from_data(TensorData::new(values, [6, 1]), &device);
        let got = resample_relative_bias(table, [1, 2], [1, 3]);
        // Five offsets on the places of three, edges onto edges: 0, 0.4, 1, 1.6, 2.
        let got: Vec<f32> = got.into_data().try_to_vec().unwrap();
        for (got, expected) in got.iter().zip([0.0, 0.4, 1.0, 1.6, 2.0, 3.0, 4.0, 5.0]) {
            approx::assert_abs_diff_eq!(*got, expected, epsilon = 1e-6);
        }
    }
}

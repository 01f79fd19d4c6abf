//! Tokens of patches by the cells of a grid.

use burn::tensor::Tensor;

/// The means of the tokens of patches, `[b, rows · columns, d]`, in each of up to `most` × `most` cells: `[b, cells · d]`.
pub(super) fn means_of_cells(
    patches: Tensor<3>,
    [rows, columns]: [usize; 2],
    most: usize,
) -> Tensor<2> {
    let [b, _, d] = patches.dims();
    let [down, right] = [rows, columns].map(|side| cells(side, most));
    let patches = patches.reshape([b, down, rows / down, right, columns / right, d]);
    patches.mean_dim(4).mean_dim(2).reshape([b, down * right * d])
}

/// The most rows or columns of cells that a side of the grid can be cut into.
fn cells(side: usize, most: usize) -> usize {
    (1..=most).rev().find(|cells| side.is_multiple_of(*cells)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_cut_into_whole_cells() {
        assert_eq!([1, 2, 7, 8, 14].map(|side| cells(side, 2)), [1, 2, 1, 2, 2]);
    }
}

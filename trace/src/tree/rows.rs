//! Batches as trees: some of their rows, and copies on another device.

use std::any::Any;

use burn::tensor::Device;

use super::leaf::Leaf;
use super::source::Leaves;
use super::tensor_tree::{TensorTree, walk};
use crate::error::TreeError;

/// Some rows of a batch: of each tensor the same `count` entries of the first axis, from `first` on.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::rows;
///
/// let device = Device::flex();
/// let batch = (Tensor::<2>::zeros([6, 4], &device), Tensor::<1>::zeros([6], &device));
/// let (images, labels) = rows(&batch, 2, 3)?;
/// assert_eq!((images.dims(), labels.dims()), ([3, 4], [3]));
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
///
/// # Errors
///
/// [`TreeError`] if the tree does not rebuild what it shows.
///
/// # Panics
///
/// If a tensor has fewer rows.
pub fn rows<T: TensorTree>(batch: &T, first: usize, count: usize) -> Result<T, TreeError> {
    each(batch, |leaf| leaf.rows(first, count))
}

/// A copy of a tree on a device of Burn. Batches are made on the host; a model may be on a GPU.
///
/// # Errors
///
/// [`TreeError`] if the tree does not rebuild what it shows.
pub fn to_device<T: TensorTree>(tree: &T, device: &Device) -> Result<T, TreeError> {
    each(tree, |leaf| leaf.moved(device))
}

fn each<T: TensorTree>(tree: &T, f: impl Fn(&dyn Leaf) -> Box<dyn Any>) -> Result<T, TreeError> {
    let mut tensors = Vec::new();
    walk(tree, |_, leaf| tensors.push(f(leaf)))?;
    tree.rebuild(&mut Leaves::tensors(tensors))
}

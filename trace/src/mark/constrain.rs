//! Marks that say how tensors inside of a function are sharded.

use burn::tensor::Tensor;

use super::identity::identity;
use crate::mesh::Spec;
use crate::wire::Hint;

/// Has a tensor sharded by `spec`, and its gradient too, in a function that is compiled over a mesh. The
/// tensor is returned as it is.
///
/// # Errors of the compiler
///
/// An axis that the mesh does not have.
pub fn constrain<const D: usize>(tensor: Tensor<D>, spec: &Spec) -> Tensor<D> {
    both_ways(tensor, Hint::Constrain(spec.clone()))
}

/// As [`constrain`], by the spec that the [`Layout`](crate::mesh::Layout) has for this name, if it has one:
/// a function names the tensors whose sharding may matter, and a layout chooses it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::constrain_as;
/// use burn_trace::mesh::Layout;
///
/// // What is compiled by this layout has its `hidden` tensors cut along both dimensions.
/// let layout = Layout::replicated().with_names([("hidden".to_owned(), "data,model".parse()?)]);
/// let mlp = |x: Tensor<2>, w: Tensor<2>| constrain_as(x.matmul(w), "hidden").exp();
/// let device = Device::flex();
/// assert_eq!(mlp(Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)).dims(), [8, 4]);
/// # let _ = layout;
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
pub fn constrain_as<const D: usize>(tensor: Tensor<D>, name: &str) -> Tensor<D> {
    both_ways(tensor, Hint::ConstrainAs(name.to_owned()))
}

/// Marks a parameter at its point of use, so that a [`Layout`](crate::mesh::Layout) can gather it there. The
/// parameter is sharded as the layout stores the leaf at `path`, and then gathered over the axes of
/// [`Layout::with_gathered`](crate::mesh::Layout::with_gathered). Its gradient goes the other way: it is
/// computed with the sharding of the point of use, and then sharded as the leaf is stored. A path that no rule of the
/// layout covers is not sharded.
pub fn constrain_used<const D: usize>(tensor: Tensor<D>, path: &str) -> Tensor<D> {
    let stored = both_ways(tensor, Hint::ConstrainLeaf(path.to_owned()));
    both_ways(stored, Hint::ConstrainUsed(path.to_owned()))
}

/// The mark on the tensor and on its gradient.
fn both_ways<const D: usize>(tensor: Tensor<D>, hint: Hint) -> Tensor<D> {
    identity(tensor, hint.clone(), Some(hint))
}

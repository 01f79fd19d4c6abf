//! A constraint on how a tensor inside a function lies on the mesh.

use burn::tensor::Tensor;

use super::identity::identity;
use crate::mesh::Spec;
use crate::wire::Hint;

/// The same tensor, lying on the mesh as `spec` says; its gradient lies so as well.
///
/// It means something in a function that is compiled over a mesh. Everywhere else the tensor is
/// returned as it is.
///
/// # Errors of the program
///
/// An axis that the mesh does not have is an error where the function is compiled.
pub fn constrain<const D: usize>(tensor: Tensor<D>, spec: &Spec) -> Tensor<D> {
    both_ways(tensor, Hint::Constrain(spec.clone()))
}

/// As [`constrain`], by the spec that the [`Layout`](crate::mesh::Layout) has for this name: so a function
/// can say where a constraint may matter, and leave it to the layout which one it is. Where the
/// layout has none, the tensor is returned as it is.
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

/// A parameter where it is used, by the [`Layout`](crate::mesh::Layout): it lies as the leaf at this path,
/// then without the axes that the layout [gathers](crate::mesh::Layout::with_gathered). Its gradient goes the
/// same way back: computed as it lies where it is used, and kept where the leaf lies. Where the layout
/// does not cover the path, the tensor is returned as it is.
pub fn constrain_used<const D: usize>(tensor: Tensor<D>, path: &str) -> Tensor<D> {
    let stored = both_ways(tensor, Hint::ConstrainLeaf(path.to_owned()));
    both_ways(stored, Hint::ConstrainUsed(path.to_owned()))
}

/// The mark on the tensor and on its gradient.
fn both_ways<const D: usize>(tensor: Tensor<D>, hint: Hint) -> Tensor<D> {
    identity(tensor, hint.clone(), Some(hint))
}

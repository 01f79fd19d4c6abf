//! A constraint on how a tensor inside a function lies on the mesh.

use burn::tensor::Tensor;

use super::identity::identity;
use crate::mesh::Spec;
use crate::wire::{CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED};

/// The same tensor, lying on the mesh as `spec` says; its gradient lies so as well.
///
/// It means something in a function that is compiled over a mesh. Everywhere else the tensor is
/// returned as it is.
///
/// # Errors of the program
///
/// An axis that the mesh does not have is an error where the function is compiled.
pub fn constrain<const D: usize>(tensor: Tensor<D>, spec: &Spec) -> Tensor<D> {
    let id = format!("{CONSTRAIN}{spec}");
    identity(tensor, id.clone(), Some(id))
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
    let id = format!("{CONSTRAIN_AS}{name}");
    identity(tensor, id.clone(), Some(id))
}

/// A parameter where it is used, by the [`Layout`](crate::mesh::Layout): it lies as the leaf at this path,
/// then without the axes that the layout [gathers](crate::mesh::Layout::with_gathered). Its gradient goes the
/// same way back: computed as it lies where it is used, and kept where the leaf lies. Where the layout
/// does not cover the path, the tensor is returned as it is.
pub fn constrain_used<const D: usize>(tensor: Tensor<D>, path: &str) -> Tensor<D> {
    [CONSTRAIN_LEAF, CONSTRAIN_USED].into_iter().fold(tensor, |tensor, kind| {
        let id = format!("{kind}{path}");
        identity(tensor, id.clone(), Some(id))
    })
}

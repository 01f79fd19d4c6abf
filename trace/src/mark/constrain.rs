//! A constraint on how a tensor inside a function lies on the mesh.

use super::spec::Spec;
use crate::capture::identity;
use burn::tensor::Tensor;

/// What the name of the recorded operation begins with; the spec follows.
pub(crate) const CONSTRAIN: &str = "burn_xla.constrain ";
/// The same for a spec that the layout knows; its name follows.
pub(crate) const CONSTRAIN_AS: &str = "burn_xla.constrain_as ";

/// The same for the spec of a leaf, and for how it lies where it is used; its path follows.
pub(crate) const CONSTRAIN_LEAF: &str = "burn_xla.constrain_leaf ";
pub(crate) const CONSTRAIN_USED: &str = "burn_xla.constrain_used ";

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

/// As [`constrain`], by the spec that the [`Layout`](super::Layout) has for this name: so a function
/// can say where a constraint may matter, and leave it to the layout which one it is. Where the
/// layout has none, the tensor is returned as it is.
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_xla::Xla;
/// use burn_xla::mesh::{Layout, constrain_as};
///
/// # fn over_a_mesh() -> Xla { unimplemented!() }
/// let layout = Layout::replicated().with_names([("hidden".to_owned(), "data,model".parse()?)]);
/// let xla = over_a_mesh().with_layout(layout);
/// let mlp = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| constrain_as(x.matmul(w), "hidden").exp());
/// let device = Device::default();
/// mlp.call((Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn constrain_as<const D: usize>(tensor: Tensor<D>, name: &str) -> Tensor<D> {
    let id = format!("{CONSTRAIN_AS}{name}");
    identity(tensor, id.clone(), Some(id))
}

/// A parameter where it is used, by the [`Layout`](super::Layout): it lies as the leaf at this path,
/// then without the axes that the layout [gathers](super::Layout::with_gathered). Its gradient goes the
/// same way back: computed as it lies where it is used, and kept where the leaf lies. Where the layout
/// does not cover the path, the tensor is returned as it is.
pub fn constrain_used<const D: usize>(tensor: Tensor<D>, path: &str) -> Tensor<D> {
    [CONSTRAIN_LEAF, CONSTRAIN_USED].into_iter().fold(tensor, |tensor, kind| {
        let id = format!("{kind}{path}");
        identity(tensor, id.clone(), Some(id))
    })
}

//! Meshes of devices, and how tensors lie on them.
//!
//! A [`Mesh`] is a grid of devices with named axes. A [`Spec`] says by which axes each dimension of
//! a tensor is cut. A [`Layout`] is a rule that gives every leaf of a tree its spec.

mod axes;
pub(crate) mod cut;
mod error;
pub(crate) mod layout;
mod spec;

pub use axes::Mesh;
pub use error::MeshError;
pub use layout::Layout;
pub use spec::Spec;

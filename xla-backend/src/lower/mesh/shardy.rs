//! Meshes and specs as Shardy, XLA's dialect for shardings, writes them.

use burn_trace::mesh::{Mesh, Spec};

use crate::stablehlo;

/// The symbol of the mesh in programs.
const NAME: &str = "mesh";

/// The mesh as a program declares it.
pub(crate) fn mesh(mesh: &Mesh) -> stablehlo::Mesh {
    stablehlo::Mesh { name: NAME.to_owned(), axes: mesh.axes().to_vec() }
}

/// The sharding of a tensor of this rank.
pub(crate) fn sharding(spec: &Spec, rank: usize) -> stablehlo::Sharding {
    stablehlo::Sharding {
        mesh: NAME.to_owned(),
        dims: (0..rank).map(|dim| spec.axes(dim).to_vec()).collect(),
    }
}

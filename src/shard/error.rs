//! What can go wrong with a sharding.

use burn_trace::mesh::MeshError;
use thiserror::Error;

/// A sharding that does not fit a model or a mesh.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ShardError {
    /// Rules that do not cover the model's paths, or do not parse.
    #[error(transparent)]
    Rules(#[from] crate::params::RulesError),
    /// A spec that does not fit the mesh, or the shape of a parameter.
    #[error(transparent)]
    Mesh(#[from] MeshError),
}

//! What can go wrong with a forecast.

use thiserror::Error;

use crate::shard::ShardError;

/// A step whose cost cannot be told.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// The devices have too little memory for the step.
    #[error("the step does not fit in the memory of a device: {used}; what helps: {help}")]
    DoesNotFit {
        /// The compiler's words: what is used, what there is, by how much it is too much.
        used: String,
        /// What would take less.
        help: String,
    },
    /// A mesh of another size than the topology.
    #[error("the topology has {expected} devices, and the mesh {mesh} {got}; they must be as many")]
    Devices {
        /// The mesh.
        mesh: String,
        /// Devices of the topology.
        expected: usize,
        /// Devices of the mesh.
        got: usize,
    },
    /// A sharding that does not fit the model or the mesh.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A step that cannot be lowered or compiled.
    #[error(transparent)]
    Train(#[from] crate::train::TrainError),
    /// A compiled program that does not tell its cost.
    #[error(transparent)]
    Cost(#[from] burn_xla::cost::CostError),
    /// The plugin failed.
    #[error(transparent)]
    Pjrt(#[from] burn_xla::pjrt::PjrtError),
}

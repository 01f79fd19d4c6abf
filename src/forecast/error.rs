//! What can go wrong with a forecast.

use thiserror::Error;

use crate::shard::ShardError;

/// A step of which no forecast can be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// The step needs more memory than a device has.
    #[error("the step does not fit in the memory of a device: {used}; what helps: {help}")]
    DoesNotFit {
        /// GiB that the step takes, GiB that there are and the difference, in the compiler's numbers.
        used: String,
        /// Settings that would take less.
        help: String,
    },
    /// The mesh has another number of devices than the topology.
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
    /// A compiled program from which costs cannot be read.
    #[error(transparent)]
    Cost(#[from] burn_xla::cost::CostError),
    /// The plugin failed.
    #[error(transparent)]
    Pjrt(#[from] burn_xla::pjrt::PjrtError),
}

//! Why a cost is not known.

use crate::hlo::HloError;
use crate::pjrt::PjrtError;

/// A program whose cost cannot be estimated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// The optimised program could not be read.
    #[error(transparent)]
    Program(#[from] HloError),
    /// The plugin does not describe the program or the devices.
    #[error(transparent)]
    Plugin(#[from] PjrtError),
    /// A chip whose speeds are not known.
    #[error(
        "no speeds are known of the chip `{kind}`; expected one of {}",
        known.join(", ")
    )]
    Chip {
        /// Its name in the plugin.
        kind: String,
        /// The names of the chips whose speeds are known.
        known: Vec<&'static str>,
    },
    /// Devices without coordinates.
    #[error("the devices do not tell their coordinates; expected a topology of TPU chips")]
    NoCoordinates,
    /// The compiler made no estimates.
    #[error("the optimised program has no cycle estimates; expected one that libtpu compiled")]
    NoEstimates,
    /// A loop whose number of iterations is not a constant of the program.
    #[error("the loop {name} runs a number of times that cannot be read from its condition")]
    Trips {
        /// The name of the loop.
        name: String,
    },
}

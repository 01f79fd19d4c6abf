//! Why a cost is not known.

use crate::hlo::HloError;
use crate::pjrt::PjrtError;

/// A program or a machine whose cost cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// The optimised program could not be read.
    #[error(transparent)]
    Program(#[from] HloError),
    /// The plugin does not tell about the program or the devices.
    #[error(transparent)]
    Plugin(#[from] PjrtError),
    /// No speeds are known of this chip.
    #[error(
        "no speeds are known of the chip `{kind}`; expected one of {}",
        known.join(", ")
    )]
    Chip {
        /// What the plugin calls it.
        kind: String,
        /// What the plugins call the chips whose speeds are known.
        known: Vec<&'static str>,
    },
    /// The devices do not tell where they are.
    #[error("the devices do not tell their coordinates; expected a topology of TPU chips")]
    NoCoordinates,
    /// The compiler made no estimates.
    #[error("the optimised program has no cycle estimates; expected one that libtpu compiled")]
    NoEstimates,
    /// The rounds of a loop are not a number in the program.
    #[error("the loop {name} runs a number of times that cannot be read from its condition")]
    Trips {
        /// The name of the loop.
        name: String,
    },
}

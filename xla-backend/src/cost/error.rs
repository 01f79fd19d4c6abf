//! Why a cost is not known.

use crate::pjrt::PjrtError;

/// A program or a machine whose cost cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// The optimised program could not be read.
    #[error(transparent)]
    Program(#[from] PjrtError),
    /// No speeds are known of this chip.
    #[error(
        "no speeds are known of the chip `{kind}`; expected one of {}",
        super::Chip::ALL.map(|chip| chip.kind).join(", ")
    )]
    Chip {
        /// What the plugin calls it.
        kind: String,
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

//! What can go wrong with a linear probe.

use thiserror::Error;

use crate::probe::error::EmbedError;
use crate::train::TrainError;

/// A probe that cannot be fitted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Features, labels or settings that do not fit.
    #[error("{what}: expected {expected}, got {got}")]
    Input {
        /// The input.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What it was.
        got: String,
    },
    /// Features that cannot be made.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The training of the probe failed.
    #[error("training the probe: {0}")]
    Train(#[from] TrainError),
}

pub(super) fn input(what: &'static str, expected: String, got: String) -> ProbeError {
    ProbeError::Input { what, expected, got }
}

//! Why a program cannot be read.

/// A program that is no HLO module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the optimised program: expected a protocol buffer, got bytes that do not decode: {reason}; the plugin may be \
     newer than this crate"
)]
#[non_exhaustive]
pub struct HloError {
    /// What the decoder said.
    pub reason: String,
}

impl HloError {
    pub(super) fn new(reason: String) -> Self {
        Self { reason }
    }
}

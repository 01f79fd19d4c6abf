//! What can go wrong when an image is corrupted.

use thiserror::Error;

/// A corruption that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CorruptionError {
    /// The strength is none of the five.
    #[error("strength = {0}: expected 1 to 5")]
    Strength(usize),
    /// The image cannot be a JPEG.
    #[error("{width} × {height} pixels as JPEG: {reason}")]
    Jpeg {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// What the encoder said.
        reason: String,
    },
}

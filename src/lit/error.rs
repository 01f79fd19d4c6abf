//! What can go wrong between images with texts and a text tower that learns from them.

use thiserror::Error;

use crate::eval::EvalError;
use crate::probe::{EmbedError, FeatureCacheError};

/// Images and texts that cannot be learned from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LitError {
    /// Parts that do not fit each other.
    #[error("{what}: expected {expected}, got {got}")]
    Fit {
        /// The part.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
    },
    /// The image model cannot be asked about the images.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Its vectors cannot be kept.
    #[error(transparent)]
    Cache(#[from] FeatureCacheError),
    /// Its vectors form no table.
    #[error(transparent)]
    Table(#[from] EvalError),
}

impl LitError {
    pub(super) fn fit(what: &'static str, expected: impl ToString, got: impl ToString) -> Self {
        Self::Fit { what, expected: expected.to_string(), got: got.to_string() }
    }
}

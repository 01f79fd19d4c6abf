//! What can go wrong between names and the vectors of classes.

use thiserror::Error;

use crate::eval::EvalError;
use crate::runtime::RuntimeError;

/// Texts that cannot be embedded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContrastError {
    /// The tower cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The tower's vectors cannot be used: it is broken, or its numbers are too large.
    #[error(
        "the text tower makes vectors that are not numbers, of \"{text}\" first; its weights are damaged"
    )]
    NotFinite {
        /// The text.
        text: String,
    },
    /// The vectors make no classes.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

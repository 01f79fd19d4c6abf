//! What can go wrong with the experiment.

use thiserror::Error;

use crate::contrast::{ContrastError, PromptError};
use crate::eval::EvalError;
use crate::lit::LitError;
use crate::probe::EmbedError;
use crate::text::TokenizerError;
use crate::train::TrainError;

/// An experiment on zero-shot classification that could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ZeroShotError {
    /// The image model cannot be asked about the drawings.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Images and captions that do not fit.
    #[error(transparent)]
    Lit(#[from] LitError),
    /// Words that no tokenizer can be made of.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A text tower that cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Prompts that are none.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// Texts that cannot be embedded.
    #[error(transparent)]
    Contrast(#[from] ContrastError),
    /// A measurement that failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

//! What can go wrong in training.

use thiserror::Error;

/// A recipe that cannot be followed, or a run that went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A field of the recipe has a value that breaks a rule.
    #[error("{field} = {value} is not valid: {rule}")]
    Recipe {
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What a valid value satisfies, and what to do.
        rule: String,
    },
    /// Rules that do not fit the model's paths.
    #[error(transparent)]
    Rules(#[from] crate::RulesError),
    /// A batch that the model cannot take.
    #[error("{what}: expected {expected}, got {got}")]
    Batch {
        /// The tensor and the axis.
        what: &'static str,
        /// What the model takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// The loss is not a finite number.
    #[error(
        "the loss is {loss} at step {step}; the first tensor that is not finite is {tensor}; \
         lower the learning rate, clip gradients or check the data"
    )]
    NonFinite {
        /// The step, counted from 0.
        step: u64,
        /// The loss.
        loss: f32,
        /// The first tensor with a NaN or an infinity, in the order of computation.
        tensor: String,
    },
    /// Parameters or state that do not fit the model.
    #[error(transparent)]
    Params(#[from] crate::params::ParamsError),
    /// A config that makes no model.
    #[error(transparent)]
    Config(#[from] crate::ConfigError),
    /// XLA could not compile or run the step.
    #[error(transparent)]
    Xla(#[from] burn_xla::program::ProgramError),
}

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
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// The first tensor with a NaN or an infinity, in the order of computation.
        tensor: String,
    },
    /// The loss or the gradient is not a finite number, and the state before the step is gone.
    #[error(
        "step {step} is not finite: the loss is {loss}, the norm of the gradients {gradient_norm}; \
         lower the learning rate, clip gradients, check the data, or let the recipe skip such steps; \
         the flex device names the first tensor that is not finite"
    )]
    Diverged {
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// The joint norm of the gradients.
        gradient_norm: f32,
    },
    /// A batch that could not be made.
    #[error(transparent)]
    Data(#[from] crate::data::BatchError),
    /// A checkpoint that cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] super::checkpoint::CheckpointError),
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

//! What can go wrong in training.

mod checkpoint;
mod recipe;

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use checkpoint::CheckpointError;
pub(crate) use recipe::{fraction, invalid, positive};

/// A recipe that cannot be followed, or a run that went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting of the recipe, the task or the run has a value that breaks a rule.
    #[error("{field} = {value} is not valid: {rule}")]
    Recipe {
        /// The setting.
        field: String,
        /// Its value.
        value: String,
        /// What a valid value satisfies, and what to do.
        rule: String,
    },
    /// Rules that do not fit the model's paths.
    #[error(transparent)]
    Rules(#[from] crate::params::RulesError),
    /// A batch that the model cannot take.
    #[error("{what}: expected {expected}, got {got}")]
    Batch {
        /// The tensor and the axis.
        what: String,
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
    Data(#[from] crate::data::batch::BatchError),
    /// The folder of a run holds another one.
    #[error(
        "{} holds a run that is at step {step}; resume it, or choose another folder",
        folder.display()
    )]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// How far the run there is.
        step: u64,
    },
    /// Another process trains in the folder.
    #[error("another process trains in {}; wait for it, or choose another folder", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// Other processes of the run failed.
    #[error("{failed} of the {of} processes of this run failed here; what they say tells why")]
    Elsewhere {
        /// How many failed.
        failed: i64,
        /// How many there are.
        of: usize,
    },
    /// The checkpoint is of another model.
    #[error(
        "the checkpoint of step {step} is of another model: {}; give the same model, or choose another \
         folder",
        there_and_here(changes)
    )]
    OtherModel {
        /// The checkpoint's step.
        step: u64,
        /// The fields of the model's description that differ.
        changes: Vec<Change>,
    },
    /// A file of the run that cannot be read or written.
    #[error("cannot {action} {}: {reason}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// A picture that could not be drawn.
    #[error(transparent)]
    Picture(#[from] crate::report::ReportError),
    /// A checkpoint that cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A measurement of the model failed.
    #[error("measuring the model after step {step}: {reason}")]
    Measurement {
        /// Number of steps done.
        step: u64,
        /// Why.
        reason: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Parameters or state that do not fit the model.
    #[error(transparent)]
    Params(#[from] crate::params::ParamsError),
    /// A config that makes no model.
    #[error(transparent)]
    Config(#[from] crate::error::ConfigError),
    /// A description that is of no task of this kind.
    #[error("the description of a task cannot be read: {reason}")]
    Description {
        /// Why not.
        reason: String,
    },
    /// A batch or a state that is no tree of tensors.
    #[error(transparent)]
    Tree(#[from] burn_trace::TreeError),
    /// A mesh that the runtime has not.
    #[error(transparent)]
    Runtime(Box<crate::runtime::RuntimeError>),
    /// A step or an initialisation that cannot be recorded.
    #[error(transparent)]
    Record(#[from] burn_trace::CaptureError),
    /// XLA could not compile or run the step.
    #[cfg(feature = "xla")]
    #[error(transparent)]
    Xla(#[from] burn_xla::program::ProgramError),
}

/// A setting that is another one in a run that goes on than it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path of the field.
    pub field: String,
    /// Its value in the checkpoint, as JSON.
    pub saved: String,
    /// Its value in this run, as JSON.
    pub wanted: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, saved, wanted } = self;
        write!(f, "{field} was {saved} and is {wanted}")
    }
}

fn there_and_here(changes: &[Change]) -> String {
    let text = |Change { field, saved, wanted }: &Change| {
        format!("{field} is {saved} there and {wanted} here")
    };
    changes.iter().map(text).collect::<Vec<_>>().join(", ")
}

impl TrainError {
    /// A batch that a task cannot take: the tensor and the axis, what was expected, and what came.
    pub fn batch(what: impl ToString, expected: impl ToString, got: impl ToString) -> Self {
        let [what, expected, got] = [what.to_string(), expected.to_string(), got.to_string()];
        Self::Batch { what, expected, got }
    }

    /// The error of an action on a file.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |reason| Self::File { action, path: path.into(), reason }
    }
}

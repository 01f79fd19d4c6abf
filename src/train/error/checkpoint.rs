//! What can go wrong with a checkpoint.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::params::ParamsError;

/// A checkpoint that could not be written, is damaged, or does not fit the run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refused.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// A file of the checkpoint is not as it was written.
    #[error("{} is damaged: expected {expected}, got {got}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was written.
        expected: String,
        /// What is there.
        got: String,
    },
    /// Another program, or another version of this one, wrote it.
    #[error(
        "{}: expected format {expected}, got {got}; read it with the version that wrote it",
        path.display()
    )]
    Format {
        /// The manifest.
        path: PathBuf,
        /// What this version reads.
        expected: String,
        /// What the manifest says.
        got: String,
    },
    /// A tensor whose type or rank no checkpoint holds.
    #[error("tensor {name}: a checkpoint holds {expected}, got {got}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// What a checkpoint holds.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// The tensors are not those of the model and its optimizer.
    #[error("the checkpoint of step {step} does not fit this run: {reason}")]
    Fit {
        /// The checkpoint's step.
        step: u64,
        /// What differs.
        reason: ParamsError,
    },
    /// All checkpoints in the folder are damaged.
    #[error(
        "no checkpoint in {} is whole ({}); start anew in another folder",
        folder.display(), reasons.join("; ")
    )]
    AllDamaged {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with each.
        reasons: Vec<String>,
    },
}

impl CheckpointError {
    /// The error of an action on a path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Io { action, path: path.into(), reason }
    }

    pub(crate) fn damaged(
        path: &Path,
        expected: impl ToString,
        got: impl ToString,
    ) -> CheckpointError {
        Self::Damaged { path: path.into(), expected: expected.to_string(), got: got.to_string() }
    }
}

//! What can go wrong when a teacher is asked.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// A teacher that cannot be asked, or answers that cannot be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DistilError {
    /// Parts that do not fit each other.
    #[error("{what}: expected {expected}, got {got}")]
    Fit {
        /// The part.
        what: String,
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
    },
    /// A folder that holds other answers.
    #[error(
        "{}: the answers there were made otherwise: {field} is {there} there and {here} here; name another folder, or give the \
         same teacher, images and options", folder.display()
    )]
    Other {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        field: String,
        /// Its value in the folder.
        there: String,
        /// Its value here.
        here: String,
    },
    /// A file that is not as it was written.
    #[error("{} is damaged: expected {expected}, got {got}; delete it, and its answers are made again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was written.
        expected: String,
        /// What is there.
        got: String,
    },
    /// Answers that are not all there yet.
    #[error("{}: {done} of {views} views are there; let the cache be finished first", folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
        /// The views that are whole.
        done: u64,
        /// The views that there should be.
        views: u64,
    },
    /// The file system refused.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// Images that cannot be read.
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    /// A batch that cannot be made.
    #[error(transparent)]
    Batch(#[from] crate::data::BatchError),
    /// The teacher cannot run.
    #[error(transparent)]
    Runtime(#[from] crate::runtime::RuntimeError),
}

impl DistilError {
    pub(super) fn fit(what: &str, expected: impl ToString, got: impl ToString) -> Self {
        Self::Fit { what: what.into(), expected: expected.to_string(), got: got.to_string() }
    }

    /// The error of an action on a path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |reason| Self::Io { action, path: path.into(), reason }
    }

    pub(super) fn damaged(path: &Path, expected: impl ToString, got: impl ToString) -> Self {
        Self::Damaged { path: path.into(), expected: expected.to_string(), got: got.to_string() }
    }
}

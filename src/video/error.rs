//! What can go wrong with the features of videos.

use std::path::PathBuf;

use thiserror::Error;

use crate::data::DataError;
use crate::error::ConfigError;
use crate::eval::EvalError;
use crate::probe::{EmbedError, PartsError};
use crate::runtime::RuntimeError;
use crate::train::TrainError;

/// Features of videos that cannot be computed, read or classified.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VideoError {
    /// A set of videos none of which can be read.
    #[error("none of {of} videos can be read; the last is {last}")]
    NoVideos {
        /// How many there are.
        of: usize,
        /// What is wrong with the last one.
        last: String,
    },
    /// Features of other clips.
    #[error(
        "{}: its features are of other clips: {was}, and {is} are asked for; give another folder", folder.display()
    )]
    OtherClips {
        /// The folder.
        folder: PathBuf,
        /// The clips that it was made with.
        was: String,
        /// Those that are asked for.
        is: String,
    },
    /// Features of other videos.
    #[error(
        "{}: was begun with {was} videos, and these {is} are others, in another order or with other labels; with \
         `VideoFeaturesConfig::update` what is new is taken and what is gone is dropped", folder.display()
    )]
    OtherVideos {
        /// The folder.
        folder: PathBuf,
        /// How many there were.
        was: usize,
        /// How many there are.
        is: usize,
    },
    /// A folder that holds no features of videos.
    #[error("{}: holds no {file}, with which features of videos begin; give a folder that `video features` has written", folder.display())]
    NoFeatures {
        /// The folder.
        folder: PathBuf,
        /// What is not there.
        file: &'static str,
    },
    /// Features that are not all there.
    #[error("{}: not all of its features are there; run the same `video features` again, which goes on there", folder.display())]
    NotComplete {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that holds something else.
    #[error("{}: cannot be read: {reason}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Things that do not belong together: a head and features, or the features of two sets.
    #[error("{what}: expected {expected}, got {got}")]
    Fit {
        /// What does not fit.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The system refused.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Clips or a head that are none.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Videos that cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Features that cannot be computed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Features that cannot be kept.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// Numbers that are none.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// A head that cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A head that cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

impl VideoError {
    /// What the system said of a path.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |reason| Self::Io { path, reason }
    }
}

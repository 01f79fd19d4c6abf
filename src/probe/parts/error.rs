//! What can go wrong with features in parts.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::probe::error::EmbedError;
use crate::probe::file::FeatureFileError;

/// A folder of features in parts that cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartsError {
    /// A folder that holds something else.
    #[error("{}: holds other files and no manifest.json; give a new or an empty folder", folder.display())]
    OtherFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Features of another model, of other preprocessing or in another form.
    #[error("{}: its features were made otherwise: {differences}; give another folder", folder.display())]
    MadeOtherwise {
        /// The folder.
        folder: PathBuf,
        /// What differs, by name.
        differences: String,
    },
    /// Features of other images.
    #[error(
        "{}: was begun with {was} images, and these {is} are others, in another order or with other labels; to take \
         what is new and drop what is gone, update the folder", folder.display()
    )]
    OtherImages {
        /// The folder.
        folder: PathBuf,
        /// How many images there were.
        was: usize,
        /// How many there are.
        is: usize,
    },
    /// Another run writes to the folder.
    #[error("{}: another run writes to this folder; wait for its end", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// More files than a folder should have.
    #[error(
        "parts of {images_per_part} of {images} images are more than {most}; take at least {least} for each"
    )]
    ManyParts {
        /// Images of a part.
        images_per_part: usize,
        /// All images.
        images: usize,
        /// The most parts.
        most: usize,
        /// Images of a part that would do.
        least: usize,
    },
    /// No image could be read.
    #[error("{}: there are no features to write; no image could be read: {why}", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// How many images of which kind were skipped.
        why: String,
    },
    /// Features that are not all there yet.
    #[error("{}: {done} of {of} images are done; run the same `embed` again, which goes on there", folder.display())]
    NotComplete {
        /// The folder.
        folder: PathBuf,
        /// Images that are done.
        done: usize,
        /// All images.
        of: usize,
    },
    /// A folder without features.
    #[error("{}: expected a folder of features with manifest.json", folder.display())]
    NoManifest {
        /// The folder.
        folder: PathBuf,
    },
    /// A manifest or a part that is broken.
    #[error("{}: cannot be read: {reason}; give another folder, or remove it", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system refused.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Features that cannot be computed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Features that cannot be read back.
    #[error(transparent)]
    File(#[from] FeatureFileError),
}

impl PartsError {
    /// What the system said of a path.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |reason| Self::Io { path, reason }
    }
}

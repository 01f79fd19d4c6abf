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
    /// Parts whose manifest is gone.
    #[error(
        "{}: holds parts of features and no manifest.json, so that it is not known what they are of; give a new or an \
         empty folder", folder.display()
    )]
    LostManifest {
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
    /// Parts of another size than the folder was begun with.
    #[error(
        "{}: was begun with {was} images in a part, and {is} are asked for; leave the number out, join small parts to larger \
         ones with `PartsConfig::update`, or give another folder", folder.display()
    )]
    OtherSize {
        /// The folder.
        folder: PathBuf,
        /// Images of a part of the folder.
        was: usize,
        /// Those that are asked for.
        is: usize,
    },
    /// Images whose files are others than when they were embedded.
    #[error(
        "{}: {count} of its images have changed since they were embedded ({}), so that it would hold features of files that \
         are no more; with `PartsConfig::update` they are embedded anew", folder.display(), first(names, *count)
    )]
    ChangedImages {
        /// The folder.
        folder: PathBuf,
        /// How many images have changed.
        count: usize,
        /// The names of the first three.
        names: Vec<String>,
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
    #[error(
        "{}: there are no features to write; no image could be read: {why}; once they are mended, `PartsConfig::update` reads \
         them again", folder.display()
    )]
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
    #[error(
        "{}: holds no manifest.json, with which every folder of features begins; give a folder that `embed` has \
         written", folder.display()
    )]
    NoManifest {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of a part that has other bytes than were written.
    #[error(
        "{}: has other bytes than were written (its SHA-256 differs from that in manifest.json); run the same `embed` \
         again, which makes this part anew", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
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
    pub(in crate::probe) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |reason| Self::Io { path, reason }
    }
}

/// The first names of so many.
fn first(names: &[String], count: usize) -> String {
    let more = if count > names.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

//! What can go wrong with sets of images.

use std::path::PathBuf;

use thiserror::Error;

use crate::data::image::ImageError;
use crate::data::labels::LabelError;

/// Images or labels that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system refused.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// One image that cannot be decoded.
    #[error("{name}: {reason}")]
    Image {
        /// The image.
        name: String,
        /// What is wrong with it.
        reason: ImageError,
    },
    /// A place without images.
    #[error("{}: no images; expected {expected}", path.display())]
    NoImages {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// A label that is not among the classes.
    #[error(
        "{name}: the label \"{label}\" is not among the {known} classes; use the set that it comes from, or remove it"
    )]
    Class {
        /// The image, or the folder of a class.
        name: String,
        /// The label.
        label: String,
        /// How many classes there are.
        known: usize,
    },
    /// Labels that form no hierarchy, or are not in it.
    #[error("{name}: {reason}")]
    Label {
        /// The image or the file.
        name: String,
        /// What is wrong.
        reason: LabelError,
    },
    /// A file whose name does not tell a format that is read.
    #[error("{}: expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is read.
        expected: &'static str,
    },
    /// A line of a list or a hierarchy.
    #[error("{}, line {line}: expected {expected}, got {got}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What a line holds.
        expected: String,
        /// What this one holds.
        got: String,
    },
    /// A tar file, or something in it.
    #[error("{}, {entry}: expected {expected}, got {got}", path.display())]
    Shard {
        /// The tar file.
        path: PathBuf,
        /// The name of the file in it, or of the one before.
        entry: String,
        /// What should be there.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A set without images where some are needed.
    #[error("the set has no images; read it from another place")]
    Empty,
    /// So many broken images that something else must be wrong.
    #[error("{tries} images in a row cannot be read; the last is {last}")]
    Broken {
        /// How many.
        tries: usize,
        /// What is wrong with the last one.
        last: String,
    },
}

//! What can go wrong when sets of images are read.

use std::path::PathBuf;

use thiserror::Error;

use crate::data::image::ImageError;
use crate::data::labels::LabelError;

/// Images or labels that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder that cannot be read.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        reason: std::io::Error,
    },
    /// An image that cannot be decoded.
    #[error("{name}: {reason}")]
    Image {
        /// The image.
        name: String,
        /// What is wrong with it.
        reason: ImageError,
    },
    /// A file or folder without images.
    #[error("{}: no images; expected {expected}", path.display())]
    NoImages {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: String,
    },
    /// A file or folder without videos.
    #[error("{}: no videos; expected {expected}", path.display())]
    NoVideos {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: String,
    },
    /// Two classes whose names differ in case alone.
    #[error(
        "{}: the classes \"{first}\" and \"{second}\" differ in case alone; rename one of them, or join them", path.display()
    )]
    Case {
        /// The folder.
        path: PathBuf,
        /// A class.
        first: String,
        /// Another.
        second: String,
    },
    /// Two folders that are the same part of a set.
    #[error("{}: both {first} and {second} are the same part of a set; rename one of them", path.display())]
    Parts {
        /// The folder.
        path: PathBuf,
        /// A folder in it.
        first: String,
        /// Another.
        second: String,
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
    /// Labels that form no hierarchy, or are not in the hierarchy.
    #[error("{name}: {reason}")]
    Label {
        /// The image or the file.
        name: String,
        /// What is wrong.
        reason: LabelError,
    },
    /// A file whose name does not end as one of the formats that are read.
    #[error("{}: expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The formats that are read.
        expected: &'static str,
    },
    /// A line of a list or a hierarchy that does not have the right form.
    #[error("{}, line {line}: expected {expected}, got {got}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What a line should hold.
        expected: String,
        /// What this line holds.
        got: String,
    },
    /// Labelled images that are too few to train with some and hold others out.
    #[error("{}: {why}", path.display())]
    Few {
        /// The folder, list or shard.
        path: PathBuf,
        /// What is expected and what is there.
        why: String,
    },
    /// What is known of an image's pixels, which cannot be read or does not fit the image.
    #[error("{name}: {problem}")]
    Truth {
        /// The file.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Images of which none has a file of truth.
    #[error(
        "{}: none of {images} images has a file there; the first would be {first}", path.display()
    )]
    NoTruths {
        /// The folder of the files.
        path: PathBuf,
        /// How many images there are.
        images: usize,
        /// The file of the first image.
        first: String,
    },
    /// A number of classes of pixels that masks do not have.
    #[error("expected 1 to {most} classes of pixels, got {got}")]
    Classes {
        /// The number of classes.
        got: usize,
        /// How many there may be.
        most: usize,
    },
    /// A setting of pairs or of their crops that is not valid.
    #[error("{field} = {value}: expected {expected}")]
    Setting {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A set without images, where at least one is needed.
    #[error("the set has no images; read it from another place")]
    Empty,
    /// Images that get sizes of their own, and are to be joined to one batch.
    #[error(
        "fit_patches gives each image a size of its own, so that they fill no batch together; take \
         batches of one image, or resize to one size"
    )]
    Sizes,
    /// Too many consecutive broken images: something else must be wrong.
    #[error("{tries} images in a row cannot be read; the last is {last}")]
    Broken {
        /// The number of images.
        tries: usize,
        /// What is wrong with the last one.
        last: String,
    },
}

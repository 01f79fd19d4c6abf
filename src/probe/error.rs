//! What can go wrong on the way from images to features.

use thiserror::Error;

use crate::data::DataError;
use crate::data::batch::BatchError;
use crate::data::preprocess::Preprocess;
use crate::error::ConfigError;
use crate::eval::EvalError;
use crate::runtime::RuntimeError;

/// Features that cannot be computed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model takes images of another number of channels.
    #[error("the model takes {channels} channels, and images have 3")]
    Channels {
        /// Channels that the model takes.
        channels: usize,
    },
    /// Images that the model cannot cut into patches.
    #[error("{steps}: makes {height} × {width} pixels, expected multiples of the patch, {patch}")]
    Size {
        /// The steps that make the images.
        steps: Box<Preprocess>,
        /// Rows of pixels.
        height: usize,
        /// Pixels of a row.
        width: usize,
        /// Side of a patch.
        patch: usize,
    },
    /// A tensor that holds no images for the model.
    #[error(
        "images: expected [n, 3, height, width] with n above 0 and sides that are multiples of {patch}, got {got:?}"
    )]
    Images {
        /// Side of a patch.
        patch: usize,
        /// The shape of the tensor.
        got: [usize; 4],
    },
    /// A feature that the model does not have.
    #[error(transparent)]
    Feature(#[from] ConfigError),
    /// Classes or labels of another number than the classifier or the set of images has.
    #[error(
        "{got} {what}, expected {expected}; bring the images to the classifier's classes with \
         `ImageSet::with_classes`, and give one list of real labels for each image"
    )]
    Classes {
        /// What there is too little or too much of.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Features that are NaN or infinite.
    #[error(
        "the features of {name} are not finite numbers; check the weights and the preprocessing"
    )]
    Features {
        /// The image.
        name: String,
    },
    /// Logits that are NaN or infinite.
    #[error("the logits of {name} are not finite numbers; check the weights")]
    NotFinite {
        /// The image.
        name: String,
    },
    /// Images to evaluate a classifier on, none of which has a label.
    #[error(
        "no image that could be read has a label; a classifier is evaluated on labelled images"
    )]
    Unlabelled,
    /// A set without images.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An image that cannot be read, where that stops.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Names or labels that do not belong to the features.
    #[error(transparent)]
    Table(#[from] EvalError),
    /// The model cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

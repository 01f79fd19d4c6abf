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

//! Images and labels to train and to measure with.
//!
//! An [`ImageSet`] knows where encoded images are and how they are labelled, [`Image`] is one of
//! them decoded, and a [`Preprocess`] makes of it what a model takes. An [`ImageLoader`] joins the three:
//! endless shuffled batches for training ([`BatchSource`], made ahead by [`Prefetch`]), and each image once for
//! evaluation ([`Epoch`]).

mod affine;
mod batch_source;
mod broken;
mod corruption;
mod crop;
mod cue_conflict;
mod digits;
mod epoch;
mod error;
mod example_key;
mod float_image;
mod folders;
mod hierarchy_file;
mod image;
mod image_op;
mod image_set;
mod in_order;
mod labels;
mod lists;
mod loader;
mod permutation;
mod prefetch;
mod preprocess;
mod rand_augment;
mod random_erasing;
mod resize;
mod shards;
mod share;
mod step;
mod step_text;
mod synthetic;
mod table;

pub use batch_source::{Batch, BatchError, BatchSource};
pub use broken::{BrokenImages, OnBroken};
pub use corruption::{Corruption, CorruptionError};
pub use cue_conflict::{CueConflict, CueImage};
pub use digits::{Digits, DigitsError, SIDE as DIGIT_SIDE};
pub use epoch::{Epoch, MaskedBatch};
pub use error::DataError;
pub use example_key::ExampleKey;
pub use float_image::FloatImage;
pub use image::{DecodeLimit, Image, ImageError};
pub use image_op::ImageOp;
pub use image_set::{ImageSet, Item, Place};
pub use labels::{Hierarchy, LabelError};
pub use loader::ImageLoader;
pub use prefetch::Prefetch;
pub use preprocess::{Preprocess, PreprocessError};
pub use resize::Filter;
pub use share::ShareOf;
pub use step::Step;
pub use synthetic::{Example, Synthetic};

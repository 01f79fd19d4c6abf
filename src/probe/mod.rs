//! Frozen features of images by a model, and what a linear classifier reads from them.
//!
//! An [`Embedder`] is the way from images to features: [`Embedder::embed`] gives a [`FeatureTable`], a
//! row for each image of a set with its name and labels, which the measurements of [`eval`](crate::eval)
//! take ([`FeatureTable::matrix`]), [`FeatureTable::write`] puts into a file and a [`FeatureCache`] keeps;
//! [`Embedder::embed_in_parts`] writes those of any number of images to a folder, which a [`FeatureFolder`] reads;
//! [`Embedder::visit`] gives tokens and attention; [`evaluate`] counts how often a published classifier is right;
//! [`FeatureScores`] measures a model while it is trained. [`LinearProbeConfig`] fits the linear probe by gradient descent.

mod accuracy;
mod cache;
mod embedder;
mod error;
mod feature_scores;
mod file;
mod image_features;
mod linear;
mod mapped_features;
mod parts;
mod patch_views;
mod request;
mod split;
mod table;

pub use accuracy::{ClassifierAccuracy, evaluate};
pub use cache::{FeatureCache, FeatureCacheError, FeatureKey};
pub use embedder::Embedder;
pub use error::EmbedError;
pub use feature_scores::FeatureScores;
pub use file::{FeatureFile, FeatureFileError, FeatureForm};
pub use image_features::ImageFeatures;
pub use linear::{FeatureRows, LinearProbe, LinearProbeConfig, ProbeError, TestedProbe};
pub use mapped_features::MappedFeatures;
pub use parts::{
    FeatureFolder, MadeBy, PartsConfig, PartsError, PartsProgress, PartsReport, SkippedImages,
};
pub use patch_views::PatchViews;
pub use request::FeatureFunction;
pub use split::{TestSplit, few_test_images};
pub use table::FeatureTable;

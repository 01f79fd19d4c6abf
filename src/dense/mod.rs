//! Models for dense prediction: a tower, the blocks of it that are read, and a head.
//!
//! | config | model | of images |
//! | --- | --- | --- |
//! | [`DepthConfig`] | [`DepthModel`] | a depth for each pixel, by a [`Dpt`](crate::heads::Dpt) or a linear layer |
//! | [`SegmentationConfig`] | [`SegmentationModel`] | logits of classes for each pixel, by a [`UperNet`](crate::heads::UperNet) or a linear layer |
//!
//! [`Segment`] and [`EstimateDepth`] are what is trained, by the losses in [`loss`]; the tower is frozen or not.
//! [`Segmenter`] and [`DepthEstimator`] are models at work on images of any size.
//! [`WeightsFile::load_depth`](crate::weights::WeightsFile::load_depth) and
//! [`load_segmentation`](crate::weights::WeightsFile::load_segmentation) read published models, and those that were trained here.

mod blocks;
mod depth;
pub mod loss;
mod predict;
mod segmentation;
mod task;

pub use blocks::BlockChoice;
pub use depth::{DepthConfig, DepthModel, DepthReadout, DepthTarget};
pub use predict::{DepthEstimator, PredictError, Segmenter, Windows};
pub use segmentation::{
    AuxiliaryConfig, SegmentationConfig, SegmentationHead, SegmentationLogits, SegmentationModel,
};
pub use task::{EstimateDepth, Segment};

//! Models for dense prediction: a tower, the blocks of it that are read, and a head.
//!
//! | config | model | of images |
//! | --- | --- | --- |
//! | [`DepthConfig`] | [`DepthModel`] | a depth for each pixel, by a [`Dpt`](crate::heads::Dpt) |
//! | [`SegmentationConfig`] | [`SegmentationModel`] | logits of classes for each pixel, by a [`UperNet`](crate::heads::UperNet) |
//!
//! [`loss`] has what they are trained with.
//! [`WeightsFile::load_depth`](crate::weights::WeightsFile::load_depth) and
//! [`load_segmentation`](crate::weights::WeightsFile::load_segmentation) read published ones.

mod blocks;
mod depth;
pub mod loss;
mod segmentation;

pub use blocks::BlockChoice;
pub use depth::{DepthConfig, DepthModel};
pub use segmentation::{
    AuxiliaryConfig, SegmentationConfig, SegmentationLogits, SegmentationModel,
};

//! Measurements of a class or a depth for each pixel.

mod depth;
mod depth_crop;
mod segmentation;
mod windows;

pub use depth::{DepthAlignment, DepthErrors, DepthScores};
pub use depth_crop::DepthCrop;
pub use segmentation::SegmentationTable;
pub use windows::{WindowMean, window_starts};

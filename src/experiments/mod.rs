//! Experiments on drawn data, each small enough for two cores and three minutes: what the paper claims, in miniature, with
//! controls. An [`Experiment`] is numbers and what follows from them; where a claim does not show, it says so.

mod depth;
mod result;
mod scenes;
mod segmentation;

pub use depth::depth_of_scenes;
pub use result::{Arm, Claim, Experiment, ExperimentError};
pub use segmentation::segmentation_of_scenes;

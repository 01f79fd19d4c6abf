//! Experiments on drawn data, each small enough for two cores and some minutes: what the paper claims, in miniature, with
//! controls. An [`Experiment`] is numbers and what follows from them; where a claim does not show, it says so. Its arms can be
//! had one by one for a [`Frozen`] tower of one's own.

mod cells;
mod depth;
mod distillation;
mod fine_tuning;
mod frozen;
mod geometry;
mod head_training;
mod lessons;
mod motion;
mod pictures;
mod result;
mod scenes;
mod seeds;
mod segmentation;
mod shapes;
mod zero_shot;

pub use depth::{DepthHead, abs_rel_of_one_depth, abs_rel_of_scenes, depth_of_scenes};
pub use distillation::{DistillationSteps, distillation};
pub use fine_tuning::{FineTuned, FineTuningSteps, fine_tuning, shapes_of_few};
pub use frozen::Frozen;
pub use geometry::{GEOMETRY, GeometryScores, geometry_of_scenes};
pub use head_training::HeadTraining;
pub use lessons::{Distilled, Lessons, Told};
pub use motion::{ClipScores, ClipView, MovingClips, motion_of_clips};
pub use result::{Arm, Claim, Experiment, ExperimentError};
pub use segmentation::{MaskHead, mean_iou_of_scenes, segmentation_of_scenes};
pub use shapes::shape_teacher;
pub use zero_shot::{
    ZeroShot, ZeroShotArm, ZeroShotError, ZeroShotScores, zero_shot_of_drawings, zero_shot_scores,
};

//! Experiments on drawn data, each small enough for two cores and three minutes: what the paper claims, in miniature, with
//! controls. An [`Experiment`] is numbers and what follows from them; where a claim does not show, it says so.

mod depth;
mod distillation;
mod fine_tuning;
mod lessons;
mod pictures;
mod result;
mod scenes;
mod segmentation;
mod shapes;

pub use depth::depth_of_scenes;
pub use distillation::{DistillationSteps, distillation};
pub use fine_tuning::{FineTuningSteps, fine_tuning, shapes_of_few};
pub use lessons::{Distilled, Lessons, Told};
pub use result::{Arm, Claim, Experiment, ExperimentError};
pub use segmentation::segmentation_of_scenes;
pub use shapes::shape_teacher;

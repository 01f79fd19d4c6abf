//! Whether a model decides, errs and sees as people do.

mod agreement;
mod perception;
mod sixteen_classes;
mod trials;

pub use agreement::{Agreement, CueDecisions};
pub use perception::{just_noticeable_precision, perceptual_distance, two_alternative_scores};
pub use sixteen_classes::sixteen_classes;
pub use trials::{HumanComparison, Trial, Trials, TrialsError};

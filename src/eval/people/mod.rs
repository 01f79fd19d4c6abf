//! Whether a classifier decides, and errs, as people do.

mod agreement;
mod sixteen_classes;
mod trials;

pub use agreement::{Agreement, CueDecisions};
pub use sixteen_classes::sixteen_classes;
pub use trials::{HumanComparison, Trial, Trials, TrialsError};

//! What can be wrong with steps of preprocessing.

use thiserror::Error;

/// A text that is no preprocessing, or steps that cannot follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PreprocessError {
    /// A step that does not exist or has other arguments.
    #[error("step \"{step}\": expected {expected}")]
    Step {
        /// The step as it was written.
        step: String,
        /// What it should be.
        expected: String,
    },
    /// A step at a place where it has no meaning.
    #[error("step {position}, \"{step}\", of \"{steps}\": {rule}")]
    Order {
        /// Its place, counted from 1.
        position: usize,
        /// The step.
        step: String,
        /// All steps.
        steps: String,
        /// What a step at this place has to satisfy.
        rule: String,
    },
}

//! What can be wrong with steps of preprocessing.

use thiserror::Error;

/// A text that describes no preprocessing, or steps that cannot follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PreprocessError {
    /// A step that does not exist, or has other arguments.
    #[error("step \"{step}\": expected {expected}")]
    Step {
        /// The step as it was written.
        step: String,
        /// What would be valid.
        expected: String,
    },
    /// A step that is not possible after the steps before it.
    #[error("step {position}, \"{step}\", of \"{steps}\": {rule}")]
    Order {
        /// Its position in the list, counted from 1.
        position: usize,
        /// The step.
        step: String,
        /// All steps.
        steps: String,
        /// The rule that it breaks.
        rule: String,
    },
}

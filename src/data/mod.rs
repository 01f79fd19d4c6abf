//! Images and labels to train and to measure with.

mod batch_source;
mod digits;
mod labels;
mod prefetch;
mod synthetic;

pub use batch_source::{Batch, BatchError, BatchSource};
pub use digits::{Digits, DigitsError, SIDE as DIGIT_SIDE};
pub use labels::{Hierarchy, LabelError};
pub use prefetch::Prefetch;
pub use synthetic::{Example, Synthetic};

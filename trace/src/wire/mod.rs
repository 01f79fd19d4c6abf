//! Marks as operations of the recorded graph.

mod form;
mod mark;

pub(crate) use form::Written;
pub use form::regions_of;
pub use mark::{Hint, Lane, Mark, RingProduct, Scan, ScanBackward};

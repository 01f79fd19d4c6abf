//! Marks as operations of the recorded graph.

mod form;
mod mark;

pub(crate) use form::Written;
pub use form::{
    CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED, LANE, MATERIALIZE, NAMED, REGION,
    RING, SCAN, SCAN_BACKWARD, SOFTMAX, SOFTMAX_BACKWARD, STACK, UNSTACK,
};
pub use mark::{Hint, Lane, Mark, RingProduct, Scan, ScanBackward};

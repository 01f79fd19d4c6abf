//! What compilers of recordings need, and nobody else.

pub use crate::mark::rolling;
pub use crate::mesh::cut::{cut, paste};
pub use crate::mesh::layout::RingAxis;
pub use crate::record::{Arguments, placeholders, placeholders_like, record_with};
pub use crate::tree::{described, join_structures, spec, walk};
pub use crate::wire::{
    CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED, Hint, LANE, Lane, MATERIALIZE, Mark,
    NAMED, REGION, RING, RingProduct, SCAN, SCAN_BACKWARD, SOFTMAX, SOFTMAX_BACKWARD, STACK, Scan,
    ScanBackward, UNSTACK,
};

//! For compilers of recordings; other code has no use for it.
//!
//! A compiler [records](record_with) a function on [`placeholders`], with loops kept as loops inside of
//! [`rolling`]. It [walks](walk) trees for their leaves, whose [structure](Structure) is the key of
//! compiled programs, reads marks by [`Mark::of`], and [cuts](cut) values into shards. Where an operation is a
//! mark that it does not know, it may take a [`Hint`] as the identity.

pub use crate::mark::rolling;
pub use crate::mesh::cut::{cut, paste};
pub use crate::mesh::layout::RingAxis;
pub use crate::record::{
    Arguments, is_recording, panic_text, placeholders, placeholders_like, record_with,
};
pub use crate::tree::{Fixed, Opaque, Structure, What, join_structures, spec, walk};
pub use crate::wire::{Hint, Lane, Mark, RingProduct, Scan, ScanBackward, regions_of};

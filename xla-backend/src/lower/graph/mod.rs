//! The recorded operations, read: the regions of loops, lanes that are compared, labels, and what kind
//! of operation each is.

pub(crate) mod labels;
pub(crate) mod lanes;
pub(crate) mod operation;
pub(crate) mod rearranged;
pub(crate) mod regions;

//! Loops over lanes.

pub(crate) mod scan;
pub(crate) mod stack;

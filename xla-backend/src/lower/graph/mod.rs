//! The recorded operations: the bodies of loops, lanes that are compared, the labels of tensors.

pub(crate) mod labels;
pub(crate) mod lanes;
pub(crate) mod regions;

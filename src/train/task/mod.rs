//! What is trained: losses, and what is done to a batch before it is trained on.

pub(crate) mod beta;
pub(crate) mod cutmix;
pub mod loss;
pub(crate) mod mixup;

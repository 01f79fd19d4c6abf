//! Where batches come from, and how they are made ahead: each follows from its position alone.

mod example_key;
mod held_out;
mod image_batch;
mod in_order;
mod permutation;
mod prefetch;
mod share;
mod source;

pub use example_key::ExampleKey;
pub use held_out::{Epoch, FirstOf, HeldOut, Masked};
pub use image_batch::{DepthBatch, ImageBatch, MaskBatch};
pub(crate) use permutation::permuted;
pub use prefetch::Prefetch;
pub use share::ShareOf;
pub use source::{BatchError, BatchSource};

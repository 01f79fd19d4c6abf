//! Writes models: in this crate's own format, and under the names of other libraries.

mod dense;
mod export;
mod native;
mod tensors;

pub use dense::{SeenImages, save_depth, save_segmentation};
pub use export::{export_big_vision, export_timm};
pub use native::{save, save_two_towers, save_with_classes};

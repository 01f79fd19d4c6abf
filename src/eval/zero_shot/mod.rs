//! Images beside texts: the vector of a class, and how far ahead of wrong answers the right ones are.

mod class_vectors;
mod ranks;

pub use class_vectors::class_vectors;
pub use ranks::{Ranks, Retrieval};

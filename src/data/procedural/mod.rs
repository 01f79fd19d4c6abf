//! Procedural images, for training and tests without photographs.

mod cue_conflict;
mod drawings;

pub use cue_conflict::{CueConflict, CueImage};
pub use drawings::{Drawings, Example};

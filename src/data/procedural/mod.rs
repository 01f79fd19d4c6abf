//! Images that are drawn, for when there are no photographs.

mod cue_conflict;
mod drawings;

pub use cue_conflict::{CueConflict, CueImage};
pub use drawings::{Drawings, Example};

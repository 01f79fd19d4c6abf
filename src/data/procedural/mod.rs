//! Procedural images, for training and tests without photographs.

mod coloured_shapes;
mod cue_conflict;
mod drawings;
mod moving_shapes;
mod paint;
mod scenes;
mod script;
mod shapes;

pub use coloured_shapes::{CaptionedDrawing, ColouredShapes};
pub use cue_conflict::{CueConflict, CueImage};
pub use drawings::{Drawings, Example};
pub use moving_shapes::{Clip, MovingShapes};
pub use scenes::{Scene, Scenes};

//! Clips of a shape that moves.

use fastrand::Rng;

use super::paint::{COLOURS, Outline, Painting, TEXTURES};
use super::script::between;
use super::shapes::SHAPES;

/// Families of shapes that are filled: thin lines are lost in small frames.
const FILLED: [&str; 2] = ["round", "polygon"];

/// An endless sequence of clips of a shape that moves to one of four sides, to train on without videos on disk.
///
/// A clip and its reverse are equally likely, with opposite classes, and what leaves the image on one side comes back
/// on the other, so that a shape is anywhere with the same probability at any time. Three bounds follow, whatever reads
/// the clips: of one frame nothing is known of the class, a quarter is right; of all frames without their order, or of
/// any mean of them, the axis is known and not the sense, and at most a half is right. Only their order tells more.
///
/// ```
/// use vit22b::data::MovingShapes;
///
/// let clips = MovingShapes::new(32, 8, 7);
/// let clip = clips.clip(5);
/// assert_eq!((clip.frames.len(), clip.frames[0].len()), (8, 3 * 32 * 32));
/// assert!(MovingShapes::CLASSES.contains(&MovingShapes::CLASSES[clip.class]));
/// // The class of the reverse.
/// let opposite = MovingShapes::opposite(clip.class);
/// assert_eq!(MovingShapes::opposite(opposite), clip.class);
/// ```
#[derive(Debug, Clone)]
pub struct MovingShapes {
    side: usize,
    frames: usize,
    seed: u64,
}

/// A clip with its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Each frame, `[3, height, width]` row by row, values in [−1, 1].
    pub frames: Vec<Vec<f32>>,
    /// The index of the class in [`MovingShapes::CLASSES`].
    pub class: usize,
}

impl MovingShapes {
    /// Where the shape moves to.
    pub const CLASSES: [&str; 4] = ["left", "right", "up", "down"];

    /// Clips of square frames of `side` pixels. The seed chooses the clips.
    pub fn new(side: usize, frames: usize, seed: u64) -> Self {
        Self { side, frames, seed }
    }

    /// The class of a clip that is played backwards.
    pub fn opposite(class: usize) -> usize {
        class ^ 1
    }

    /// The `index`-th clip. Every call gives the same.
    pub fn clip(&self, index: u64) -> Clip {
        // The multiplication gives neighbouring indices distant seeds.
        let rng = &mut Rng::with_seed(self.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let filled = SHAPES.iter().filter(|(_, family, _)| FILLED.contains(family));
        let filled: Vec<_> = filled.collect();
        let outline = Outline::Shape(filled[rng.usize(..filled.len())].2);
        let texture = TEXTURES[rng.usize(..TEXTURES.len())].2;
        let colour = COLOURS[rng.usize(..COLOURS.len())].2;
        let painting = Painting::draw(texture, colour, rng);
        let scale = between(rng, 0.28, 0.4);
        // The path first, then its sense.
        let axis = rng.usize(..2);
        let start = [between(rng, -1.0, 1.0), between(rng, -1.0, 1.0)];
        let step = between(rng, 0.1, 0.2);
        let backwards = rng.bool();
        let frames = (0..self.frames).map(|frame| {
            let moved = if backwards { self.frames - 1 - frame } else { frame };
            let mut place = start;
            place[axis] += step * moved as f32;
            painting.moved(self.side, &outline, (scale, place), rng)
        });
        let frames = frames.collect();
        // Rows are counted downwards.
        Clip { frames, class: 2 * axis + usize::from(!backwards) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a frame is brighter than what is behind the shape, as an angle for each axis: the image has no sides.
    fn place(frame: &[f32], behind: &[f32], side: usize) -> [f32; 2] {
        let mut sums = [[0.0f32; 2]; 2];
        for (at, (value, behind)) in frame.iter().zip(behind).enumerate() {
            let (row, column) = (at / side % side, at % side);
            for (axis, index) in [column, row].into_iter().enumerate() {
                let angle = std::f32::consts::TAU * index as f32 / side as f32;
                sums[axis][0] += (value - behind) * angle.cos();
                sums[axis][1] += (value - behind) * angle.sin();
            }
        }
        sums.map(|[cos, sin]| sin.atan2(cos))
    }

    #[test]
    fn shapes_move_where_the_class_says() {
        let clips = MovingShapes::new(24, 6, 3);
        let mut right = 0;
        let mut counts = [0; 4];
        for index in 0..200 {
            let Clip { frames, class } = clips.clip(index);
            counts[class] += 1;
            let darkest = |at: usize| frames.iter().map(|frame| frame[at]).fold(1.0, f32::min);
            let behind: Vec<f32> = (0..frames[0].len()).map(darkest).collect();
            let moved = frames.windows(2).fold([0.0; 2], |mut moved, pair| {
                let [before, after] = [&pair[0], &pair[1]].map(|frame| place(frame, &behind, 24));
                for axis in 0..2 {
                    let turn = after[axis] - before[axis];
                    moved[axis] += turn.sin().atan2(turn.cos());
                }
                moved
            });
            let axis = class / 2;
            let forward = [1, 3].contains(&class);
            right += usize::from(
                moved[axis].abs() > moved[1 - axis].abs() && (moved[axis] > 0.0) == forward,
            );
        }
        assert!(right > 180, "{right} of 200");
        // 50 expected of each, standard deviation 6.
        assert!(counts.iter().all(|count| (30..70).contains(count)), "{counts:?}");
    }
}

//! Clips of a shape that moves.

use fastrand::Rng;

use super::paint::{COLOURS, Outline, Painting, TEXTURES};
use super::script::between;
use super::shapes::SHAPES;

/// Families of shapes that are filled: thin lines are lost in small frames.
const FILLED: [&str; 2] = ["round", "polygon"];

/// How far the middle of a shape may be from that of the image, of which the sides are 2 long.
const FARTHEST: f32 = 0.85;

/// An endless sequence of clips of a shape that moves to one of four sides, to train on without videos on disk.
///
/// A clip and its reverse are equally likely, with opposite classes: the path is drawn first, then its sense. The place along the other
/// axis is that of a random frame of a path of its own, so that both are distributed alike. Three bounds follow, whatever
/// reads the clips: of a frame that is picked at random nothing is known of the class, a quarter is right; of all frames without their order,
/// or of any mean of them, the axis is known and not the sense, and at most a half is right. Only their order tells more.
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
        let (places, class) = self.places(rng);
        let frames = places.into_iter();
        let frames = frames.map(|place| painting.moved(self.side, &outline, (scale, place), rng));
        Clip { frames: frames.collect(), class }
    }

    /// Where the shape is in each frame, and the class.
    fn places(&self, rng: &mut Rng) -> (Vec<[f32; 2]>, usize) {
        // The path first, then its sense.
        let axis = rng.usize(..2);
        let paths = [(); 2].map(|()| Path::draw(rng));
        let elsewhere = paths[1].place(rng.usize(..self.frames.max(1)), self.frames);
        let mut places: Vec<[f32; 2]> = (0..self.frames)
            .map(|frame| {
                let mut place = [elsewhere; 2];
                place[axis] = paths[0].place(frame, self.frames);
                place
            })
            .collect();
        let backwards = rng.bool();
        if backwards {
            places.reverse();
        }
        // Rows are counted downwards.
        (places, 2 * axis + usize::from(!backwards))
    }
}

/// A way along an axis of the image, of which the sides are 2 long. The middle of the shape stays inside.
struct Path {
    middle: f32,
    length: f32,
}

impl Path {
    fn draw(rng: &mut Rng) -> Self {
        let length = between(rng, 0.8, 1.4);
        let room = FARTHEST - length / 2.0;
        Self { middle: between(rng, -room, room), length }
    }

    /// Where the shape is in a frame, evenly from one end to the other.
    fn place(&self, frame: usize, frames: usize) -> f32 {
        let share = frame as f32 / frames.saturating_sub(1).max(1) as f32;
        self.middle + self.length * (share - 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a frame is brighter than what is behind the shape, for each axis: the middle, from 0 to 1.
    fn place(frame: &[f32], behind: &[f32], side: usize) -> [f32; 2] {
        let (mut sums, mut whole) = ([0.0f32; 2], 1e-6);
        for (at, (value, behind)) in frame.iter().zip(behind).enumerate() {
            let (row, column) = (at / side % side, at % side);
            whole += value - behind;
            for (sum, index) in sums.iter_mut().zip([column, row]) {
                *sum += (value - behind) * index as f32 / side as f32;
            }
        }
        sums.map(|sum| sum / whole)
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
            let [first, last] = [&frames[0], &frames[5]].map(|frame| place(frame, &behind, 24));
            let moved = [0, 1].map(|axis| last[axis] - first[axis]);
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

    /// Along both axes a shape is as often at each place, if the frame is picked at random.
    #[test]
    fn one_frame_does_not_tell_the_axis() {
        let (clips, rng) = (MovingShapes::new(8, 8, 0), &mut Rng::with_seed(1));
        let mut counts = [[0usize; 8]; 2];
        for _ in 0..40_000 {
            let (places, class) = clips.places(rng);
            let place = places[rng.usize(..8)];
            for (counts, at) in counts.iter_mut().zip([place[class / 2], place[1 - class / 2]]) {
                assert!(at.abs() <= FARTHEST + 1e-6, "{at}");
                counts[((at / FARTHEST + 1.0) * 4.0).clamp(0.0, 7.0) as usize] += 1;
            }
        }
        // About 5,000 in each place: the difference of two such counts has a standard deviation of 100.
        for (moving, resting) in counts[0].iter().zip(&counts[1]) {
            assert!(moving.abs_diff(*resting) < 500, "{counts:?}");
        }
    }
}

//! Scenes with the class and the depth of each pixel: shapes that stand on a textured ground.

use fastrand::Rng;

use super::paint::{COLOURS, TEXTURES};
use super::script::between;
use super::shapes::{SHAPES, Shape};
use crate::data::batch::{BatchError, BatchSource, DepthBatch, MaskBatch};
use crate::data::depth_map::DepthMap;
use crate::data::image::Image;
use crate::data::label_mask::LabelMask;

/// The shapes that stand in scenes.
const STANDING: [&str; 6] = ["disc", "square", "triangle", "star", "ring", "cross"];

/// The first class of a shape, behind sky and ground.
const FIRST_SHAPE: u8 = 2;

/// Metres from the ground to the camera.
const CAMERA: f32 = 1.5;

/// What is farther away is not known, in metres.
const FARTHEST: f32 = 80.0;

/// An endless sequence of scenes: two to five shapes at random distances on a ground with a pattern, below a sky.
///
/// The camera is 1.5 m above the ground, and its focal length is the side of the image. Shapes are from 0.9 to 2.4 m
/// high, so that their size alone does not say how far away they are; where they touch the ground does.
///
/// ```
/// use vit22b::data::Scenes;
///
/// let scene = Scenes::new(64, 7).scene(3);
/// assert_eq!(scene.image.width(), 64);
/// assert!(scene.mask.labels().iter().all(|label| usize::from(*label) < Scenes::CLASSES.len()));
/// // The sky is at no depth, and the ground at the bottom is near.
/// assert_eq!(scene.depth.values()[0], 0.0);
/// assert!((1.0..5.0).contains(&scene.depth.values()[64 * 64 - 1]));
/// ```
#[derive(Debug, Clone)]
pub struct Scenes {
    side: usize,
    seed: u64,
    known: f32,
    /// The highest and the lowest place of each shape, in its frame.
    extents: [[f32; 2]; STANDING.len()],
}

/// One scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The image.
    pub image: Image,
    /// The class of each pixel, an index of [`Scenes::CLASSES`].
    pub mask: LabelMask,
    /// The depth of each pixel in metres: its distance from the plane of the camera. 0 for the sky, for what is farther
    /// away than 80 m, and for pixels that [`Scenes::with_known`] leaves out.
    pub depth: DepthMap,
    /// Rows above the horizon, as a share of the height.
    pub horizon: f32,
    /// The depth of each shape that stands in the scene, in metres, the farthest first. A nearer one may hide it.
    pub shapes: Vec<f32>,
}

impl Scenes {
    /// The classes of pixels.
    pub const CLASSES: [&'static str; 8] =
        ["sky", "ground", "disc", "square", "triangle", "star", "ring", "cross"];

    /// Square scenes of `side` pixels, at least 1.
    pub fn new(side: usize, seed: u64) -> Self {
        let extents = STANDING.map(|name| extent(shape(name).2));
        Self { side: side.max(1), seed, known: 1.0, extents }
    }

    /// Keeps the depths of a random share of the pixels, from 0 to 1, as a laser scanner that measures few points.
    #[must_use]
    pub fn with_known(self, known: f32) -> Self {
        Self { known, ..self }
    }

    /// The side of the images in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The `index`-th scene. Every call gives the same.
    pub fn scene(&self, index: u64) -> Scene {
        let rng = &mut Rng::with_seed(self.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let backdrop = Backdrop::draw(rng);
        let mut standing: Vec<_> =
            (0..rng.usize(2..=5)).map(|_| self.stand(&backdrop, rng)).collect();
        // The nearest are painted last.
        standing.sort_by(|a, b| b.depth.total_cmp(&a.depth));
        let n = self.side;
        let pixel = 1.0 / n as f32;
        let (mut pixels, mut labels) = (Vec::with_capacity(3 * n * n), Vec::with_capacity(n * n));
        let mut depths = Vec::with_capacity(n * n);
        for (row, column) in (0..n).flat_map(|row| (0..n).map(move |column| (row, column))) {
            let at = [(column as f32 + 0.5) * pixel, (row as f32 + 0.5) * pixel];
            let (mut colour, mut label, mut depth) = backdrop.at(at, pixel);
            for shape in &standing {
                let distance = shape.distance(at);
                let cover = (0.5 - distance / pixel).clamp(0.0, 1.0);
                let ink = shape.ink(at);
                for (colour, ink) in colour.iter_mut().zip(ink) {
                    *colour += cover * (ink - *colour);
                }
                if distance <= 0.0 {
                    (label, depth) = (shape.class, shape.depth);
                }
            }
            for value in colour {
                let noise = backdrop.noise * (rng.f32() - 0.5);
                pixels.push((255.0 * (value + noise)).round().clamp(0.0, 255.0) as u8);
            }
            labels.push(label);
            let is_known = self.known >= 1.0 || rng.f32() < self.known;
            depths.push(if is_known { depth } else { 0.0 });
        }
        Scene {
            image: Image::new(n, n, pixels).expect("three bytes a pixel"),
            mask: LabelMask::new(n, n, labels).expect("a label a pixel"),
            depth: DepthMap::new(n, n, depths).expect("a depth a pixel"),
            horizon: backdrop.horizon,
            shapes: standing.iter().map(|shape| shape.depth).collect(),
        }
    }

    /// Draws a shape that stands on the ground.
    fn stand(&self, backdrop: &Backdrop, rng: &mut Rng) -> Standing {
        let kind = rng.usize(..STANDING.len());
        let (_, _, shape) = shape(STANDING[kind]);
        let depth = between(rng, 2.5f32.ln(), 16f32.ln()).exp();
        let height = between(rng, 0.9, 2.4) / depth;
        let [top, bottom] = self.extents[kind];
        let half = height / (bottom - top);
        let foot = backdrop.horizon + CAMERA / depth;
        let texture = if rng.f32() < 0.6 { 0 } else { rng.usize(..TEXTURES.len()) };
        let (_, _, colour) = COLOURS[rng.usize(..COLOURS.len())];
        let light = between(rng, 0.7, 1.1);
        Standing {
            shape: *shape,
            class: FIRST_SHAPE + kind as u8,
            depth,
            centre: [between(rng, 0.1, 0.9), foot - half * bottom],
            half,
            colour: colour.map(|value| (value * light).min(1.0)),
            texture: TEXTURES[texture].2,
            frequency: between(rng, 1.2, 2.2),
        }
    }

    /// Scenes from a position on, with their values in [−1, 1] joined as a batch has them.
    fn batch(&self, position: u64, size: usize) -> (Vec<f32>, Vec<Scene>) {
        let scenes: Vec<_> =
            (position..position + size as u64).map(|index| self.scene(index)).collect();
        let mut values = Vec::with_capacity(3 * size * self.side * self.side);
        for scene in &scenes {
            for channel in 0..3 {
                let bytes = scene.image.pixels().iter().skip(channel).step_by(3);
                values.extend(bytes.map(|byte| f32::from(*byte) / 127.5 - 1.0));
            }
        }
        (values, scenes)
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::json!({ "scenes": self.side, "seed": self.seed, "known": self.known })
    }
}

impl BatchSource<MaskBatch> for Scenes {
    fn batch(&self, position: u64, size: usize) -> Result<MaskBatch, BatchError> {
        let (values, scenes) = self.batch(position, size);
        let labels = scenes.iter().flat_map(|scene| scene.mask.labels().iter().copied());
        Ok(MaskBatch::new(values, labels.collect(), [size, self.side, self.side]))
    }

    fn describe(&self) -> serde_json::Value {
        self.describe()
    }
}

impl BatchSource<DepthBatch> for Scenes {
    fn batch(&self, position: u64, size: usize) -> Result<DepthBatch, BatchError> {
        let (values, scenes) = self.batch(position, size);
        let depths = scenes.iter().flat_map(|scene| scene.depth.values().iter().copied());
        Ok(DepthBatch::new(values, depths.collect(), [size, self.side, self.side]))
    }

    fn describe(&self) -> serde_json::Value {
        self.describe()
    }
}

/// Sky and ground.
struct Backdrop {
    /// Rows above the horizon, as a share of the height.
    horizon: f32,
    sky: [f32; 3],
    ground: [[f32; 3]; 2],
    pattern: fn([f32; 2]) -> f32,
    /// Direction of the pattern, and its periods in a metre.
    turn: [f32; 2],
    frequency: f32,
    noise: f32,
}

impl Backdrop {
    fn draw(rng: &mut Rng) -> Self {
        let grey = between(rng, 0.2, 0.5);
        let tone = [(); 3].map(|()| grey + between(rng, -0.12, 0.12));
        let light = between(rng, 0.55, 0.95);
        let (sin, cos) = between(rng, 0.0, core::f32::consts::TAU).sin_cos();
        Self {
            horizon: between(rng, 0.3, 0.45),
            sky: [light - between(rng, 0.05, 0.3), light - between(rng, 0.0, 0.12), light],
            ground: [tone, tone.map(|value| value * between(rng, 0.45, 0.75))],
            pattern: TEXTURES[rng.usize(1..TEXTURES.len())].2,
            turn: [cos, sin],
            frequency: between(rng, 0.4, 1.0),
            noise: between(rng, 0.0, 0.06),
        }
    }

    /// Colour, class and depth of a place, in shares of the image.
    fn at(&self, [x, y]: [f32; 2], pixel: f32) -> ([f32; 3], u8, f32) {
        let below = y - self.horizon;
        let depth = CAMERA / below;
        if below <= 0.0 {
            let fade = 0.25 * (self.horizon - y);
            return (self.sky.map(|value| value - fade), 0, 0.0);
        }
        let [right, ahead] = [(x - 0.5) * depth, depth].map(|metres| metres * self.frequency);
        let [cos, sin] = self.turn;
        let share = (self.pattern)([cos * right + sin * ahead, cos * ahead - sin * right]);
        // Periods of the pattern in a pixel: where it would flicker, its mean stands for it.
        let fine = depth * depth / CAMERA * pixel * self.frequency;
        let share = 0.6 + (share - 0.6) * (1.0 - 1.5 * fine).clamp(0.0, 1.0);
        let [high, low] = self.ground;
        let colour = [0, 1, 2].map(|channel| low[channel] + share * (high[channel] - low[channel]));
        (colour, 1, if depth <= FARTHEST { depth } else { 0.0 })
    }
}

/// A shape that stands on the ground.
struct Standing {
    shape: fn([f32; 2]) -> f32,
    class: u8,
    depth: f32,
    /// Where the middle of the shape's frame is, and half its side, in shares of the image.
    centre: [f32; 2],
    half: f32,
    colour: [f32; 3],
    texture: fn([f32; 2]) -> f32,
    frequency: f32,
}

impl Standing {
    fn frame(&self, at: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| (at[axis] - self.centre[axis]) / self.half)
    }

    /// How far a place is from the edge, in shares of the image; below 0 inside.
    fn distance(&self, at: [f32; 2]) -> f32 {
        (self.shape)(self.frame(at)) * self.half
    }

    fn ink(&self, at: [f32; 2]) -> [f32; 3] {
        let share = (self.texture)(self.frame(at).map(|value| value * self.frequency));
        self.colour.map(|value| value * (0.3 + 0.7 * share))
    }
}

fn shape(name: &str) -> &'static Shape {
    SHAPES.iter().find(|(known, ..)| *known == name).expect("a shape of drawings")
}

/// The highest and the lowest place of a shape, in its frame.
fn extent(distance: fn([f32; 2]) -> f32) -> [f32; 2] {
    let place = |step: usize, of: usize| 2.0 * step as f32 / of as f32 - 1.0;
    let has_ink = |y: f32| (0..=100).any(|step| distance([place(step, 100), y]) <= 0.0);
    let mut rows = (0..=1_000).map(|step| place(step, 1_000)).filter(|y| has_ink(*y));
    let top = rows.next().unwrap_or(-1.0);
    [top, rows.next_back().unwrap_or(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_follow_from_seed_and_index() {
        let scenes = Scenes::new(24, 3);
        assert_eq!(scenes.scene(4), Scenes::new(24, 3).scene(4));
        assert_ne!(scenes.scene(4), scenes.scene(5));
        assert_ne!(scenes.scene(4), Scenes::new(24, 4).scene(4));
        // Where depths are known changes nothing else.
        let sparse = Scenes::new(24, 3).with_known(0.1).scene(4);
        assert_eq!(sparse.mask, scenes.scene(4).mask);
    }

    #[test]
    fn what_is_said_of_a_scene_is_what_is_seen() {
        for index in 0..20 {
            let scene = Scenes::new(64, 1).scene(index);
            assert!(
                (2..=5).contains(&scene.shapes.len()) && scene.shapes.is_sorted_by(|a, b| a >= b)
            );
            let sky = (scene.horizon * 64.0).floor() as usize;
            assert!(scene.mask.labels()[64 * (sky + 1)..].iter().all(|label| *label != 0));
            let pixels = scene.mask.labels().iter().zip(scene.depth.values());
            let seen = pixels.filter(|(label, _)| **label >= FIRST_SHAPE).map(|(_, depth)| *depth);
            assert!(seen.fold(f32::MAX, f32::min) >= *scene.shapes.last().unwrap());
        }
    }

    #[test]
    fn classes_are_named_and_all_occur() {
        assert_eq!(Scenes::CLASSES[FIRST_SHAPE as usize..], STANDING);
        let mut counts = [0usize; Scenes::CLASSES.len()];
        for index in 0..60 {
            let scene = Scenes::new(32, 1).scene(index);
            scene.mask.labels().iter().for_each(|label| counts[usize::from(*label)] += 1);
        }
        // The rarest is a cross: thin, and about half a one in each scene.
        assert!(counts.iter().all(|count| *count > 200), "{counts:?}");
    }

    /// A shape is as far away as the ground that it touches: the ground of a row is no nearer than the shapes that are
    /// seen in it, and the nearest shape ends where the ground is as near as it is.
    #[test]
    fn shapes_stand_on_the_ground_at_their_depth() {
        let n = 96;
        let mut ends = 0;
        for index in 0..40 {
            let scene = Scenes::new(n, 2).scene(index);
            let pixels = || scene.mask.labels().iter().zip(scene.depth.values());
            let row_of = |row: usize| pixels().skip(row * n).take(n);
            let ground = |row: usize| row_of(row).find(|(label, _)| **label == 1).map(|at| *at.1);
            let near = pixels().filter(|(label, _)| **label >= FIRST_SHAPE).map(|at| *at.1);
            let nearest = near.reduce(f32::min).unwrap();
            let mut last = 0;
            for row in 0..n {
                let shapes = row_of(row).filter(|(label, _)| **label >= FIRST_SHAPE);
                let Some(of_ground) = ground(row).filter(|depth| *depth > 0.0) else { continue };
                for (_, depth) in shapes {
                    assert!(*depth < of_ground * 1.005, "scene {index}: {depth} {of_ground}");
                    last = if *depth == nearest { row } else { last };
                }
            }
            // One whose end is seen, by less than two rows and a half of the ground, since its edge is soft.
            if let Some(of_ground) = ground(last).filter(|_| last + 4 < n && last > 0) {
                let row = of_ground * of_ground / CAMERA / n as f32;
                assert!(of_ground - nearest < 2.5 * row, "scene {index}: {of_ground} {nearest}");
                ends += 1;
            }
        }
        assert!(ends > 20, "{ends}");
    }

    #[test]
    fn few_depths_are_known_where_it_is_asked_for() {
        let share = |known: f32| {
            let scene = Scenes::new(96, 2).with_known(known).scene(1);
            let there = scene.depth.values().iter().filter(|depth| **depth > 0.0).count();
            there as f64 / (96.0 * 96.0)
        };
        let all = share(1.0);
        // 9,216 pixels: a standard deviation of 0.003.
        assert!((share(0.1) - 0.1 * all).abs() < 0.015 && all > 0.5, "{}", share(0.1));
    }
}

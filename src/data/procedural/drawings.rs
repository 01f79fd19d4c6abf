//! Procedural images: a shape with a texture and a colour on a dark background.
//!
//! They stand in for photographs, which cannot be shared freely. Each image follows from a seed and an
//! index, there is no end of them, and their labels form a hierarchy as JFT's do. Some shapes are filled,
//! some are drawn with a pen. Most images show a sign of an invented script: a few curved strokes, bent a
//! little differently each time, as in handwriting.

use core::f32::consts::{PI, TAU};

use burn::tensor::TensorData;
use fastrand::Rng;

use crate::data::batch::{BatchError, BatchSource, ImageBatch};
use crate::data::labels::Hierarchy;

/// A shape: its name, its family, and the signed distance from its edge in the frame [−1, 1]².
type Shape = (&'static str, &'static str, fn([f32; 2]) -> f32);

const SHAPES: [Shape; 20] = [
    ("disc", "round", |p| length(p) - 0.75),
    ("ellipse", "round", |[x, y]| (length([x / 0.9, y / 0.5]) - 1.0) * 0.5),
    ("half disc", "round", |p| (length(p) - 0.8).max(p[1] - 0.1)),
    ("square", "polygon", |p| polygon(p, 4, 0.75)),
    ("triangle", "polygon", |p| polygon(p, 3, 0.85)),
    ("pentagon", "polygon", |p| polygon(p, 5, 0.8)),
    ("bar", "polygon", |[x, y]| (x.abs() - 0.85).max(y.abs() - 0.28)),
    ("star", "polygon", |p| {
        let angle = p[1].atan2(p[0]);
        length(p) - 0.55 - 0.27 * (5.0 * angle).cos()
    }),
    ("ring", "curve", |p| pen((length(p) - 0.6).abs())),
    ("oval ring", "curve", |[x, y]| pen(((length([x / 0.45, y / 0.75]) - 1.0) * 0.5).abs())),
    ("arc", "curve", |p| pen(arc(p, 0.65, 0.65))),
    ("hook", "curve", |p| {
        let [x, y] = p;
        pen(arc([x, y + 0.3], 0.45, 0.5).min(segment(p, [0.45, -0.3], [0.1, 0.8])))
    }),
    ("two rings", "curve", |[x, y]| {
        let ring = |y: f32, radius: f32| (length([x, y]) - radius).abs();
        pen(ring(y + 0.4, 0.36).min(ring(y - 0.38, 0.4)))
    }),
    ("wave", "curve", |[x, y]| {
        pen(if x.abs() < 0.85 { (y - 0.45 * (x * PI / 0.75).sin()).abs() * 0.5 } else { 1.0 })
    }),
    ("spiral", "curve", |p| {
        let turn = p[1].atan2(p[0]) / TAU + 0.5;
        let arm = |k: f32| (length(p) - 0.42 * (turn + k)).abs();
        pen(arm(0.0).min(arm(1.0)).max(length(p) - 0.85))
    }),
    ("line", "stroke", |p| pen(segment(p, [0.0, -0.8], [0.0, 0.8]))),
    ("cross", "stroke", |p| {
        pen(segment(p, [0.0, -0.8], [0.0, 0.8]).min(segment(p, [-0.7, 0.1], [0.7, 0.1])))
    }),
    ("corner", "stroke", |p| {
        pen(segment(p, [-0.5, -0.7], [0.5, -0.7]).min(segment(p, [0.5, -0.7], [-0.1, 0.8])))
    }),
    ("tee", "stroke", |p| {
        pen(segment(p, [-0.6, -0.7], [0.6, -0.7]).min(segment(p, [0.0, -0.7], [0.0, 0.8])))
    }),
    ("zigzag", "stroke", |p| {
        let upper = segment(p, [-0.5, -0.7], [0.5, -0.7]).min(segment(p, [0.5, -0.7], [-0.5, 0.7]));
        pen(upper.min(segment(p, [-0.5, 0.7], [0.5, 0.7])))
    }),
];

/// A texture: its name, its family, and the share of ink at a point.
type Texture = (&'static str, &'static str, fn([f32; 2]) -> f32);

const TEXTURES: [Texture; 7] = [
    ("plain", "smooth", |_| 1.0),
    ("shaded", "smooth", |[x, _]| 0.65 + 0.35 * x),
    ("striped", "lined", |[x, _]| wave(x)),
    ("diagonal", "lined", |[x, y]| wave((x + y) * 0.7)),
    ("checked", "dotted", |[x, y]| if (wave(x) > 0.5) == (wave(y) > 0.5) { 1.0 } else { 0.25 }),
    ("spotted", "dotted", |[x, y]| wave(x).min(wave(y))),
    ("ringed", "lined", |p| wave(length(p))),
];

/// A colour: its name, its family, and red, green and blue.
type Colour = (&'static str, &'static str, [f32; 3]);

const COLOURS: [Colour; 7] = [
    ("red", "warm", [0.9, 0.15, 0.1]),
    ("orange", "warm", [0.95, 0.55, 0.1]),
    ("yellow", "warm", [0.95, 0.9, 0.2]),
    ("green", "cold", [0.2, 0.75, 0.25]),
    ("blue", "cold", [0.15, 0.35, 0.9]),
    ("violet", "cold", [0.6, 0.25, 0.8]),
    ("white", "grey", [0.95, 0.95, 0.95]),
];

/// The number of signs of the invented script.
const SIGNS: usize = 120;

/// A stroke of a sign.
#[derive(Debug, Clone, Copy)]
enum Stroke {
    /// A quadratic Bézier curve.
    Curve([[f32; 2]; 3]),
    /// An ellipse: its centre and its two radii.
    Loop([[f32; 2]; 2]),
}

/// An endless sequence of labelled drawings, to train on without data on disk.
///
/// ```
/// use vit22b::data::Drawings;
///
/// let data = Drawings::new(32, 7);
/// let example = data.example(5);
/// assert_eq!(example.pixels.len(), 3 * 32 * 32);
/// // Shape, texture and colour, and the family of each (signs have two: their strokes, and signs).
/// assert!(data.hierarchy().multi_hot(example.labels)?.iter().sum::<f32>() >= 6.0);
/// # Ok::<(), vit22b::data::LabelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Drawings {
    side: usize,
    seed: u64,
    signs: Vec<(String, Vec<Stroke>)>,
    hierarchy: Hierarchy,
}

/// One image with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Example<'a> {
    /// `[3, height, width]` row by row, values in [−1, 1].
    pub pixels: Vec<f32>,
    /// The labels, without their ancestors: shape, texture, colour.
    pub labels: [&'a str; 3],
}

impl Drawings {
    /// Square images of `side` pixels. The seed chooses the images; the script is always the same.
    pub fn new(side: usize, seed: u64) -> Self {
        let signs: Vec<_> = (0..SIGNS).map(sign).collect();
        let families = ["one stroke", "two strokes", "three strokes"];
        let of_sign = signs.iter().map(|(name, strokes)| (&**name, families[strokes.len() - 1]));
        let edges = (SHAPES.iter().map(|(name, family, _)| (*name, *family)))
            .chain(TEXTURES.iter().map(|(name, family, _)| (*name, *family)))
            .chain(COLOURS.iter().map(|(name, family, _)| (*name, *family)))
            .chain(families.map(|family| (family, "sign")))
            .chain(of_sign);
        let hierarchy = Hierarchy::new(edges).expect("no family is its own ancestor");
        Self { side, seed, signs, hierarchy }
    }

    /// The side of the images in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The hierarchy of all labels and their families.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The `index`-th image with its labels. Every call gives the same.
    pub fn example(&self, index: u64) -> Example<'_> {
        // The multiplication gives neighbouring indices distant seeds.
        let rng = &mut Rng::with_seed(self.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (name, outline) = self.outline(rng);
        // More than half of the images are plain: textures hide shapes.
        let texture =
            if rng.f32() < 0.6 { TEXTURES[0] } else { TEXTURES[rng.usize(..TEXTURES.len())] };
        let colour = COLOURS[rng.usize(..COLOURS.len())];
        let pixels = paint(self.side, &outline, texture.2, colour.2, rng);
        Example { pixels, labels: [name, texture.0, colour.0] }
    }

    /// Draws a shape or a sign.
    fn outline(&self, rng: &mut Rng) -> (&str, Outline) {
        if rng.f32() < 0.4 {
            let (name, _, distance) = SHAPES[rng.usize(..SHAPES.len())];
            return (name, Outline::Shape(distance));
        }
        let (name, strokes) = &self.signs[rng.usize(..self.signs.len())];
        let lines = strokes.iter().map(|stroke| stroke.bent(rng).polyline()).collect();
        (name, Outline::Strokes(lines, between(rng, 0.1, 0.26)))
    }
}

impl BatchSource<ImageBatch> for Drawings {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let (mut pixels, mut targets) = (Vec::new(), Vec::new());
        for index in position..position + size as u64 {
            let example = self.example(index);
            pixels.extend(example.pixels);
            let target = self.hierarchy().multi_hot(example.labels);
            targets.extend(target.map_err(|error| BatchError::new(position, error))?);
        }
        let classes = self.hierarchy().names().len();
        Ok(ImageBatch::new(
            TensorData::new(pixels, [size, 3, self.side(), self.side()]),
            TensorData::new(targets, [size, classes]),
        ))
    }
}

/// Paints an outline with a texture and a colour; the pixels are as in [`Example`]. Position, slant,
/// background and noise are random.
fn paint(
    n: usize,
    outline: &Outline,
    texture: fn([f32; 2]) -> f32,
    colour: [f32; 3],
    rng: &mut Rng,
) -> Vec<f32> {
    let (figure, paper) = (Frame::figure(rng), Frame::texture(rng));
    let background = Background::draw(rng);
    let ink = colour.map(|c| (c * between(rng, 0.75, 1.1)).min(1.0));
    let (noise, blur) = (between(rng, 0.0, 0.04), between(rng, 1.0, 3.0));

    let pixel = 2.0 / n as f32;
    let mut pixels = vec![0.0; 3 * n * n];
    for (row, column) in (0..n).flat_map(|row| (0..n).map(move |column| (row, column))) {
        let at = [(column as f32 + 0.5) * pixel - 1.0, (row as f32 + 0.5) * pixel - 1.0];
        // Around the edge, ink fades over `blur` pixels.
        let distance = outline.distance(figure.apply(at)) * figure.scale;
        let cover = (0.5 - distance / (pixel * blur)).clamp(0.0, 1.0);
        let share = texture(paper.apply(at));
        for (channel, ink) in ink.iter().enumerate() {
            let behind = background.at(at, channel);
            let value = behind + cover * (ink * (0.3 + 0.7 * share) - behind);
            let value = value + noise * (rng.f32() - 0.5) * 2.0;
            pixels[(channel * n + row) * n + column] = value.clamp(0.0, 1.0) * 2.0 - 1.0;
        }
    }
    pixels
}

/// Paints a shape with a texture, both given by name, in a random colour.
pub(super) fn shape_in_texture(side: usize, shape: &str, texture: &str, rng: &mut Rng) -> Vec<f32> {
    let (_, _, distance) = SHAPES.iter().find(|(name, ..)| *name == shape).expect("a shape");
    let (_, _, share) = TEXTURES.iter().find(|(name, ..)| *name == texture).expect("a texture");
    let (_, _, colour) = COLOURS[rng.usize(..COLOURS.len())];
    paint(side, &Outline::Shape(*distance), *share, colour, rng)
}

impl Stroke {
    /// The stroke with its points moved a little, as a hand draws it.
    fn bent(self, rng: &mut Rng) -> Self {
        let mut bend = |point: [f32; 2], by: f32| point.map(|v| v + between(rng, -by, by));
        match self {
            Self::Curve(points) => Self::Curve(points.map(|point| bend(point, 0.13))),
            Self::Loop([centre, radii]) => Self::Loop([bend(centre, 0.1), bend(radii, 0.07)]),
        }
    }

    /// The stroke as a line of straight pieces.
    fn polyline(&self) -> [[f32; 2]; PIECES + 1] {
        core::array::from_fn(|i| {
            let t = i as f32 / PIECES as f32;
            match self {
                Self::Curve([a, b, c]) => {
                    let (u, v, w) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
                    [u * a[0] + v * b[0] + w * c[0], u * a[1] + v * b[1] + w * c[1]]
                }
                Self::Loop([centre, radii]) => {
                    let (sin, cos) = (TAU * t).sin_cos();
                    [centre[0] + radii[0] * cos, centre[1] + radii[1] * sin]
                }
            }
        })
    }
}

/// The number of straight pieces of a stroke.
const PIECES: usize = 10;

/// A figure, by the distance from its edge.
enum Outline {
    Shape(fn([f32; 2]) -> f32),
    /// The lines of a sign, and half the width of the pen.
    Strokes(Vec<[[f32; 2]; PIECES + 1]>, f32),
}

impl Outline {
    fn distance(&self, p: [f32; 2]) -> f32 {
        match self {
            Self::Shape(distance) => distance(p),
            Self::Strokes(strokes, pen) => {
                let pieces = strokes.iter().flat_map(|line| line.windows(2));
                pieces.map(|ends| segment(p, ends[0], ends[1])).fold(f32::MAX, f32::min) - pen
            }
        }
    }
}

/// The name of a sign and its one to three strokes. A stroke often begins where the one before ends.
fn sign(index: usize) -> (String, Vec<Stroke>) {
    let rng = &mut Rng::with_seed(1_000 + index as u64);
    let place = |rng: &mut Rng| [(); 2].map(|()| rng.usize(..4) as f32 * 0.5 - 0.75);
    let mut strokes: Vec<Stroke> = Vec::new();
    while strokes.len() < 1 + index % 3 {
        if rng.f32() < 0.25 {
            let centre = place(rng).map(|v| v * 0.55);
            strokes.push(Stroke::Loop([centre, [(); 2].map(|()| between(rng, 0.3, 0.55))]));
            continue;
        }
        let start = match strokes.last() {
            Some(Stroke::Curve(points)) if rng.f32() < 0.6 => points[2],
            _ => place(rng),
        };
        let (towards, end) = (place(rng), place(rng));
        if length([end[0] - start[0], end[1] - start[1]]) > 0.6 {
            strokes.push(Stroke::Curve([start, towards, end]));
        }
    }
    (format!("sign {index:03}"), strokes)
}

/// A rotation, a stretch and a shift of the plane.
struct Frame {
    rotation: [[f32; 2]; 2],
    shift: [f32; 2],
    scale: f32,
}

impl Frame {
    /// Draws position, size, slant and rotation of a figure, which is nearly upright.
    fn figure(rng: &mut Rng) -> Self {
        let (angle, scale) = (between(rng, -0.2, 0.2), between(rng, 0.85, 1.1));
        let room = 0.12;
        let (shear, stretch) = (between(rng, -0.25, 0.25), between(rng, 0.75, 1.2));
        let (sin, cos) = angle.sin_cos();
        // The inverse of rotation, slant and stretch: from the image to the figure.
        let rotation = [[cos / stretch + shear * sin, sin / stretch - shear * cos], [-sin, cos]];
        let shift = [between(rng, -room, room), between(rng, -room, room)];
        Self { rotation, shift, scale }
    }

    /// Draws position, size and direction of a texture.
    fn texture(rng: &mut Rng) -> Self {
        let (angle, frequency) = (between(rng, -PI, PI), between(rng, 1.2, 2.2));
        let (sin, cos) = angle.sin_cos();
        let shift = [between(rng, -0.5, 0.5), between(rng, -0.5, 0.5)];
        Self { rotation: [[cos, sin], [-sin, cos]], shift, scale: 1.0 / frequency }
    }

    fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (x, y) = ((x - self.shift[0]) / self.scale, (y - self.shift[1]) / self.scale);
        self.rotation.map(|[a, b]| a * x + b * y)
    }
}

/// A dark gradient.
struct Background {
    tone: [f32; 3],
    slope: [f32; 2],
}

impl Background {
    fn draw(rng: &mut Rng) -> Self {
        let grey = between(rng, 0.0, 0.15);
        Self {
            tone: [(); 3].map(|()| grey + between(rng, 0.0, 0.12)),
            slope: [between(rng, -0.08, 0.08), between(rng, -0.08, 0.08)],
        }
    }

    fn at(&self, [x, y]: [f32; 2], channel: usize) -> f32 {
        self.tone[channel] + self.slope[0] * x + self.slope[1] * y
    }
}

fn between(rng: &mut Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.f32()
}

fn length([x, y]: [f32; 2]) -> f32 {
    x.hypot(y)
}

/// The distance from the edge of a line drawn with a pen, by the distance from the line's middle.
fn pen(distance: f32) -> f32 {
    distance - 0.17
}

/// The distance from the straight line between two points.
fn segment(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (d, e) = ([p[0] - a[0], p[1] - a[1]], [b[0] - a[0], b[1] - a[1]]);
    let along = ((d[0] * e[0] + d[1] * e[1]) / (e[0] * e[0] + e[1] * e[1])).clamp(0.0, 1.0);
    length([d[0] - along * e[0], d[1] - along * e[1]])
}

/// The distance from an arc that is open at its bottom; `part` is its share of the circle, from 0 to 1.
fn arc(p: [f32; 2], radius: f32, part: f32) -> f32 {
    let angle = p[0].atan2(-p[1]).abs();
    if angle <= part * PI {
        return (length(p) - radius).abs();
    }
    let (sin, cos) = (part * PI).sin_cos();
    length([p[0].abs() - radius * sin, p[1] + radius * cos])
}

/// The signed distance from the edge of a regular polygon, exact near its sides.
fn polygon(p: [f32; 2], corners: usize, radius: f32) -> f32 {
    let step = TAU / corners as f32;
    let angle = (p[0].atan2(-p[1]) + step / 2.0).rem_euclid(step) - step / 2.0;
    // Measured perpendicular to the side that faces the point. A corner points up.
    let to_side = length(p) * (step / 2.0 - angle.abs()).cos();
    to_side - radius * (step / 2.0).cos()
}

/// A share of ink with period 1 and soft edges.
fn wave(x: f32) -> f32 {
    (0.5 + 1.2 * (TAU * x).sin()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_follow_from_seed_and_index() {
        let data = Drawings::new(16, 3);
        assert_eq!(data.example(4), Drawings::new(16, 3).example(4));
        assert_ne!(data.example(4), data.example(5));
        assert_ne!(data.example(4), Drawings::new(16, 4).example(4));
    }

    #[test]
    fn every_label_occurs_and_every_pixel_is_in_range() {
        let data = Drawings::new(12, 0);
        let mut counts = vec![0.0; data.hierarchy().names().len()];
        for index in 0..6_000 {
            let example = data.example(index);
            assert!(example.pixels.iter().all(|p| (-1.0..=1.0).contains(p)));
            let target = data.hierarchy().multi_hot(example.labels).unwrap();
            counts.iter_mut().zip(target).for_each(|(count, t)| *count += t);
        }
        let leaves = SHAPES.len() + SIGNS + TEXTURES.len() + COLOURS.len();
        assert_eq!(counts.len(), leaves + 4 + 4 + 3 + 3);
        // The rarest are signs: 6,000 * 0.6 / 120 = 30 expected, 5.4 standard deviation.
        assert!(counts.iter().all(|count| *count > 5.0), "{counts:?}");
    }

    #[test]
    fn every_shape_leaves_ink_and_background() {
        for (name, _, distance) in SHAPES {
            let points =
                (0..400).map(|i| [(i % 20) as f32 / 9.5 - 1.0, (i / 20) as f32 / 9.5 - 1.0]);
            let inside = points.filter(|p| distance(*p) < 0.0).count();
            assert!((25..330).contains(&inside), "{name}: {inside} of 400");
        }
    }
}

//! Figures painted with a texture and a colour on a background.

use core::f32::consts::{PI, TAU};

use fastrand::Rng;

use super::script::{PIECES, between};
use super::shapes::{SHAPES, length, segment};

/// A texture: its name, its family, and the share of ink at a point.
pub(super) type Texture = (&'static str, &'static str, fn([f32; 2]) -> f32);

pub(super) const TEXTURES: [Texture; 7] = [
    ("plain", "smooth", |_| 1.0),
    ("shaded", "smooth", |[x, _]| 0.65 + 0.35 * x),
    ("striped", "lined", |[x, _]| wave(x)),
    ("diagonal", "lined", |[x, y]| wave((x + y) * 0.7)),
    ("checked", "dotted", |[x, y]| if (wave(x) > 0.5) == (wave(y) > 0.5) { 1.0 } else { 0.25 }),
    ("spotted", "dotted", |[x, y]| wave(x).min(wave(y))),
    ("ringed", "lined", |p| wave(length(p))),
];

/// A colour: its name, its family, and red, green and blue.
pub(super) type Colour = (&'static str, &'static str, [f32; 3]);

pub(super) const COLOURS: [Colour; 7] = [
    ("red", "warm", [0.9, 0.15, 0.1]),
    ("orange", "warm", [0.95, 0.55, 0.1]),
    ("yellow", "warm", [0.95, 0.9, 0.2]),
    ("green", "cold", [0.2, 0.75, 0.25]),
    ("blue", "cold", [0.15, 0.35, 0.9]),
    ("violet", "cold", [0.6, 0.25, 0.8]),
    ("white", "grey", [0.95, 0.95, 0.95]),
];

/// A figure, by the distance from its edge.
pub(super) enum Outline {
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

/// An image, and the share of each of its pixels that the figure covers, both as in [`Example`](super::Example).
pub(super) struct Painted {
    pub(super) pixels: Vec<f32>,
    pub(super) cover: Vec<f32>,
}

/// Paints an outline with a texture and a colour. Position, slant, background and noise are random.
pub(super) fn paint(
    n: usize,
    outline: &Outline,
    texture: fn([f32; 2]) -> f32,
    colour: [f32; 3],
    rng: &mut Rng,
) -> Painted {
    let painting = Painting::draw(texture, colour, rng);
    painting.render(n, outline, &painting.figure, rng)
}

/// All that is drawn of a painting but its noise.
pub(super) struct Painting {
    figure: Frame,
    paper: Frame,
    background: Background,
    ink: [f32; 3],
    texture: fn([f32; 2]) -> f32,
    noise: f32,
    blur: f32,
}

impl Painting {
    pub(super) fn draw(texture: fn([f32; 2]) -> f32, colour: [f32; 3], rng: &mut Rng) -> Self {
        let (figure, paper) = (Frame::figure(rng), Frame::texture(rng));
        let background = Background::draw(rng);
        let ink = colour.map(|c| (c * between(rng, 0.75, 1.1)).min(1.0));
        let (noise, blur) = (between(rng, 0.0, 0.04), between(rng, 1.0, 3.0));
        Self { figure, paper, background, ink, texture, noise, blur }
    }

    /// The painting with its figure in another size and place, where the sides of the image are 2 long.
    pub(super) fn moved(
        &self,
        n: usize,
        outline: &Outline,
        (scale, place): (f32, [f32; 2]),
        rng: &mut Rng,
    ) -> Vec<f32> {
        let figure = Frame { scale, shift: place, ..self.figure };
        self.render(n, outline, &figure, rng).pixels
    }

    fn render(&self, n: usize, outline: &Outline, figure: &Frame, rng: &mut Rng) -> Painted {
        let Self { paper, background, ink, texture, noise, blur, .. } = self;
        let pixel = 2.0 / n as f32;
        let (mut pixels, mut cover_of) = (vec![0.0; 3 * n * n], Vec::with_capacity(n * n));
        for (row, column) in (0..n).flat_map(|row| (0..n).map(move |column| (row, column))) {
            let at = [(column as f32 + 0.5) * pixel - 1.0, (row as f32 + 0.5) * pixel - 1.0];
            // Around the edge, ink fades over `blur` pixels.
            let distance = outline.distance(figure.apply(at)) * figure.scale;
            let cover = (0.5 - distance / (pixel * blur)).clamp(0.0, 1.0);
            cover_of.push(cover);
            let share = texture(paper.apply(at));
            for (channel, ink) in ink.iter().enumerate() {
                let behind = background.at(at, channel);
                let value = behind + cover * (ink * (0.3 + 0.7 * share) - behind);
                let value = value + noise * (rng.f32() - 0.5) * 2.0;
                pixels[(channel * n + row) * n + column] = value.clamp(0.0, 1.0) * 2.0 - 1.0;
            }
        }
        Painted { pixels, cover: cover_of }
    }
}

/// Paints a shape with a texture, both given by name, in a random colour.
pub(super) fn shape_in_texture(side: usize, shape: &str, texture: &str, rng: &mut Rng) -> Vec<f32> {
    let (_, _, distance) = SHAPES.iter().find(|(name, ..)| *name == shape).expect("a shape");
    let (_, _, share) = TEXTURES.iter().find(|(name, ..)| *name == texture).expect("a texture");
    let (_, _, colour) = COLOURS[rng.usize(..COLOURS.len())];
    paint(side, &Outline::Shape(*distance), *share, colour, rng).pixels
}

/// A rotation, a stretch and a shift of the plane.
#[derive(Clone, Copy)]
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
        let rotation = [[cos, sin], [-sin, cos]];
        Self { rotation, shift, scale: 1.0 / frequency }
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

/// A share of ink with period 1 and soft edges.
fn wave(x: f32) -> f32 {
    (0.5 + 1.2 * (TAU * x).sin()).clamp(0.0, 1.0)
}

//! The signs of an invented script.

use core::f32::consts::TAU;

use fastrand::Rng;

use super::shapes::length;

/// The number of signs of the invented script.
pub(super) const SIGNS: usize = 120;

/// A stroke of a sign.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stroke {
    /// A quadratic Bézier curve.
    Curve([[f32; 2]; 3]),
    /// An ellipse: its centre and its two radii.
    Loop([[f32; 2]; 2]),
}

impl Stroke {
    /// The stroke with its points moved a little, as a hand draws it.
    pub(super) fn bent(self, rng: &mut Rng) -> Self {
        let mut bend = |point: [f32; 2], by: f32| point.map(|v| v + between(rng, -by, by));
        match self {
            Self::Curve(points) => Self::Curve(points.map(|point| bend(point, 0.13))),
            Self::Loop([centre, radii]) => Self::Loop([bend(centre, 0.1), bend(radii, 0.07)]),
        }
    }

    /// The stroke as a line of straight pieces.
    pub(super) fn polyline(&self) -> [[f32; 2]; PIECES + 1] {
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
pub(super) const PIECES: usize = 10;

/// The name of a sign and its one to three strokes. A stroke often begins where the one before ends.
pub(super) fn sign(index: usize) -> (String, Vec<Stroke>) {
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

/// A number drawn uniformly from an interval.
pub(super) fn between(rng: &mut Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.f32()
}

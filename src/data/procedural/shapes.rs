//! The shapes of drawings, by their distance from points.

use core::f32::consts::{PI, TAU};

/// A shape: its name, its family, and the signed distance from its edge in the frame [−1, 1]².
pub(super) type Shape = (&'static str, &'static str, fn([f32; 2]) -> f32);

pub(super) const SHAPES: [Shape; 20] = [
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

pub(super) fn length([x, y]: [f32; 2]) -> f32 {
    x.hypot(y)
}

/// The distance from the edge of a line drawn with a pen, by the distance from the line's middle.
fn pen(distance: f32) -> f32 {
    distance - 0.17
}

/// The distance from the straight line between two points.
pub(super) fn segment(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
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

#[cfg(test)]
mod tests {
    use super::*;

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

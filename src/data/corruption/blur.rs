//! The four kinds of blur, and what they share with other corruptions.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::noise::between;
use crate::data::image::FloatImage;

/// Blurs an image with a Gaussian kernel that is cut off after `truncate` standard deviations. Beyond its
/// edges the image is continued as its mirror image.
pub(super) fn gaussian_blur(image: &FloatImage, deviation: f32, truncate: f32) -> FloatImage {
    let kernel = gaussian_kernel(deviation, truncate);
    let (height, width) = (image.height, image.width);
    let reach = (kernel.len() / 2) as isize;
    let blur = |at: &dyn Fn(isize) -> [f32; 3]| {
        let mut sum = [0.0; 3];
        for (offset, weight) in (-reach..=reach).zip(&kernel) {
            sum.iter_mut().zip(at(offset)).for_each(|(sum, value)| *sum += weight * value);
        }
        sum
    };
    let rows = FloatImage::from_fn(height, width, |y, x| {
        blur(&|offset| image.values[y * width + mirrored(x as isize + offset, width)])
    });
    FloatImage::from_fn(height, width, |y, x| {
        blur(&|offset| rows.values[mirrored(y as isize + offset, height) * width + x])
    })
}

/// The weights of a Gaussian kernel in one dimension, which add up to 1.
pub(super) fn gaussian_kernel(deviation: f32, truncate: f32) -> Vec<f32> {
    let reach = (truncate * deviation + 0.5) as i32;
    let weight = |i: i32| (-0.5 * (i as f32 / deviation.max(1e-6)).powi(2)).exp();
    let weights: Vec<f32> = (-reach..=reach).map(weight).collect();
    let total: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// The index in `0..size` that `at` falls on when the row is continued as its mirror image, with the
/// outermost pixels doubled: `d c b a | a b c d | d c b a`.
fn mirrored(at: isize, size: usize) -> usize {
    let at = at.rem_euclid(2 * size as isize) as usize;
    at.min(2 * size - 1 - at)
}

/// As [`mirrored`], with the outermost pixels not doubled: `d c b | a b c d | c b a`.
fn reflected(at: isize, size: usize) -> usize {
    let period = (2 * size as isize - 2).max(1);
    let at = at.rem_euclid(period) as usize;
    if at < size { at } else { period as usize - at }
}

pub(super) fn defocus(image: &FloatImage, level: usize, unit: f32) -> FloatImage {
    let (radius, deviation) = [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)][level];
    let disk = match unit {
        1.0 => blurred_disk(radius, deviation),
        unit => soft_disk(radius as f32 * unit),
    };
    let (height, width) = (image.height, image.width);
    FloatImage::from_fn(height, width, |y, x| {
        let mut sum = [0.0; 3];
        for &((dy, dx), weight) in &disk {
            let (y, x) = (reflected(y as isize + dy, height), reflected(x as isize + dx, width));
            let pixel = image.values[y * width + x];
            sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * value);
        }
        sum
    })
}

/// The pixels of a disk, as offsets from its centre, and their weights, by the definition: whole pixels whose
/// centres are in it, blurred by a Gaussian kernel of 3 pixels, or of 5 for a radius above 8, within a square of
/// at least 17 pixels.
fn blurred_disk(radius: isize, deviation: f32) -> Vec<((isize, isize), f32)> {
    let (reach, around) = if radius <= 8 { (8, 1) } else { (radius, 2) };
    let side = (2 * reach + 1) as usize;
    let inside = |y: isize, x: isize| f32::from(y * y + x * x <= radius * radius);
    let total: f32 =
        (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| inside(y, x))).sum();
    // Beyond the square, the disk is continued as its mirror image.
    let at = |i: isize| reflected(i + reach, side) as isize - reach;
    let weight = |i: isize| (-0.5 * (i as f32 / deviation).powi(2)).exp();
    let weights: f32 = (-around..=around).map(weight).sum();
    let blurred = |y: isize, x: isize| {
        let square = (-around..=around).flat_map(|dy| (-around..=around).map(move |dx| (dy, dx)));
        let sum: f32 =
            square.map(|(dy, dx)| weight(dy) * weight(dx) * inside(at(y + dy), at(x + dx))).sum();
        sum / (weights * weights * total)
    };
    let square = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| (y, x)));
    square.map(|(y, x)| ((y, x), blurred(y, x))).filter(|(_, weight)| *weight > 0.0).collect()
}

/// A disk of any radius. Each sample point of the disk is divided among the four pixels around it: edges are
/// soft, and a disk smaller than a pixel still blurs.
fn soft_disk(radius: f32) -> Vec<((isize, isize), f32)> {
    const ACROSS: usize = 49;
    let along = |i: usize| 2.0 * i as f32 / (ACROSS - 1) as f32 - 1.0;
    let square = (0..ACROSS * ACROSS).map(|i| [along(i / ACROSS), along(i % ACROSS)]);
    let points: Vec<_> = square.filter(|[y, x]| y * y + x * x <= 1.0).collect();
    let mut weights = BTreeMap::new();
    for point in &points {
        let [(y, dy), (x, dx)] = point.map(|v| {
            let place = v * radius;
            (place.floor() as isize, place - place.floor())
        });
        for (offset, weight) in [
            ((y, x), (1.0 - dy) * (1.0 - dx)),
            ((y, x + 1), (1.0 - dy) * dx),
            ((y + 1, x), dy * (1.0 - dx)),
            ((y + 1, x + 1), dy * dx),
        ] {
            *weights.entry(offset).or_insert(0.0) += weight / points.len() as f32;
        }
    }
    weights.into_iter().filter(|(_, weight)| *weight > 0.0).collect()
}

pub(super) fn glass(image: &FloatImage, level: usize, unit: f32, rng: &mut Rng) -> FloatImage {
    let (deviation, reach, passes) =
        [(0.7, 1.0, 2), (0.9, 2.0, 1), (1.0, 2.0, 3), (1.1, 3.0, 2), (1.5, 4.0, 2)][level];
    let mut glass = gaussian_blur(image, deviation * unit, 4.0);
    let (height, width) = (image.height, image.width);
    let wanted = reach * unit;
    let reach = (wanted.round() as usize).max(1);
    // For shifts below one pixel, this share of the pixels moves by one pixel.
    let moving = wanted / reach as f32;
    // The definition blurs bytes, and keeps bytes.
    glass = glass.map(|value| (value * 255.0).floor() / 255.0);
    for _ in 0..passes {
        for y in (reach + 1..=height.saturating_sub(reach)).rev() {
            for x in (reach + 1..=width.saturating_sub(reach)).rev() {
                if moving < 1.0 && rng.f32() >= moving {
                    continue;
                }
                // The definition draws from −reach to reach − 1.
                let (dy, dx) = (rng.usize(..2 * reach), rng.usize(..2 * reach));
                let other = (y + dy - reach) * width + x + dx - reach;
                // Copied and not swapped, as by the definition's program.
                glass.values[y * width + x] = glass.values[other];
            }
        }
    }
    gaussian_blur(&glass, deviation * unit, 4.0)
}

pub(super) fn motion(image: &FloatImage, level: usize, unit: f32, rng: &mut Rng) -> FloatImage {
    let (radius, deviation) = [(10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0)][level];
    let angle = between(rng, -45.0, 45.0).to_radians();
    along(image, radius, deviation, angle, unit)
}

/// Blurs an image along a line, to one side only, with one half of a Gaussian kernel.
pub(super) fn along(
    image: &FloatImage,
    radius: usize,
    deviation: f32,
    angle: f32,
    unit: f32,
) -> FloatImage {
    let weights: Vec<f32> =
        (0..=2 * radius).map(|i| (-0.5 * (i as f32 / deviation).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let (dy, dx) = (angle.sin() * unit, angle.cos() * unit);
    // The definition takes the nearest pixel.
    let place = |steps: usize, step: f32| match unit {
        1.0 => (steps as f32 * step).round(),
        _ => steps as f32 * step,
    };
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let mut sum = [0.0; 3];
        for (i, weight) in weights.iter().enumerate() {
            let pixel = image.sample(y as f32 + place(i, dy), x as f32 + place(i, dx));
            sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight / total * value);
        }
        sum
    })
}

pub(super) fn zoom(image: &FloatImage, level: usize) -> FloatImage {
    let (count, step) = [(12, 0.01), (16, 0.01), (11, 0.02), (13, 0.02), (11, 0.03)][level];
    // The mean of the image and of its enlargements; the first enlargement is by 1.
    let zoomed = (0..count).map(|i| magnified(image, 1.0 + f64::from(i) * step));
    let mut sum = image.clone();
    for zoomed in zoomed {
        let pairs = sum.values.as_flattened_mut().iter_mut().zip(zoomed.values.as_flattened());
        pairs.for_each(|(sum, value)| *sum += value);
    }
    sum.map(|value| value / (count + 1) as f32)
}

/// As [`enlarged`], by the definition: a middle of whole pixels is enlarged so that the centres of its outermost
/// pixels stay at the edges, and then cut to the size of the image.
pub(super) fn magnified(image: &FloatImage, factor: f64) -> FloatImage {
    let along = |side: usize| {
        let middle = (side as f64 / factor).ceil();
        let enlarged = (middle * factor).round().max(1.0);
        let (from, cut) =
            (((side as f64 - middle) / 2.0).floor(), ((enlarged - side as f64) / 2.0).floor());
        let step = if enlarged > 1.0 { (middle - 1.0) / (enlarged - 1.0) } else { 0.0 };
        move |at: usize| (from + (at as f64 + cut) * step) as f32
    };
    let (down, right) = (along(image.height), along(image.width));
    FloatImage::from_fn(image.height, image.width, |y, x| image.sample(down(y), right(x)))
}

/// The middle of the image, enlarged to the size of the image.
pub(super) fn enlarged(image: &FloatImage, factor: f32) -> FloatImage {
    let (cy, cx) = ((image.height - 1) as f32 / 2.0, (image.width - 1) as f32 / 2.0);
    FloatImage::from_fn(image.height, image.width, |y, x| {
        image.sample(cy + (y as f32 - cy) / factor, cx + (x as f32 - cx) / factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(side: usize) -> FloatImage {
        FloatImage::from_fn(side, side, |y, x| [f32::from(y == side / 2 && x == side / 2); 3])
    }

    #[test]
    fn blurs_keep_the_light_of_a_point() {
        let image = point(41);
        let light = |image: &FloatImage| image.values.iter().map(|pixel| pixel[0]).sum::<f32>();
        for blurred in [
            gaussian_blur(&image, 2.0, 4.0),
            defocus(&image, 2, 1.0),
            along(&image, 5, 3.0, 0.4, 1.0),
        ] {
            assert!((light(&blurred) - 1.0).abs() < 1e-4, "{}", light(&blurred));
        }
    }

    #[test]
    fn a_point_out_of_focus_is_a_disk() {
        let blurred = defocus(&point(41), 2, 1.0);
        let at = |dy: usize, dx: usize| blurred.values[(20 + dy) * 41 + 20 + dx][0];
        // π 6² = 113 pixels.
        assert!((at(0, 0) * 113.1 - 1.0).abs() < 0.03, "{}", at(0, 0));
        assert!((at(0, 3) / at(3, 0) - 1.0).abs() < 1e-3);
        assert_eq!(at(0, 8), 0.0);
    }

    #[test]
    fn motion_goes_along_its_angle() {
        let blurred = along(&point(21), 5, 3.0, 0.0, 1.0);
        let row: f32 = blurred.values[10 * 21..11 * 21].iter().map(|pixel| pixel[0]).sum();
        assert!((row - 1.0).abs() < 1e-4);
    }

    #[test]
    fn edges_are_mirrored_however_far() {
        let mirror: Vec<usize> = (-4..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(mirror, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(mirrored(-1_001, 1), 0);
        let reflected_in = |size: usize| (-4..8).map(|at| reflected(at, size)).collect::<Vec<_>>();
        assert_eq!(reflected_in(3), [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(reflected_in(1), [0; 12]);
    }
}

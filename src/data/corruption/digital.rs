//! Corruptions that computers cause: contrast, distortion, large pixels, JPEG.

use fastrand::Rng;
use image::ImageFormat;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::blur::{gaussian_blur, gaussian_kernel};
use super::error::CorruptionError;
use super::noise::between;
use crate::data::image::FloatImage;

pub(super) fn contrast(image: &FloatImage, level: usize) -> FloatImage {
    let share = [0.4, 0.3, 0.2, 0.1, 0.05][level];
    let count = image.values.len() as f32;
    let mean = [0, 1, 2].map(|c| image.values.iter().map(|pixel| pixel[c] / count).sum::<f32>());
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let pixel = image.values[y * image.width + x];
        [0, 1, 2].map(|c| (pixel[c] - mean[c]) * share + mean[c])
    })
}

/// Distorts an image by a random affine map, then shifts each pixel by a smooth random field.
pub(super) fn elastic(image: &FloatImage, level: usize, unit: f32, rng: &mut Rng) -> FloatImage {
    let (shift, smoothness, affine) = [
        (488.0, 170.8, 24.4),
        (488.0, 19.52, 48.8),
        (12.2, 2.44, 4.88),
        (17.08, 2.44, 4.88),
        (29.28, 2.44, 4.88),
    ][level];
    let (height, width) = (image.height, image.width);
    let moved = stretched(image, affine * unit, rng);
    let mut field = image.clone().map(|_| between(rng, -1.0, 1.0));
    field = gaussian_blur(&field, smoothness * unit, 3.0);
    // Smoothing weakens the noise the more, the more pixels it spans. This factor gives the field the
    // strength that it has at 224 pixels, at any size.
    let left = |deviation: f32| {
        gaussian_kernel(deviation, 3.0).iter().map(|weight| weight * weight).sum::<f32>()
    };
    let scale = shift * unit * left(smoothness) / left(smoothness * unit);
    FloatImage::from_fn(height, width, |y, x| {
        let [dy, dx, _] = field.values[y * width + x].map(|value| value * scale);
        moved.sample(y as f32 + dy, x as f32 + dx)
    })
}

/// Applies the affine map that moves three points around the middle, each by up to `reach`.
fn stretched(image: &FloatImage, reach: f32, rng: &mut Rng) -> FloatImage {
    let (cy, cx) = ((image.height / 2) as f32, (image.width / 2) as f32);
    let side = (image.height.min(image.width) / 3).max(1) as f32;
    let from = [[cy + side, cx + side], [cy - side, cx + side], [cy - side, cx - side]];
    let to = from.map(|point| point.map(|v| v + between(rng, -reach, reach)));
    // For each pixel of the result, the point of the image that it comes from: the inverse map.
    let edge = |points: &[[f32; 2]; 3], i: usize| {
        [points[i][0] - points[1][0], points[i][1] - points[1][1]]
    };
    let ([a, b], [c, d]) = (edge(&to, 0), edge(&to, 2));
    let determinant = a * d - b * c;
    let (p, q) = (edge(&from, 0), edge(&from, 2));
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let (y, x) = (y as f32 - to[1][0], x as f32 - to[1][1]);
        let (s, t) = ((y * d - x * c) / determinant, (x * a - y * b) / determinant);
        image.sample(from[1][0] + s * p[0] + t * q[0], from[1][1] + s * p[1] + t * q[1])
    })
}

pub(super) fn pixelate(image: &FloatImage, level: usize) -> FloatImage {
    let share = [0.6, 0.5, 0.4, 0.3, 0.25][level];
    let fewer = |side: usize| ((side as f64 * share) as usize).max(1);
    let (height, width) = (fewer(image.height), fewer(image.width));
    let coarse =
        FloatImage::from_fn(height, width, |y, x| cell_mean(image, [y, height], [x, width]));
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let at = |i: usize, from: usize, to: usize| (2 * i + 1) * to / (2 * from);
        let (y, x) = (at(y, image.height, height), at(x, image.width, width));
        coarse.values[y * width + x]
    })
}

/// The mean colour of cell (row, column) of a grid that divides rows and columns of pixels evenly: of the whole pixels
/// whose centres are in the cell, as Pillow's box filter takes them.
fn cell_mean(image: &FloatImage, [y, rows]: [usize; 2], [x, columns]: [usize; 2]) -> [f32; 3] {
    let inside = |i: usize, parts: usize, side: usize| {
        let size = side as f64 / parts as f64;
        let edge = |i: usize| (i as f64 * size + 0.5) as usize;
        edge(i)..edge(i + 1).min(side)
    };
    let (ys, xs) = (inside(y, rows, image.height), inside(x, columns, image.width));
    let total = (ys.len() * xs.len()) as f32;
    let mut sum = [0.0; 3];
    for pixel in ys.flat_map(|y| xs.clone().map(move |x| image.values[y * image.width + x])) {
        sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
    }
    sum.map(|sum| sum / total)
}

/// Luminance and colour (YCbCr of JFIF) of each pixel, as bytes; the colour is the mean of 2 × 2 pixels.
fn with_coarse_colour(image: &FloatImage) -> Vec<u8> {
    let bytes = image.to_bytes();
    let (pixels, _) = bytes.as_chunks::<3>();
    let weighted = |pixel: [u8; 3], weights: [f32; 3]| -> f32 {
        pixel.iter().zip(weights).map(|(value, weight)| f32::from(*value) * weight).sum()
    };
    let blue = |pixel: [u8; 3]| weighted(pixel, [-0.168_736, -0.331_264, 0.5]) + 128.0;
    let red = |pixel: [u8; 3]| weighted(pixel, [0.5, -0.418_688, -0.081_312]) + 128.0;
    let colours: Vec<[f32; 2]> =
        pixels.iter().map(|pixel| [blue(*pixel).round(), red(*pixel).round()]).collect();
    let at = |y: usize, x: usize| {
        colours[y.min(image.height - 1) * image.width + x.min(image.width - 1)]
    };
    let mut coarse = Vec::with_capacity(bytes.len());
    for (index, pixel) in pixels.iter().enumerate() {
        let (y, x) = (index / image.width / 2 * 2, index % image.width / 2 * 2);
        let four = [at(y, x), at(y, x + 1), at(y + 1, x), at(y + 1, x + 1)];
        // libjpeg rounds halves down and up in turns.
        let half = if x % 4 == 0 { 0.25 } else { 0.5 };
        let mean = |which: usize| {
            (four.iter().map(|colour| colour[which]).sum::<f32>() / 4.0 + half).floor() as u8
        };
        let luminance = weighted(*pixel, [0.299, 0.587, 0.114]).round() as u8;
        coarse.extend([luminance, mean(0), mean(1)]);
    }
    coarse
}

pub(super) fn jpeg(image: &FloatImage, level: usize) -> Result<FloatImage, CorruptionError> {
    let quality = [25, 18, 15, 10, 7][level];
    let (height, width) = (image.height, image.width);
    let error = |reason: String| CorruptionError::Jpeg { width, height, reason };
    let side = |side: usize| {
        u16::try_from(side).map_err(|_| error("it has at most 65535 pixels a side".into()))
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    // One value of colour for each 2 × 2 pixels, as files of this quality have it. The encoder takes that of
    // one of the four; libjpeg takes their mean.
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(&with_coarse_colour(image), side(width)?, side(height)?, ColorType::Ycbcr)
        .map_err(|failed| error(failed.to_string()))?;
    let decoded = image::load_from_memory_with_format(&file, ImageFormat::Jpeg)
        .map_err(|failed| error(failed.to_string()))?
        .into_rgb8();
    let (pixels, _) = decoded.as_raw().as_chunks::<3>();
    let values = pixels.iter().map(|pixel| pixel.map(|byte| f32::from(byte) / 255.0)).collect();
    Ok(FloatImage { height, width, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> FloatImage {
        FloatImage::from_fn(4, 4, |y, x| [(y * 4 + x) as f32 / 15.0, 0.5, x as f32 / 3.0])
    }

    #[test]
    fn contrast_keeps_means_and_shrinks_differences() {
        let low = contrast(&ramp(), 2);
        let mean: f32 = low.values.iter().map(|pixel| pixel[0] / 16.0).sum();
        assert!((mean - 0.5).abs() < 1e-6);
        assert!((low.values[15][0] - low.values[0][0] - 0.2).abs() < 1e-6);
    }

    #[test]
    fn coarse_pixels_are_means() {
        // Half of each side: four blocks of four pixels.
        let coarse = pixelate(&ramp(), 1);
        assert_eq!(coarse.values[0], coarse.values[5]);
        let mean = (0.0 + 1.0 + 4.0 + 5.0) / 60.0;
        assert!((coarse.values[0][0] - mean).abs() < 1e-6);
        // Three fifths of 4 is 2 too; a quarter is one pixel.
        assert_eq!(pixelate(&ramp(), 0), coarse);
        assert!(pixelate(&ramp(), 4).values.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn points_that_are_not_moved_leave_the_image() {
        let image = ramp();
        let still = stretched(&image, 0.0, &mut Rng::with_seed(0));
        for (a, b) in still.values.as_flattened().iter().zip(image.values.as_flattened()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn a_grey_image_survives_any_quality() {
        let grey = FloatImage::from_fn(16, 16, |_, _| [0.5; 3]);
        let harmed = jpeg(&grey, 4).unwrap();
        assert!(harmed.values.as_flattened().iter().all(|v| (v - 0.5).abs() < 0.02));
    }
}

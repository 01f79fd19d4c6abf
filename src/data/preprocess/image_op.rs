//! The changes of colour and geometry that RandAugment draws from.

use super::affine::transform;
use crate::data::image::Image;

/// The grey that fills areas outside the original image and areas that are cut out, as in big_vision.
pub(super) const FILL: [u8; 3] = [128; 3];

/// A change of an image that keeps its size. Results are those of Pillow.
///
/// ```
/// use vit22b::data::{Image, ImageOp};
///
/// let mut image = Image::new(2, 1, vec![0, 100, 255, 200, 50, 0])?;
/// ImageOp::Solarize { threshold: 128 }.apply(&mut image);
/// assert_eq!(image.pixels(), [0, 100, 0, 55, 50, 0]);
/// # Ok::<(), vit22b::data::ImageError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ImageOp {
    /// Stretches the values of each channel to the range 0 to 255.
    AutoContrast,
    /// Equalises the histogram of each channel.
    Equalize,
    /// Inverts all values.
    Invert,
    /// Rotates around the centre, counter-clockwise.
    Rotate {
        /// The angle.
        degrees: f64,
    },
    /// Keeps only the upper bits of each value.
    Posterize {
        /// The number of bits, at most 8.
        bits: u32,
    },
    /// Inverts values from a threshold on.
    Solarize {
        /// The threshold; 256 leaves the image as it is.
        threshold: u16,
    },
    /// Increases values below 128.
    SolarizeAdd {
        /// The increase.
        addition: u8,
    },
    /// Changes saturation: 0 makes the image grey, 1 leaves it as it is.
    Color {
        /// The distance from the grey image, relative to the original.
        factor: f32,
    },
    /// Changes contrast: 0 makes all pixels the mean grey, 1 leaves the image as it is.
    Contrast {
        /// The distance from the mean grey, relative to the original.
        factor: f32,
    },
    /// Changes brightness: 0 makes the image black, 1 leaves it as it is.
    Brightness {
        /// The distance from black, relative to the original.
        factor: f32,
    },
    /// Changes sharpness: 0 smooths the image, 1 leaves it as it is.
    Sharpness {
        /// The distance from the smoothed image, relative to the original.
        factor: f32,
    },
    /// Shears horizontally.
    ShearX {
        /// The shift in pixels of each row against the one above.
        by: f64,
    },
    /// Shears vertically.
    ShearY {
        /// The shift in pixels of each column against the one on its left.
        by: f64,
    },
    /// Moves the image to the left.
    TranslateX {
        /// The shift in pixels.
        by: f64,
    },
    /// Moves the image up.
    TranslateY {
        /// The shift in pixels.
        by: f64,
    },
    /// Makes a square grey, as far as it is inside the image.
    Cutout {
        /// Row and column of its centre.
        centre: [usize; 2],
        /// Half its side in pixels.
        half: usize,
    },
}

impl ImageOp {
    /// Applies the change to an image.
    pub fn apply(self, image: &mut Image) {
        match self {
            Self::AutoContrast => by_channel(image, auto_contrast),
            Self::Equalize => by_channel(image, equalize),
            Self::Invert => by_value(image, |value| 255 - value),
            Self::Rotate { degrees } => {
                let (sin, cos) = (-degrees.to_radians()).sin_cos();
                let (x, y) = (image.width() as f64 / 2.0, image.height() as f64 / 2.0);
                let shift = [x - cos * x - sin * y, y + sin * x - cos * y];
                transform(image, [[cos, sin, shift[0]], [-sin, cos, shift[1]]], FILL);
            }
            Self::Posterize { bits } => {
                let mask = 0xffu32.wrapping_shl(8 - bits.min(8)) as u8;
                by_value(image, |value| value & mask);
            }
            Self::Solarize { threshold } => {
                by_value(
                    image,
                    |value| {
                        if u16::from(value) < threshold { value } else { 255 - value }
                    },
                )
            }
            Self::SolarizeAdd { addition } => {
                by_value(
                    image,
                    |value| {
                        if value < 128 { value.saturating_add(addition) } else { value }
                    },
                )
            }
            Self::Color { factor } => {
                for pixel in image.pixels_mut().as_chunks_mut::<3>().0 {
                    let grey = luma(*pixel);
                    *pixel = pixel.map(|value| blend(grey, value, factor));
                }
            }
            Self::Contrast { factor } => {
                let pixels = image.pixels().as_chunks::<3>().0;
                let sum: u64 = pixels.iter().map(|pixel| u64::from(luma(*pixel))).sum();
                let mean = (sum as f64 / pixels.len() as f64 + 0.5) as u8;
                by_value(image, |value| blend(mean, value, factor));
            }
            Self::Brightness { factor } => by_value(image, |value| blend(0, value, factor)),
            Self::Sharpness { factor } => sharpen(image, factor),
            Self::ShearX { by } => transform(image, [[1.0, by, 0.0], [0.0, 1.0, 0.0]], FILL),
            Self::ShearY { by } => transform(image, [[1.0, 0.0, 0.0], [by, 1.0, 0.0]], FILL),
            Self::TranslateX { by } => transform(image, [[1.0, 0.0, by], [0.0, 1.0, 0.0]], FILL),
            Self::TranslateY { by } => transform(image, [[1.0, 0.0, 0.0], [0.0, 1.0, by]], FILL),
            Self::Cutout { centre: [row, column], half } => {
                let (height, width) = (image.height(), image.width());
                let columns = column.saturating_sub(half).min(width)..(column + half).min(width);
                for row in row.saturating_sub(half)..(row + half).min(height) {
                    let row = &mut image.pixels_mut()[3 * width * row..3 * width * (row + 1)];
                    row.as_chunks_mut::<3>().0[columns.clone()].fill(FILL);
                }
            }
        }
    }
}

fn by_value(image: &mut Image, change: impl Fn(u8) -> u8) {
    let table: [u8; 256] = core::array::from_fn(|value| change(value as u8));
    image.pixels_mut().iter_mut().for_each(|value| *value = table[*value as usize]);
}

/// Maps the values of each channel by a table that follows from the channel's histogram. A channel for
/// which there is no table stays as it is.
fn by_channel(image: &mut Image, table: impl Fn(&[u64; 256]) -> Option<[u8; 256]>) {
    for channel in 0..3 {
        let mut histogram = [0; 256];
        let values = image.pixels().iter().skip(channel).step_by(3);
        values.for_each(|value| histogram[*value as usize] += 1);
        let Some(table) = table(&histogram) else { continue };
        let values = image.pixels_mut().iter_mut().skip(channel).step_by(3);
        values.for_each(|value| *value = table[*value as usize]);
    }
}

fn auto_contrast(histogram: &[u64; 256]) -> Option<[u8; 256]> {
    let low = histogram.iter().position(|count| *count > 0)?;
    let high = histogram.iter().rposition(|count| *count > 0)?;
    if high == low {
        return None;
    }
    let scale = 255.0 / (high - low) as f64;
    let offset = -(low as f64) * scale;
    Some(core::array::from_fn(|value| (value as f64 * scale + offset) as u8))
}

fn equalize(histogram: &[u64; 256]) -> Option<[u8; 256]> {
    let last = histogram.iter().rfind(|count| **count > 0)?;
    let step = (histogram.iter().sum::<u64>() - last) / 255;
    if step == 0 {
        return None;
    }
    let mut seen = step / 2;
    Some(core::array::from_fn(|value| {
        let level = (seen / step).min(255) as u8;
        seen += histogram[value];
        level
    }))
}

/// The luma of a pixel by ITU-R BT.601.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

/// Interpolates between two values, or extrapolates with factors above 1.
fn blend(from: u8, to: u8, factor: f32) -> u8 {
    // The cast truncates fractions and saturates at 0 and 255.
    (f32::from(from) + factor * (f32::from(to) - f32::from(from))) as u8
}

/// Blends an image with its mean over 3 × 3 pixels, in which the middle one counts five times. The
/// outermost pixels stay.
fn sharpen(image: &mut Image, factor: f32) {
    let (height, width) = (image.height(), image.width());
    let source = image.pixels().to_vec();
    let stride = 3 * width;
    for row in 1..height.saturating_sub(1) {
        for i in row * stride + 3..(row + 1) * stride - 3 {
            let around = [i - stride, i, i + stride].map(|i| {
                u32::from(source[i - 3]) + u32::from(source[i]) + u32::from(source[i + 3])
            });
            let sum = around.iter().sum::<u32>() + 4 * u32::from(source[i]);
            let smooth = (sum as f32 / 13.0 + 0.5) as u8;
            image.pixels_mut()[i] = blend(smooth, source[i], factor);
        }
    }
}

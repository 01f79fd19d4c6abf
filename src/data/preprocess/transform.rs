//! The steps of preprocessing: their arguments, what size of image each needs and gives.

use super::resample::Filter;
use super::tensorflow::ResizeMethod;

/// How a fractional number of pixels becomes a whole one.
///
/// Libraries differ here, and features differ with them, as all pixels move by a part of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Rounds down.
    Down,
    /// Rounds to the nearest whole number, halves to the even one.
    HalfToEven,
}

/// What a [`Transform::BigVision`] resizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BigVisionResize {
    /// The image, to this size.
    To([usize; 2]),
    /// The image, to this shorter side; the other is rounded to the nearest whole number.
    ShorterTo(usize),
    /// A random crop, as that of [`Transform::InceptionCrop`].
    CropTo {
        /// The new size.
        size: [usize; 2],
        /// The smallest and the largest share of the area in percent.
        area: [f64; 2],
    },
}

/// One step of a [`Preprocess`](super::Preprocess), whose table says what each does. Sizes are height
/// and width.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Transform {
    /// `resize(h, w, filter)`
    Resize {
        /// The new size.
        size: [usize; 2],
        /// How pixels are weighted.
        filter: Filter,
    },
    /// `resize_float(h, w, filter)`
    ResizeFloat {
        /// The new size.
        size: [usize; 2],
        /// How pixels are weighted.
        filter: Filter,
    },
    /// `fit_patches(p, n, filter)`
    FitPatches {
        /// Side of a patch in pixels.
        patch: usize,
        /// The most patches of an image.
        most: usize,
        /// How pixels are weighted.
        filter: Filter,
    },
    /// `resize_shorter(s, filter)` with [`Rounding::Down`], `resize_small(s, filter)` with
    /// [`Rounding::HalfToEven`]
    ResizeShorter {
        /// The new shorter side.
        side: usize,
        /// How pixels are weighted.
        filter: Filter,
        /// How the length of the longer side is rounded.
        rounding: Rounding,
    },
    /// `central_crop(h, w)` with [`Rounding::Down`], `center_crop(h, w)` with [`Rounding::HalfToEven`]
    CenterCrop {
        /// The size of the crop.
        size: [usize; 2],
        /// How the distance of the crop from the top and from the left is rounded, which is half of the
        /// pixels that are cropped away.
        rounding: Rounding,
    },
    /// `corner_crop(h, w)`
    CornerCrop {
        /// The size of the crop.
        size: [usize; 2],
    },
    /// `side_crop(s, i, n)`
    SideCrop {
        /// The side of the crop.
        side: usize,
        /// Which of the crops, from 0.
        index: usize,
        /// The number of crops.
        of: usize,
    },
    /// `inception_crop(h, w, min, max, filter)`
    InceptionCrop {
        /// The new size.
        size: [usize; 2],
        /// The smallest and the largest share of the area in percent.
        area: [f64; 2],
        /// How pixels are weighted.
        filter: Filter,
    },
    /// `resize(s, method, antialias)`, `resize_small(s, method, antialias)` or `inception_crop(s, min, max, method,
    /// antialias)` of big_vision's, resized as TensorFlow does
    BigVision {
        /// What is resized, and to which size.
        resize: BigVisionResize,
        /// How pixels are weighted.
        method: ResizeMethod,
        /// Whether the weights cover more pixels where the image shrinks.
        antialias: bool,
    },
    /// `flip_lr`
    FlipLr,
    /// `randaug(layers, magnitude)`
    RandAugment {
        /// The number of operations, applied one after the other.
        layers: usize,
        /// Their strength, usually from 0 to 10.
        magnitude: f64,
    },
    /// `value_range(low, high)`
    ValueRange {
        /// The value of black.
        low: f32,
        /// The value of white.
        high: f32,
    },
    /// `normalize(mean, std)`
    Normalize {
        /// What is subtracted from red, green and blue in [0, 1].
        mean: [f32; 3],
        /// What they are divided by, above 0.
        std: [f32; 3],
    },
    /// `random_erasing(probability)`
    RandomErasing {
        /// The share of images with an erased rectangle, from 0 to 1.
        probability: f64,
    },
}

/// Means and standard deviations that have a name.
pub(super) const STATISTICS: [(&str, [f32; 3], [f32; 3]); 2] = [
    ("imagenet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ("clip", [0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_6, 0.275_777_1]),
];

/// The size of images between two steps, as far as it is the same for all images.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownSize {
    /// The least number of rows and columns.
    pub(super) least: [usize; 2],
    /// Whether all images have exactly this size.
    pub(super) exact: bool,
}

impl Transform {
    /// Whether the step draws random numbers.
    pub(super) fn is_random(&self) -> bool {
        matches!(
            self,
            Self::InceptionCrop { .. }
                | Self::BigVision { resize: BigVisionResize::CropTo { .. }, .. }
                | Self::FlipLr
                | Self::RandAugment { .. }
                | Self::RandomErasing { .. }
        )
    }

    /// The size after the step, or the rule that the step breaks.
    pub(super) fn size_after(&self, before: KnownSize) -> Result<KnownSize, String> {
        // The upper bound keeps numbers of pixels far from an overflow.
        let sides = |sides: &[usize]| {
            let fit = sides.iter().all(|side| (1..=1 << 16).contains(side));
            if fit { Ok(()) } else { Err(String::from("sides go from 1 to 65,536")) }
        };
        match *self {
            // Resized by its shorter side, an image of one row could become too large for memory.
            Self::Resize { .. }
            | Self::ResizeFloat { .. }
            | Self::FitPatches { .. }
            | Self::ResizeShorter { .. }
            | Self::BigVision {
                resize: BigVisionResize::To(_) | BigVisionResize::ShorterTo(_),
                ..
            }
            | Self::FlipLr
            | Self::RandAugment { .. }
                if before.least != [1, 1] && !before.exact =>
            {
                Err("the size depends on the image here; crop to one size before".into())
            }
            Self::Resize { size, .. }
            | Self::ResizeFloat { size, .. }
            | Self::BigVision { resize: BigVisionResize::To(size), .. } => {
                sides(&size)?;
                Ok(KnownSize { least: size, exact: true })
            }
            Self::FitPatches { patch, most, .. } => {
                sides(&[patch, most])?;
                sides(&[patch.saturating_mul(most)])?;
                Ok(KnownSize { least: [patch, patch], exact: false })
            }
            Self::ResizeShorter { side, .. }
            | Self::BigVision { resize: BigVisionResize::ShorterTo(side), .. } => {
                sides(&[side])?;
                let exact = before.exact && before.least[0] == before.least[1];
                Ok(KnownSize { least: [side, side], exact })
            }
            Self::CenterCrop { size, .. } | Self::CornerCrop { size } => {
                sides(&size)?;
                let [h, w] = before.least;
                if size[0] > h || size[1] > w {
                    return Err(format!(
                        "an image may be as small as {h} × {w} here; resize to at least {} × {} before",
                        size[0], size[1]
                    ));
                }
                Ok(KnownSize { least: size, exact: true })
            }
            Self::SideCrop { side, index, of } => {
                if index >= of {
                    return Err("crops are counted from 0".into());
                }
                Self::CornerCrop { size: [side, side] }.size_after(before)
            }
            Self::InceptionCrop { size, area: [low, high], .. }
            | Self::BigVision {
                resize: BigVisionResize::CropTo { size, area: [low, high] }, ..
            } => {
                sides(&size)?;
                if !(low > 0.0 && low <= high && high <= 100.0) {
                    return Err("percentages of the area satisfy 0 < min ≤ max ≤ 100".into());
                }
                Ok(KnownSize { least: size, exact: true })
            }
            Self::ValueRange { low, high } if !(low.is_finite() && high.is_finite()) => {
                Err("the range is finite".into())
            }
            Self::Normalize { mean, std }
                if !mean.iter().all(|mean| mean.is_finite())
                    || !std.iter().all(|std| *std > 0.0 && std.is_finite()) =>
            {
                Err("means are finite, deviations finite and above 0".into())
            }
            Self::RandAugment { layers, magnitude }
                if !(1..=16).contains(&layers) || !(0.0..=30.0).contains(&magnitude) =>
            {
                Err("layers go from 1 to 16, magnitudes from 0 to 30".into())
            }
            Self::RandomErasing { probability } if !(0.0..=1.0).contains(&probability) => {
                Err("a probability lies between 0 and 1".into())
            }
            Self::FlipLr
            | Self::RandAugment { .. }
            | Self::ValueRange { .. }
            | Self::Normalize { .. }
            | Self::RandomErasing { .. } => Ok(before),
        }
    }

    /// For a step that turns bytes into values: the value of each byte in each channel.
    pub(super) fn table(&self) -> Option<Box<[[f32; 256]; 3]>> {
        let value = |channel: usize, byte: usize| {
            let unit = byte as f64 / 255.0;
            match *self {
                Self::ValueRange { low, high } => {
                    let (low, high) = (f64::from(low), f64::from(high));
                    Some((low + unit * (high - low)) as f32)
                }
                Self::Normalize { mean, std } => {
                    Some(((unit - f64::from(mean[channel])) / f64::from(std[channel])) as f32)
                }
                _ => None,
            }
        };
        let mut table = Box::new([[0.0; 256]; 3]);
        for (channel, row) in table.iter_mut().enumerate() {
            for (byte, entry) in row.iter_mut().enumerate() {
                *entry = value(channel, byte)?;
            }
        }
        Some(table)
    }
}

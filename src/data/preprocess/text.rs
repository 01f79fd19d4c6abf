//! The text form of transforms, in which preprocessing is written and kept.

use std::fmt;
use std::str::FromStr;

use super::arguments::Arguments;
use super::big_vision;
use super::error::PreprocessError;
use super::resample::Filter;
use super::transform::{BigVisionResize, Rounding, STATISTICS, Transform};

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |filter: Filter| {
            Filter::NAMES.iter().find(|(_, known)| *known == filter).map_or("", |(name, _)| *name)
        };
        match *self {
            Self::Resize { size: [h, w], filter } => {
                write!(f, "resize({h}, {w}, {})", name(filter))
            }
            Self::ResizeFloat { size: [h, w], filter } => {
                write!(f, "resize_float({h}, {w}, {})", name(filter))
            }
            Self::FitPatches { patch, most, filter } => {
                write!(f, "fit_patches({patch}, {most}, {})", name(filter))
            }
            Self::ResizeShorter { side, filter, rounding } => {
                let resize = match rounding {
                    Rounding::Down => "resize_shorter",
                    Rounding::HalfToEven => "resize_small",
                };
                write!(f, "{resize}({side}, {})", name(filter))
            }
            Self::CenterCrop { size: [h, w], rounding } => {
                let crop = match rounding {
                    Rounding::Down => "central_crop",
                    Rounding::HalfToEven => "center_crop",
                };
                write!(f, "{crop}({h}, {w})")
            }
            Self::CornerCrop { size: [h, w] } => write!(f, "corner_crop({h}, {w})"),
            Self::SideCrop { side, index, of } => write!(f, "side_crop({side}, {index}, {of})"),
            Self::InceptionCrop { size: [h, w], area: [low, high], filter } => {
                write!(f, "inception_crop({h}, {w}, {low}, {high}, {})", name(filter))
            }
            Self::BigVision { resize, method, antialias } => {
                let sides = |[h, w]: [usize; 2]| match h == w {
                    true => h.to_string(),
                    false => format!("({h}, {w})"),
                };
                let (method, antialias) =
                    (method.name(), if antialias { ", antialias=True" } else { "" });
                match resize {
                    BigVisionResize::To(size) => {
                        write!(f, "resize({}, \"{method}\"{antialias})", sides(size))
                    }
                    BigVisionResize::ShorterTo(side) => {
                        write!(f, "resize_small({side}, \"{method}\"{antialias})")
                    }
                    BigVisionResize::CropTo { size, area: [low, high] } => {
                        let size = sides(size);
                        write!(f, "inception_crop({size}, {low}, {high}, \"{method}\"{antialias})")
                    }
                }
            }
            Self::FlipLr => f.write_str("flip_lr"),
            Self::RandAugment { layers, magnitude } => write!(f, "randaug({layers}, {magnitude})"),
            Self::RandomErasing { probability } => write!(f, "random_erasing({probability})"),
            Self::ValueRange { low, high } => write!(f, "value_range({low}, {high})"),
            Self::Normalize { mean, std } => {
                match STATISTICS.iter().find(|(_, m, s)| (*m, *s) == (mean, std)) {
                    Some((name, ..)) => write!(f, "normalize({name})"),
                    None => {
                        let numbers = [mean, std].concat();
                        let numbers: Vec<_> = numbers.iter().map(f32::to_string).collect();
                        write!(f, "normalize({})", numbers.join(", "))
                    }
                }
            }
        }
    }
}

impl FromStr for Transform {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let error =
            |expected: &str| PreprocessError::Step { step: text.into(), expected: expected.into() };
        let (name, arguments) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, arguments)) => (name.trim(), arguments),
            None => (text, ""),
        };
        let arguments = Arguments::parse(arguments)
            .ok_or_else(|| error("quotes and brackets that close, and arguments by name last"))?;
        if let Some(step) = big_vision::step(name, &arguments) {
            return step.map_err(error);
        }
        let all = arguments
            .words()
            .ok_or_else(|| error("numbers and words without quotes, brackets or names"))?;
        let words = &all[..];
        // The last argument may be a filter; all others are numbers.
        let named = |word: &&str| Filter::NAMES.iter().find(|(name, _)| name == word);
        let filter = words.last().and_then(named).map(|(_, filter)| *filter);
        let words = &words[..words.len() - usize::from(filter.is_some())];
        let side = |word: &&str| word.parse::<usize>().ok();
        let sides = |words: &[&str]| match words {
            [side] => side.parse().ok().map(|side| [side, side]),
            [height, width] => Some([height.parse().ok()?, width.parse().ok()?]),
            _ => None,
        };
        let step = match (name, filter) {
            ("resize", _) => {
                let step = sides(words)
                    .map(|size| Self::Resize { size, filter: filter.unwrap_or_default() });
                step.ok_or(big_vision::RESIZE)
            }
            ("resize_float", _) => {
                let step = sides(words)
                    .map(|size| Self::ResizeFloat { size, filter: filter.unwrap_or_default() });
                step.ok_or("resize_float(224), resize_float(h, w) or resize_float(h, w, bicubic)")
            }
            ("fit_patches", _) => match words {
                [patch, most] => side(patch).zip(side(most)).map(|(patch, most)| {
                    Self::FitPatches { patch, most, filter: filter.unwrap_or_default() }
                }),
                _ => None,
            }
            .ok_or("the side of a patch and the most patches, as fit_patches(16, 256)"),
            ("resize_small" | "resize_shorter", _) => match words {
                [word] => side(word).map(|side| Self::ResizeShorter {
                    side,
                    filter: filter.unwrap_or_default(),
                    rounding: match name {
                        "resize_shorter" => Rounding::Down,
                        _ => Rounding::HalfToEven,
                    },
                }),
                _ => None,
            }
            .ok_or("the smaller side, as resize_small(256), and perhaps a filter"),
            ("central_crop", None) => sides(words)
                .map(|size| Self::CenterCrop { size, rounding: Rounding::Down })
                .ok_or("central_crop(224) or central_crop(h, w)"),
            ("center_crop", None) => sides(words)
                .map(|size| Self::CenterCrop { size, rounding: Rounding::HalfToEven })
                .ok_or("center_crop(224) or center_crop(h, w)"),
            ("corner_crop", None) => sides(words)
                .map(|size| Self::CornerCrop { size })
                .ok_or("corner_crop(378) or corner_crop(h, w)"),
            ("side_crop", None) => match words {
                [a, b, c] => side(a).zip(side(b)).zip(side(c)),
                _ => None,
            }
            .map(|((side, index), of)| Self::SideCrop { side, index, of })
            .ok_or("side_crop(224, 0, 3): the side, which of the crops from 0 on, and of how many"),
            ("inception_crop", _) => inception_crop(words, filter.unwrap_or_default())
                .ok_or("inception_crop(224), (h, w) or (h, w, min, max) in percent of the area, and perhaps a filter"),
            ("flip_lr", None) if words.is_empty() => Ok(Self::FlipLr),
            ("flip_lr", _) => Err("flip_lr without arguments"),
            ("randaug", None) => match words {
                [] => Some((2, 10.0)),
                [layers, magnitude] => layers.parse().ok().zip(magnitude.parse().ok()),
                _ => None,
            }
            .map(|(layers, magnitude)| Self::RandAugment { layers, magnitude })
            .ok_or("randaug(2, 10) or other numbers of layers and magnitudes"),
            ("random_erasing", None) => match words {
                [probability] => probability.parse().ok(),
                _ => None,
            }
            .map(|probability| Self::RandomErasing { probability })
            .ok_or("random_erasing(0.25) or another probability"),
            ("normalize", None) => normalize(words)
                .ok_or("normalize(imagenet), normalize(clip), or three means and three deviations"),
            _ => Err(
                "resize, resize_small, resize_shorter, resize_float, fit_patches, central_crop, \
                 center_crop, corner_crop, side_crop, inception_crop, flip_lr, randaug, value_range, normalize or \
                 random_erasing",
            ),
        };
        step.map_err(error)
    }
}

fn inception_crop(words: &[&str], filter: Filter) -> Option<Transform> {
    let number = |word: &str| word.parse::<f64>().ok();
    let (sides, area) = match words {
        [sides @ .., low, high] if sides.len() == 2 => (sides, [number(low)?, number(high)?]),
        sides => (sides, [5.0, 100.0]),
    };
    let sides: Vec<usize> = sides.iter().map(|side| side.parse().ok()).collect::<Option<_>>()?;
    let size = match sides[..] {
        [side] => [side, side],
        [height, width] => [height, width],
        _ => return None,
    };
    Some(Transform::InceptionCrop { size, area, filter })
}

fn normalize(words: &[&str]) -> Option<Transform> {
    if let [name] = words {
        let (_, mean, std) = STATISTICS.iter().find(|(known, ..)| known == name)?;
        return Some(Transform::Normalize { mean: *mean, std: *std });
    }
    let numbers: Vec<f32> = words.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [r, g, b, red, green, blue] = numbers[..] else { return None };
    Some(Transform::Normalize { mean: [r, g, b], std: [red, green, blue] })
}

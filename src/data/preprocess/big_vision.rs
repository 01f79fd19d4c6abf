//! Steps in the form in which big_vision's configs write them.
//!
//! # Reference
//!
//! big_vision's `pp/ops_image.py` and `pp/ops_general.py`: names, arguments and defaults.

use super::arguments::{Argument, Arguments};
use super::resample::Filter;
use super::tensorflow::ResizeMethod;
use super::transform::{BigVisionResize, Rounding, STATISTICS, Transform};

/// Steps of big_vision that work on labels and keys.
const LABELS: [&str; 6] = ["onehot", "keep", "drop", "copy", "lookup", "concat"];

pub(super) const RESIZE: &str =
    "resize(h, w, bicubic), or big_vision's resize(224, \"bilinear\", antialias=True)";
const RESIZE_SMALL: &str =
    "resize_small(256, bicubic), or big_vision's resize_small(256, \"area\", antialias=True)";
const INCEPTION_CROP: &str = "inception_crop(h, w, min, max, bicubic), or big_vision's \
                              inception_crop(224, area_min=5, area_max=100, method=\"bilinear\")";

/// A step in the form that big_vision gives it; none for a form of this crate's own.
pub(super) fn step(
    name: &str,
    arguments: &Arguments<'_>,
) -> Option<Result<Transform, &'static str>> {
    if LABELS.contains(&name) {
        return Some(Err("steps on images alone; it works on labels: leave it out"));
    }
    let words = arguments.words();
    let count = words.as_ref().map_or(0, Vec::len);
    let has_filter = words.as_ref().and_then(|words| words.last()).is_some_and(is_filter);
    let is_own = match name {
        "resize" => has_filter || count > 1,
        "resize_small" => has_filter,
        "inception_crop" => has_filter || count > 3,
        "central_crop" => words.is_some(),
        "randaug" => arguments.named.is_empty(),
        "value_range" | "vgg_value_range" | "clip_value_range" => false,
        _ => true,
    };
    if is_own {
        return None;
    }
    let (step, expected) = match name {
        "resize" => (resize(arguments), RESIZE),
        "resize_small" => (resize_small(arguments), RESIZE_SMALL),
        "inception_crop" => (crop_to(arguments), INCEPTION_CROP),
        "central_crop" => (central_crop(arguments), "central_crop(224) or central_crop(h, w)"),
        "randaug" => {
            (randaug(arguments), "randaug(2, 10) or other numbers of layers and magnitudes")
        }
        "value_range" => (value_range(arguments), "value_range(-1, 1) or another range, of bytes"),
        _ => (named_range(name, arguments), "the name without arguments"),
    };
    Some(step.ok_or(expected))
}

fn is_filter(word: &&str) -> bool {
    Filter::NAMES.iter().any(|(name, _)| name == word)
}

/// The method, which is another one by default in each step, and whether it is antialiased.
fn method(
    method: Option<&Argument<'_>>,
    antialias: Option<&Argument<'_>>,
    default: ResizeMethod,
) -> Option<(ResizeMethod, bool)> {
    let method = match method {
        None => default,
        Some(Argument::Text(text)) => ResizeMethod::NAMES.iter().find(|(name, _)| name == text)?.1,
        Some(_) => return None,
    };
    Some((method, antialias.map_or(Some(false), Argument::flag)?))
}

fn resize(arguments: &Arguments<'_>) -> Option<Transform> {
    let [size, by, antialias] = arguments.bind(["size", "method", "antialias"])?;
    let (method, antialias) = method(by, antialias, ResizeMethod::Bilinear)?;
    Some(Transform::BigVision { resize: BigVisionResize::To(size?.size()?), method, antialias })
}

fn resize_small(arguments: &Arguments<'_>) -> Option<Transform> {
    let [side, by, antialias] = arguments.bind(["smaller_size", "method", "antialias"])?;
    let (method, antialias) = method(by, antialias, ResizeMethod::Area)?;
    let resize = BigVisionResize::ShorterTo(side?.number()?);
    Some(Transform::BigVision { resize, method, antialias })
}

fn crop_to(arguments: &Arguments<'_>) -> Option<Transform> {
    let names = ["size", "area_min", "area_max", "method", "antialias"];
    let [size, low, high, by, antialias] = arguments.bind(names)?;
    let (method, antialias) = method(by, antialias, ResizeMethod::Bilinear)?;
    let percent =
        |given: Option<&Argument<'_>>, usual: f64| given.map_or(Some(usual), Argument::number);
    let area = [percent(low, 5.0)?, percent(high, 100.0)?];
    let resize = BigVisionResize::CropTo { size: size?.size()?, area };
    Some(Transform::BigVision { resize, method, antialias })
}

fn central_crop(arguments: &Arguments<'_>) -> Option<Transform> {
    let [size] = arguments.bind(["crop_size"])?;
    Some(Transform::CenterCrop { size: size?.size()?, rounding: Rounding::Down })
}

fn randaug(arguments: &Arguments<'_>) -> Option<Transform> {
    let [layers, magnitude] = arguments.bind(["num_layers", "magnitude"])?;
    let layers = layers.map_or(Some(2), Argument::number)?;
    let magnitude = magnitude.map_or(Some(10.0), Argument::number)?;
    Some(Transform::RandAugment { layers, magnitude })
}

fn value_range(arguments: &Arguments<'_>) -> Option<Transform> {
    let names = ["vmin", "vmax", "in_min", "in_max", "clip_values"];
    let [low, high, from, to, clips] = arguments.bind(names)?;
    let number =
        |given: Option<&Argument<'_>>, usual: f32| given.map_or(Some(usual), Argument::number);
    let of_bytes = [number(from, 0.0)?, number(to, 255.0)?] == [0.0, 255.0];
    clips.map_or(Some(false), Argument::flag)?;
    let range = Transform::ValueRange { low: number(low, -1.0)?, high: number(high, 1.0)? };
    Some(range).filter(|_| of_bytes)
}

fn named_range(name: &str, arguments: &Arguments<'_>) -> Option<Transform> {
    let [] = arguments.bind([])?;
    let known = if name == "vgg_value_range" { "imagenet" } else { "clip" };
    let (_, mean, std) = STATISTICS.iter().find(|(name, ..)| *name == known)?;
    Some(Transform::Normalize { mean: *mean, std: *std })
}

//! timm's `pretrained_cfg`: the size of the input, a crop as a fraction, names of filters.

use serde_json::{Value, json};

use crate::data::preprocess::{
    BigVisionResize, Filter, Preprocess, ResizeMethod, Rounding, Transform,
};
use crate::weights::description::Notes;
use crate::weights::error::WeightsError;
use crate::weights::sidecar::Sidecar;

use super::numbers::{IMAGENET, Target, filter, three, values};

/// The entries that say how images are made.
const KEYS: [&str; 6] = ["input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode"];

/// The steps of the config, if it says anything about them. What it leaves open has the default of
/// timm's `PretrainedCfg`.
///
/// # Errors
///
/// [`WeightsError::NotUnderstood`] for a value that these steps cannot follow.
pub(super) fn steps(
    sidecar: &Sidecar,
    target: &Target,
    notes: &mut Notes,
) -> Result<Option<Vec<Transform>>, WeightsError> {
    if KEYS.iter().all(|key| sidecar.config(key).is_none()) {
        return Ok(None);
    }
    let refuse = |key: &str, expected: &str| {
        WeightsError::not_understood(
            "config.json",
            key,
            sidecar.config(key),
            expected,
            "preprocess",
        )
    };
    let mut statistic = |key: &'static str, usual: [f32; 3]| match sidecar.config(key) {
        Some(value) => three(value).ok_or_else(|| refuse(key, "three numbers")),
        None => Ok(notes.usual(key, usual)),
    };
    let [mean, std] = IMAGENET;
    let (mean, std) = (statistic("mean", mean)?, statistic("std", std)?);
    let filter = match sidecar.config("interpolation") {
        Some(value) => filter(value)
            .ok_or_else(|| refuse("interpolation", "box, bilinear, bicubic or lanczos"))?,
        None => notes.usual("interpolation", Filter::Bicubic),
    };
    let fraction = match sidecar.config("crop_pct").map(Value::as_f64) {
        Some(Some(fraction)) if fraction > 0.0 && fraction <= 1.0 => fraction,
        Some(_) => return Err(refuse("crop_pct", "a fraction above 0 and not above 1")),
        None => notes.usual("crop_pct", 0.875),
    };
    let said = sidecar.size("img_size").or(sidecar.size("input_size"));
    let [height, width] = target.chosen.or(said).unwrap_or(target.model);
    target.check_patch("config.json", "input_size", [height, width])?;
    let before = |side: usize| (side as f64 / fraction).floor() as usize;
    let (size, rounding) = ([height, width], Rounding::HalfToEven);
    let crop = Transform::CenterCrop { size, rounding };
    let mut steps = match sidecar.text("crop_mode").unwrap_or("center") {
        "center" if height == width => {
            let resize =
                Transform::ResizeShorter { side: before(height), filter, rounding: Rounding::Down };
            vec![resize, crop]
        }
        // Whoever asks for a rectangle gets all of the image.
        "center" if target.chosen.is_some() => vec![Transform::Resize { size, filter }],
        "center" => {
            return Err(refuse("input_size", "a square, where the crop_mode is center"));
        }
        "squash" => {
            let before = size.map(before);
            let resize = Transform::Resize { size: before, filter };
            if before == size { vec![resize] } else { vec![resize, crop] }
        }
        _ => return Err(refuse("crop_mode", "center or squash")),
    };
    steps.push(values(mean.map(f64::from), std.map(f64::from)));
    Ok(Some(steps))
}

/// The entries of timm's `pretrained_cfg` for these steps, as far as it has entries for them.
pub(crate) fn for_timm(preprocess: &Preprocess) -> Value {
    let [mean, std] = preprocess.normalisation();
    let mut said = json!({"mean": mean, "std": std});
    let (mut resized, [side, _]) = (None, preprocess.size());
    for step in preprocess.steps() {
        match *step {
            Transform::Resize { size: [height, _], filter } => {
                resized = Some((height, filter, "squash"));
            }
            Transform::ResizeShorter { side, filter, .. } => {
                resized = Some((side, filter, "center"));
            }
            // The nearest that timm has.
            Transform::BigVision { resize, method, .. } => {
                let filter = match method {
                    ResizeMethod::Bicubic => Filter::Bicubic,
                    ResizeMethod::Area => Filter::Box,
                    ResizeMethod::Lanczos3 | ResizeMethod::Lanczos5 => Filter::Lanczos,
                    _ => Filter::Bilinear,
                };
                resized = match resize {
                    BigVisionResize::To([height, _]) => Some((height, filter, "squash")),
                    BigVisionResize::ShorterTo(side) => Some((side, filter, "center")),
                    BigVisionResize::CropTo { .. } => resized,
                };
            }
            _ => {}
        }
    }
    if let Some((before, filter, mode)) = resized {
        said["interpolation"] = json!(match filter {
            Filter::Box => "box",
            Filter::Bilinear => "bilinear",
            Filter::Bicubic => "bicubic",
            Filter::Lanczos => "lanczos",
        });
        // timm divides the crop's side by this fraction and rounds down. Where that would lose a
        // pixel, half a pixel is added.
        let (side, before) = (side as f64, before as f64);
        let exact = (side / (side / before)).floor() == before;
        let before = if exact { before } else { before + 0.5 };
        said["crop_pct"] = json!(side / before);
        said["crop_mode"] = json!(mode);
    }
    said
}

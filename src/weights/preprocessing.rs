//! How images are made for a model.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::description::Notes;
use super::origin::Origin;
use super::sidecar::Sidecar;

/// How images are made for a model. Published accuracies hold for these numbers alone, so they
/// travel with the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Preprocessing {
    /// Subtracted from each channel of an image in [0, 1].
    pub mean: [f32; 3],
    /// Then divides each channel.
    pub std: [f32; 3],
    /// How images are resized.
    pub resize: Resize,
    /// Side of the central crop as a fraction of the resized image's shorter side.
    pub crop_fraction: f64,
}

/// The filter that images are resized with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// The nearest pixel.
    Nearest,
    /// Linear in both axes, antialiased.
    Bilinear,
    /// Cubic in both axes, antialiased.
    Bicubic,
    /// Lanczos' window of three lobes.
    Lanczos,
}

impl Default for Preprocessing {
    /// Values in [−1, 1] and no crop: what this crate and big_vision train with.
    fn default() -> Self {
        Self { mean: [0.5; 3], std: [0.5; 3], resize: Resize::Bilinear, crop_fraction: 1.0 }
    }
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resize = format!("{:?}", self.resize).to_lowercase();
        write!(
            f,
            "mean {:?}, std {:?}, resized {resize}, central {}",
            self.mean, self.std, self.crop_fraction
        )
    }
}

/// ImageNet's mean and standard deviation, which DINOv2 normalises by.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

impl Preprocessing {
    /// What the files beside the weights say, or else the origin's default.
    pub(super) fn infer(origin: Origin, sidecar: &Sidecar, notes: &mut Notes) -> Self {
        let default = match origin {
            Origin::Native | Origin::BigVision => Self::default(),
            Origin::Timm => Self { resize: Resize::Bicubic, crop_fraction: 0.9, ..Self::default() },
            Origin::HfVit => Self::default(),
            Origin::HfSiglip => Self { resize: Resize::Bicubic, ..Self::default() },
            Origin::HfDinov2 => Self {
                mean: IMAGENET.0,
                std: IMAGENET.1,
                resize: Resize::Bicubic,
                crop_fraction: 224.0 / 256.0,
            },
        };
        let timm = origin == Origin::Timm;
        let find = |in_timm: &str, in_transformers: &str| {
            if timm { sidecar.config(in_timm) } else { sidecar.preprocessor(in_transformers) }
        };
        let mut channels = |field, value: Option<&Value>, default| {
            notes.choose(field, None, value.and_then(three), Some(default)).unwrap_or(default)
        };
        let mean = channels("mean", find("mean", "image_mean"), default.mean);
        let std = channels("std", find("std", "image_std"), default.std);
        let resize = find("interpolation", "resample").and_then(filter);
        let resize = notes.choose("resize", None, resize, Some(default.resize));
        let crop = match timm {
            true => sidecar.config("crop_pct").and_then(Value::as_f64),
            false => crop(sidecar),
        };
        let crop = notes.choose("crop_fraction", None, crop, Some(default.crop_fraction));
        Self {
            mean,
            std,
            resize: resize.unwrap_or(default.resize),
            crop_fraction: crop.unwrap_or(default.crop_fraction),
        }
    }
}

fn three(value: &Value) -> Option<[f32; 3]> {
    let numbers: Vec<f32> =
        value.as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// timm's names, and Pillow's numbers in transformers.
fn filter(value: &Value) -> Option<Resize> {
    match (value.as_str(), value.as_u64()) {
        (Some("nearest"), _) | (_, Some(0)) => Some(Resize::Nearest),
        (Some("lanczos"), _) | (_, Some(1)) => Some(Resize::Lanczos),
        (Some("bilinear"), _) | (_, Some(2)) => Some(Resize::Bilinear),
        (Some("bicubic"), _) | (_, Some(3)) => Some(Resize::Bicubic),
        _ => None,
    }
}

/// transformers resizes the shorter side to one number and crops by another, or does neither.
fn crop(sidecar: &Sidecar) -> Option<f64> {
    if sidecar.preprocessor("do_center_crop").is_none_or(|crop| crop == false) {
        return sidecar.preprocessor("size").map(|_| 1.0);
    }
    let resized = sidecar.preprocessor("size")?["shortest_edge"].as_f64()?;
    let cropped = sidecar.preprocessor("crop_size")?["height"].as_f64()?;
    (cropped > 0.0 && cropped <= resized).then(|| cropped / resized)
}

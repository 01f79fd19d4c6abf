//! The preprocessing of a published model. Its accuracy was measured with these steps and numbers;
//! others give other features.

use serde_json::Value;

use crate::data::preprocess::{Filter, Preprocess, Rounding, Transform};

use super::description::{Evidence, Note, Notes};
use super::error::WeightsError;
use super::origin::Origin;
use super::sidecar::Sidecar;

const HALVES: [f32; 3] = [0.5; 3];
/// ImageNet's mean and standard deviation, which DINOv2 normalises by.
const IMAGENET: [[f32; 3]; 2] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];

/// The numbers that steps are made from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Numbers {
    mean: [f32; 3],
    std: [f32; 3],
    filter: Filter,
    /// Side of the central crop divided by the side of the resized image; none where images are
    /// resized to their final size.
    crop: Option<f64>,
    /// Whether the resize before the crop makes a square and distorts the image.
    squash: bool,
}

/// The steps by the JSON beside the weights, or else the origin's usual ones.
pub(super) fn infer(
    origin: Origin,
    sidecar: &Sidecar,
    image: [usize; 2],
    notes: &mut Notes,
) -> Result<Preprocess, WeightsError> {
    let halves =
        Numbers { mean: HALVES, std: HALVES, filter: Filter::Bilinear, crop: None, squash: false };
    let cubic = Numbers { filter: Filter::Bicubic, ..halves };
    let usual = match origin {
        Origin::Native | Origin::BigVision | Origin::HfVit => halves,
        Origin::Timm => Numbers { crop: Some(0.9), ..cubic },
        Origin::HfSiglip => cubic,
        Origin::HfDinov2 => {
            let [mean, std] = IMAGENET;
            Numbers { mean, std, crop: Some(224.0 / 256.0), ..cubic }
        }
    };
    let said = match origin {
        Origin::Timm => timm(sidecar, usual),
        _ => transformers(sidecar, usual),
    };
    let steps = |numbers: Numbers| Preprocess::new(numbers.steps(origin, image));
    let from = if said.is_some() { Evidence::Sidecar } else { Evidence::OriginsDefault };
    let preprocess = steps(said.unwrap_or(usual))?;
    notes.0.push(Note { field: "preprocessing", value: preprocess.to_string(), from });
    Ok(preprocess)
}

impl Numbers {
    fn steps(self, origin: Origin, [height, width]: [usize; 2]) -> Vec<Transform> {
        let Self { mean, std, filter, crop, squash } = self;
        let mut steps = match crop.filter(|_| height == width) {
            None => vec![Transform::Resize { size: [height, width], filter }],
            Some(fraction) => {
                let size = [height, width];
                let side = height as f64 / fraction;
                // timm gives a fraction and rounds down. transformers gives both sides, so that
                // rounding restores the one that was divided.
                let timm = origin == Origin::Timm;
                let side = if timm { side.floor() } else { side.round() } as usize;
                vec![
                    match squash {
                        true => Transform::Resize { size: [side, side], filter },
                        false => {
                            Transform::ResizeShorter { side, filter, rounding: Rounding::Down }
                        }
                    },
                    Transform::CenterCrop {
                        size,
                        rounding: match timm {
                            true => Rounding::HalfToEven,
                            false => Rounding::Down,
                        },
                    },
                ]
            }
        };
        steps.push(match (mean, std) {
            (HALVES, HALVES) => Transform::ValueRange { low: -1.0, high: 1.0 },
            _ => Transform::Normalize { mean, std },
        });
        steps
    }
}

fn timm(sidecar: &Sidecar, usual: Numbers) -> Option<Numbers> {
    let [mean, std] = ["mean", "std"].map(|key| sidecar.config(key).and_then(three));
    let filter = sidecar.config("interpolation").and_then(filter);
    let crop = sidecar.config("crop_pct").and_then(Value::as_f64).filter(is_fraction);
    let mode = sidecar.text("crop_mode");
    if mean.is_none() && std.is_none() && filter.is_none() && crop.is_none() {
        return None;
    }
    Some(Numbers {
        mean: mean.unwrap_or(usual.mean),
        std: std.unwrap_or(usual.std),
        filter: filter.unwrap_or(usual.filter),
        crop: crop.or(usual.crop),
        squash: mode == Some("squash"),
    })
}

fn transformers(sidecar: &Sidecar, usual: Numbers) -> Option<Numbers> {
    let size = sidecar.preprocessor("size")?;
    let [mean, std] = ["image_mean", "image_std"].map(|key| {
        let off = sidecar.preprocessor("do_normalize") == Some(&Value::Bool(false));
        let values = sidecar.preprocessor(key).and_then(three);
        // Not normalised means that values stay in [0, 1].
        if off { Some(if key == "image_mean" { [0.0; 3] } else { [1.0; 3] }) } else { values }
    });
    let crops = sidecar.preprocessor("do_center_crop") == Some(&Value::Bool(true));
    let side = |value: &Value, key: &str| value.as_f64().or(value[key].as_f64());
    let crop = sidecar.preprocessor("crop_size").filter(|_| crops).and_then(|crop| {
        Some(side(crop, "height")? / side(size, "shortest_edge")?).filter(is_fraction)
    });
    Some(Numbers {
        mean: mean.unwrap_or(usual.mean),
        std: std.unwrap_or(usual.std),
        filter: sidecar.preprocessor("resample").and_then(filter).unwrap_or(usual.filter),
        crop,
        squash: false,
    })
}

fn is_fraction(value: &f64) -> bool {
    *value > 0.0 && *value <= 1.0
}

fn three(value: &Value) -> Option<[f32; 3]> {
    let numbers: Option<Vec<f32>> =
        value.as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect();
    numbers?.try_into().ok()
}

/// A filter by timm's name, or by Pillow's number, which transformers writes.
fn filter(value: &Value) -> Option<Filter> {
    match (value.as_str(), value.as_u64()) {
        (Some("lanczos"), _) | (_, Some(1)) => Some(Filter::Lanczos),
        (Some("bilinear"), _) | (_, Some(2)) => Some(Filter::Bilinear),
        (Some("bicubic"), _) | (_, Some(3)) => Some(Filter::Bicubic),
        (Some("box"), _) | (_, Some(4)) => Some(Filter::Box),
        _ => None,
    }
}

/// The entries of timm's `pretrained_cfg` for these steps, as far as it has entries for them.
pub(super) fn for_timm(preprocess: &Preprocess) -> serde_json::Value {
    let [mean, std] = preprocess.normalisation();
    let mut said = serde_json::Map::new();
    said.insert("mean".into(), mean.to_vec().into());
    said.insert("std".into(), std.to_vec().into());
    let (mut resized, [side, _]) = (None, preprocess.size());
    for step in preprocess.steps() {
        match *step {
            Transform::Resize { size: [height, _], filter } => {
                resized = Some((height, filter, "squash"));
            }
            Transform::ResizeShorter { side, filter, .. } => {
                resized = Some((side, filter, "center"));
            }
            _ => {}
        }
    }
    if let Some((before, filter, mode)) = resized {
        let interpolation = match filter {
            Filter::Box => "box",
            Filter::Bilinear => "bilinear",
            Filter::Bicubic => "bicubic",
            Filter::Lanczos => "lanczos",
        };
        said.insert("interpolation".into(), interpolation.into());
        // timm divides the crop's side by this fraction and rounds down. Where that would lose a
        // pixel, half a pixel is added.
        let (side, before) = (side as f64, before as f64);
        let exact = (side / (side / before)).floor() == before;
        let before = if exact { before } else { before + 0.5 };
        said.insert("crop_pct".into(), (side / before).into());
        said.insert("crop_mode".into(), mode.into());
    }
    said.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps(origin: Origin, config: Value, preprocessor: Value) -> String {
        let sidecar = Sidecar::of(config, preprocessor);
        infer(origin, &sidecar, [224, 224], &mut Notes::default()).unwrap().to_string()
    }

    #[test]
    fn the_files_beside_the_weights_are_followed() {
        let cfg = json!({"pretrained_cfg": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
            "crop_pct": 0.875, "interpolation": "bilinear"}});
        assert_eq!(
            steps(Origin::Timm, cfg, Value::Null),
            "resize_shorter(256, bilinear)|center_crop(224, 224)|normalize(imagenet)"
        );
        let siglip = json!({"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "resample": 3,
            "image_std": [0.5, 0.5, 0.5], "size": {"height": 224, "width": 224}});
        assert_eq!(
            steps(Origin::HfSiglip, Value::Null, siglip),
            "resize(224, 224, bicubic)|value_range(-1, 1)"
        );
        let dinov2 = json!({"do_center_crop": true, "crop_size": {"height": 224, "width": 224},
            "resample": 3, "size": {"shortest_edge": 256}, "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225]});
        let expected = "resize_shorter(256, bicubic)|central_crop(224, 224)|normalize(imagenet)";
        assert_eq!(steps(Origin::HfDinov2, Value::Null, dinov2), expected);
        // The origin's usual steps.
        assert_eq!(steps(Origin::HfDinov2, Value::Null, Value::Null), expected);
        assert_eq!(
            steps(Origin::BigVision, Value::Null, Value::Null),
            "resize(224, 224, bilinear)|value_range(-1, 1)"
        );
    }

    #[test]
    fn timm_is_told_what_it_would_say_itself() {
        let steps = "resize_shorter(256, bicubic)|center_crop(224)|value_range(-1, 1)";
        assert_eq!(
            for_timm(&steps.parse().unwrap()),
            json!({"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic",
                "crop_pct": 0.875, "crop_mode": "center"})
        );
    }
}

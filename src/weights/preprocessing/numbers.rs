//! The numbers that steps are made from, as JSON has them.

use serde_json::Value;

use crate::data::preprocess::{Filter, Transform};
use crate::weights::error::WeightsError;

const HALVES: [f32; 3] = [0.5; 3];
/// ImageNet's mean and standard deviation.
pub(super) const IMAGENET: [[f32; 3]; 2] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
/// Those of CLIP's images.
pub(super) const CLIP: [[f32; 3]; 2] =
    [[0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_6, 0.275_777_1]];

/// Which images the steps are for.
pub(super) struct Target {
    /// The size that the options ask for.
    pub(super) chosen: Option<[usize; 2]>,
    /// The size of the positions in the file.
    pub(super) model: [usize; 2],
    /// Side of a patch in pixels.
    pub(super) patch: usize,
}

impl Target {
    /// Refuses sides that do not hold a whole number of patches.
    pub(super) fn check_patch(
        &self,
        file: &'static str,
        key: &str,
        size: [usize; 2],
    ) -> Result<(), WeightsError> {
        if size.iter().all(|side| *side > 0 && side.is_multiple_of(self.patch)) {
            return Ok(());
        }
        let [height, width] = size;
        let value = Value::from(format!("{height} x {width}"));
        let expected = format!("multiples of the patch, {}", self.patch);
        Err(WeightsError::not_understood(file, key, Some(&value), &expected, "preprocess"))
    }
}

/// The step that makes values of colours in [0, 1].
pub(super) fn values(mean: [f64; 3], std: [f64; 3]) -> Transform {
    let single = |numbers: [f32; 3]| numbers == [numbers[0]; 3];
    let [m, s] = [mean, std].map(|numbers| numbers.map(|number| number as f32));
    match (m, s) {
        (HALVES, HALVES) => Transform::ValueRange { low: -1.0, high: 1.0 },
        ([0.0, 0.0, 0.0], s) if single(s) => {
            Transform::ValueRange { low: 0.0, high: (1.0 / std[0]) as f32 }
        }
        (mean, std) => Transform::Normalize { mean, std },
    }
}

/// Three numbers, or one for all three.
pub(super) fn three(value: &Value) -> Option<[f32; 3]> {
    if let Some(number) = value.as_f64() {
        return Some([number as f32; 3]);
    }
    let numbers: Option<Vec<f32>> =
        value.as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect();
    numbers?.try_into().ok()
}

/// A filter by its name, which timm writes, or by Pillow's number, which transformers writes.
pub(super) fn filter(value: &Value) -> Option<Filter> {
    match (value.as_str(), value.as_u64()) {
        (Some("lanczos"), _) | (_, Some(1)) => Some(Filter::Lanczos),
        (Some("bilinear"), _) | (_, Some(2)) => Some(Filter::Bilinear),
        (Some("bicubic"), _) | (_, Some(3)) => Some(Filter::Bicubic),
        (Some("box"), _) | (_, Some(4)) => Some(Filter::Box),
        _ => None,
    }
}

//! This crate's own files: safetensors with parameters by their paths, and a manifest in the
//! header.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::preprocess::Preprocess;
use crate::text::TextConfig;
use crate::vit::{ViT22BConfig, read_config};
use crate::weights::container::Container;
use crate::weights::container::error::Damage;
use crate::weights::description::{Description, Evidence, Note};
use crate::weights::error::WeightsError;
use crate::weights::origin::Origin;

use super::tensors::{ANOTHER_PART, Fate, Tensors};
use super::term::Term;

/// The entry of the header that holds the manifest.
pub(crate) const MANIFEST: &str = "vit22b";
/// The number of the format. A version that cannot read older files as they are raises it.
pub(crate) const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    #[serde(deserialize_with = "read_config")]
    pub(crate) config: ViT22BConfig,
    /// A checkpoint of training does not say it.
    #[serde(default)]
    pub(crate) preprocessing: Option<Preprocess>,
    /// The tower for texts, in a file of two towers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<TextConfig>,
}

/// What stands before the image model's names in a file of two towers.
const IMAGE: &str = "image.";

/// The tensors of a file of this crate, if it has a manifest.
pub(crate) fn tensors(container: &Container) -> Option<Tensors<'_>> {
    let manifest = container.metadata.get(MANIFEST)?;
    let of_two = serde_json::from_str::<Value>(manifest).is_ok_and(|json| json["text"].is_object());
    Some(Tensors::sort(Origin::Native, container, |name| {
        match (of_two, name.strip_prefix(IMAGE)) {
            (false, _) => Fate::Known(name.into()),
            (true, Some(name)) => Fate::Known(name.into()),
            (true, None) => Fate::Aside(ANOTHER_PART),
        }
    }))
}

pub(crate) fn describe(container: &Container) -> Result<Description, WeightsError> {
    let Manifest { config, preprocessing, .. } = manifest(container)?;
    let (preprocessing, notes) = match preprocessing {
        Some(preprocessing) => (preprocessing, vec![]),
        None => {
            let usual = usual_preprocessing(config.image)?;
            let (field, value) = ("preprocessing", usual.to_string());
            (usual, vec![Note { field, value, from: Evidence::OriginsDefault }])
        }
    };
    let (origin, class_names) = (Origin::Native, vec![]);
    Ok(Description { origin, config, notes, preprocessing, class_names }.check()?)
}

/// What the header says.
pub(crate) fn manifest(container: &Container) -> Result<Manifest, WeightsError> {
    let invalid = |problem: String| -> WeightsError {
        let damage = Damage::Header { part: "manifest".into(), at: 8, problem };
        damage.in_file(container.name()).into()
    };
    let text = container.metadata.get(MANIFEST).map_or("", String::as_str);
    let format: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    if format["format"] != FORMAT {
        let got = &format["format"];
        return Err(invalid(format!("its format is {got}, and this version reads {FORMAT}")));
    }
    serde_json::from_value(format).map_err(|error| invalid(error.to_string()))
}

/// Images of this height and width with values in [−1, 1], as procedural images have them.
fn usual_preprocessing([height, width]: [usize; 2]) -> Result<Preprocess, WeightsError> {
    let side = height.max(width);
    let text = format!("resize_shorter({side})|center_crop({height}, {width})|value_range(-1, 1)");
    Ok(text.parse()?)
}

pub(crate) fn terms(path: &str, shape: &[usize]) -> Vec<Term> {
    vec![Term::whole(path, shape)]
}

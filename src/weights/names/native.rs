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
use crate::weights::options::LoadOptions;
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
    /// What made values of bytes in training, where a checkpoint says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<String>,
    /// The tower for texts, in a file of two towers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<TextConfig>,
    /// The classes of the classifier, in the order of its outputs, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) class_names: Vec<String>,
}

/// What stands before the image model's names in a file of two towers.
const IMAGE: &str = "image.";

/// What stands before the tower's names in a file of a model for dense prediction.
const TOWER: &str = "tower.";

/// The tensors of a file of this crate, if it has a manifest: of two towers those of the tower for images, of a model for
/// dense prediction those of its tower.
pub(crate) fn tensors(container: &Container) -> Option<Tensors<'_>> {
    let manifest: Value =
        serde_json::from_str(container.metadata.get(MANIFEST)?).unwrap_or_default();
    let (prefix, beside) = match (&manifest["text"], &manifest["task"]) {
        (Value::Object(_), _) => (IMAGE, ANOTHER_PART),
        (_, Value::String(_)) => (TOWER, "it belongs to the head for segmentation or depth"),
        _ => ("", ANOTHER_PART),
    };
    Some(Tensors::sort(Origin::Native, container, |name| match name.strip_prefix(prefix) {
        Some(name) => Fate::Known(name.into()),
        None => Fate::Aside(beside),
    }))
}

pub(crate) fn describe(
    container: &Container,
    options: &LoadOptions,
) -> Result<Description, WeightsError> {
    let Manifest { config, preprocessing, values, class_names, .. } = manifest(container)?;
    if let Some(part) = &options.part {
        let why =
            format!("the file has one model without a prefix, and \"{part}\" is none of these");
        return Err(WeightsError::Ambiguous { field: "part", why, option: "part" });
    }
    if !class_names.is_empty() && class_names.len() != config.num_classes {
        let (names, classes) = (class_names.len(), config.num_classes);
        let problem = format!("it has {names} names of classes for {classes} classes");
        return Err(invalid(container, problem));
    }
    let note = |preprocess: &Preprocess, from| {
        vec![Note { field: "preprocessing", value: preprocess.to_string(), from }]
    };
    let (preprocessing, notes) = match (&options.preprocess, preprocessing) {
        (Some(given), _) => (given.clone(), note(given, Evidence::Options)),
        (None, Some(preprocessing)) => (preprocessing, vec![]),
        (None, None) => {
            let usual = usual_preprocessing(config.image, values.as_deref())?;
            let notes = note(&usual, Evidence::OriginsDefault);
            (usual, notes)
        }
    };
    let origin = Origin::Native;
    Ok(Description { origin, config, notes, preprocessing, class_names }.check()?)
}

/// What the header says of a model, or of the tower of one for dense prediction.
pub(crate) fn manifest(container: &Container) -> Result<Manifest, WeightsError> {
    let mut manifest = entries(container)?;
    if manifest["task"].is_string() {
        manifest["config"] = manifest["config"]["tower"].take();
    }
    serde_json::from_value(manifest).map_err(|error| invalid(container, error.to_string()))
}

/// The entries of the header, of a format that is read.
pub(crate) fn entries(container: &Container) -> Result<Value, WeightsError> {
    let text = container.metadata.get(MANIFEST).map_or("", String::as_str);
    let entries: Value =
        serde_json::from_str(text).map_err(|error| invalid(container, error.to_string()))?;
    if entries["format"] != FORMAT {
        let got = &entries["format"];
        let problem = format!("its format is {got}, and this version reads {FORMAT}");
        return Err(invalid(container, problem));
    }
    Ok(entries)
}

/// The error of a header that cannot be read.
pub(crate) fn invalid(container: &Container, problem: String) -> WeightsError {
    let damage = Damage::Header { part: "manifest".into(), at: 8, problem };
    damage.in_file(container.name()).into()
}

/// Images of this height and width, with the values of training or, as procedural images have them, in [−1, 1].
fn usual_preprocessing(
    [height, width]: [usize; 2],
    values: Option<&str>,
) -> Result<Preprocess, WeightsError> {
    let (side, values) = (height.max(width), values.unwrap_or("value_range(-1, 1)"));
    let text = format!("resize_shorter({side})|center_crop({height}, {width})|{values}");
    Ok(text.parse()?)
}

pub(crate) fn terms(path: &str, shape: &[usize]) -> Vec<Term> {
    vec![Term::whole(path, shape)]
}

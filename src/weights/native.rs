//! This crate's own files: safetensors with parameters by their paths, and a manifest in the header.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::preprocess::Preprocess;
use crate::vit::{ViT22B, ViT22BConfig};

use super::container::{Container, write};
use super::description::Description;
use super::error::{Damage, WeightsError};
use super::export::new_tensors;
use super::names::Names;
use super::origin::Origin;
use super::tensors::{Fate, Tensors};
use super::term::Term;

/// The entry of the header that holds the manifest.
const MANIFEST: &str = "vit22b";
/// Raised when files of before cannot be read as they are.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    config: ViT22BConfig,
    preprocessing: Preprocess,
}

/// Writes a model with its config and preprocessing, to be opened by
/// [`Checkpoint::open`](super::Checkpoint::open). The file is replaced when the new one is whole.
///
/// The format is safetensors. Parameters have their paths as names and keep their element types;
/// the entry `vit22b` of the header is JSON with `format` (1), `config` and `preprocessing`, the
/// text of the steps.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::vit::Variant;
/// use vit22b::weights::{Checkpoint, LoadOptions, save};
///
/// let model = Variant::parse("mu/16")?.config(10).init(&Device::flex())?;
/// let file = std::env::temp_dir().join("vit22b_mu_16.safetensors");
/// save(&model, &"resize(224)|value_range(-1, 1)".parse()?, &file)?;
///
/// let loaded = Checkpoint::open(&file)?.load(&LoadOptions::new(), &Device::flex())?;
/// assert_eq!(loaded.model.config(), model.config());
/// # std::fs::remove_file(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`WeightsError::Io`].
pub fn save(
    model: &ViT22B,
    preprocessing: &Preprocess,
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let manifest = Manifest {
        format: FORMAT,
        config: model.config().clone(),
        preprocessing: preprocessing.clone(),
    };
    let manifest = serde_json::to_string(&manifest).expect("plain data has a JSON form");
    let metadata = HashMap::from([(MANIFEST.to_string(), manifest)]);
    let path = path.as_ref();
    write::safetensors(path, &new_tensors(model, Names::Native), metadata)
        .map_err(|reason| WeightsError::Io { file: path.display().to_string(), reason })
}

/// The tensors of a file of ours, if it has a manifest.
pub(super) fn tensors(container: &Container) -> Option<Tensors<'_>> {
    container
        .metadata
        .contains_key(MANIFEST)
        .then(|| Tensors::sort(Origin::Native, container, |name| Fate::Known(name.into())))
}

pub(super) fn describe(container: &Container) -> Result<Description, WeightsError> {
    let invalid = |problem: String| {
        let damage = Damage::Header { part: "manifest".into(), at: 8, problem };
        damage.in_file(container.name())
    };
    let text = container.metadata.get(MANIFEST).map_or("", String::as_str);
    let format: serde_json::Value =
        serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    if format["format"] != FORMAT {
        let got = &format["format"];
        return Err(invalid(format!("its format is {got}, and this version reads {FORMAT}")));
    }
    let manifest: Manifest =
        serde_json::from_value(format).map_err(|error| invalid(error.to_string()))?;
    let Manifest { config, preprocessing, .. } = manifest;
    Ok(Description { origin: Origin::Native, config, notes: vec![], preprocessing }.check()?)
}

pub(super) fn terms(path: &str, shape: &[usize]) -> Vec<Term> {
    vec![Term::whole(path, shape)]
}

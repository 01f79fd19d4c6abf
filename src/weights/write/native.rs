//! Writes this crate's own files.

use std::collections::HashMap;
use std::path::Path;

use crate::data::preprocess::Preprocess;
use crate::vit::ViT22B;
use crate::weights::container::write;
use crate::weights::error::WeightsError;
use crate::weights::names::Names;
use crate::weights::names::native::{FORMAT, MANIFEST, Manifest};

use super::tensors::new_tensors;

/// Writes a model with its config and preprocessing, to be opened by
/// [`WeightsFile::open`](crate::weights::WeightsFile::open). A file that is there already is replaced when
/// the new one is complete.
///
/// The format is safetensors. Parameters have their paths as names and keep their element types;
/// the entry `vit22b` of the header is JSON with `format` (1), `config` and `preprocessing`, the
/// text of the steps.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::vit::Variant;
/// use vit22b::weights::{LoadOptions, WeightsFile, save};
///
/// let model = Variant::parse("mu/16")?.config(10).init(&Device::flex())?;
/// let file = std::env::temp_dir().join("vit22b_mu_16.safetensors");
/// save(&model, &"resize(224)|value_range(-1, 1)".parse()?, &file)?;
///
/// let loaded = WeightsFile::open(&file)?.load(&LoadOptions::new(), &Device::flex())?;
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
        preprocessing: Some(preprocessing.clone()),
    };
    let manifest = serde_json::to_string(&manifest).expect("plain data has a JSON form");
    let metadata = HashMap::from([(MANIFEST.to_string(), manifest)]);
    let path = path.as_ref();
    write::safetensors(path, &new_tensors(model, Names::Native), metadata)
        .map_err(|reason| WeightsError::Io { file: path.display().to_string(), reason })
}

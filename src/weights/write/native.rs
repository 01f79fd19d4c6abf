//! Writes this crate's own files.

use std::collections::HashMap;
use std::path::Path;

use crate::contrast::TwoTower;
use crate::data::preprocess::Preprocess;
use crate::vit::ViT22B;
use crate::weights::container::write::{self, NewTensor};
use crate::weights::error::WeightsError;
use crate::weights::names::Names;
use crate::weights::names::native::{FORMAT, MANIFEST, Manifest};

use super::tensors::{new_tensors, own_tensors};

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
    save_with_classes(model, preprocessing, &[], path)
}

/// As [`save`], with the names of the classifier's classes in the order of its outputs, under `class_names`: what reads the
/// file has them in [`Description::class_names`](crate::weights::Description::class_names). A file with names for another
/// number of classes than the model has is refused when it is read.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::vit::Variant;
/// use vit22b::weights::{LoadOptions, WeightsFile, save_with_classes};
///
/// let model = Variant::parse("mu/16")?.config(2).init(&Device::flex())?;
/// let steps = "resize(224)|value_range(-1, 1)".parse()?;
/// let file = std::env::temp_dir().join(format!("named_{}.safetensors", std::process::id()));
/// let names = ["disc", "star"].map(String::from);
/// save_with_classes(&model, &steps, &names, &file)?;
/// let described = WeightsFile::open(&file)?.describe(&LoadOptions::new())?;
/// assert_eq!(described.class_names, names);
///
/// save_with_classes(&model, &steps, &names[..1], &file)?;
/// let error = WeightsFile::open(&file)?.describe(&LoadOptions::new()).unwrap_err().to_string();
/// assert!(error.contains("it has 1 names of classes for 2 classes"), "{error}");
/// # std::fs::remove_file(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`WeightsError::Io`].
pub fn save_with_classes(
    model: &ViT22B,
    preprocessing: &Preprocess,
    class_names: &[String],
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let manifest = Manifest {
        format: FORMAT,
        config: model.config().clone(),
        preprocessing: Some(preprocessing.clone()),
        values: None,
        text: None,
        class_names: class_names.to_vec(),
    };
    write_file(path.as_ref(), &manifest, &new_tensors(model, Names::Native))
}

/// Writes a model of two towers with its configs and preprocessing, to be opened by
/// [`WeightsFile::load_two_towers`](crate::weights::WeightsFile::load_two_towers), or by
/// [`load`](crate::weights::WeightsFile::load) for the image model alone. The tokenizer is a file of its own, which
/// is found beside the weights under its [usual name](crate::text::Tokenizer::usual_name).
///
/// The format is that of [`save`], with the text tower's config under `text`.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::contrast::TwoTower;
/// use vit22b::text::TextConfig;
/// use vit22b::vit::Variant;
/// use vit22b::weights::{LoadOptions, WeightsFile, save_two_towers};
///
/// let image = Variant::parse("mu/16")?.config(0).with_image([32, 32]);
/// let text = TextConfig::new(200, 16, 1).with_width(32).with_depth(1).with_mlp_dim(64)
///     .with_num_heads(4).with_output(Some(32));
/// let model = TwoTower::new(&image, &text, None, &Device::flex())?;
/// let file = std::env::temp_dir().join(format!("two_towers_{}.safetensors", std::process::id()));
/// save_two_towers(&model, &"resize(32)|value_range(-1, 1)".parse()?, &file)?;
///
/// let loaded = WeightsFile::open(&file)?.load_two_towers(&LoadOptions::new(), &Device::flex())?;
/// assert_eq!(loaded.model.text.config(), &text);
/// # std::fs::remove_file(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`WeightsError::Io`].
pub fn save_two_towers(
    model: &TwoTower,
    preprocessing: &Preprocess,
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let manifest = Manifest {
        format: FORMAT,
        config: model.image.config().clone(),
        preprocessing: Some(preprocessing.clone()),
        values: None,
        text: Some(model.text.config().clone()),
        class_names: vec![],
    };
    write_file(path.as_ref(), &manifest, &own_tensors(model))
}

fn write_file(
    path: &Path,
    manifest: &Manifest,
    tensors: &[NewTensor<'_>],
) -> Result<(), WeightsError> {
    let manifest = serde_json::to_string(manifest).expect("plain data has a JSON form");
    let metadata = HashMap::from([(MANIFEST.to_string(), manifest)]);
    write::safetensors(path, tensors, metadata)
        .map_err(|reason| WeightsError::Io { file: path.display().to_string(), reason })
}

//! Reading the small model back.

use std::path::Path;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::weights::{Checkpoint, LoadOptions};

/// The model of a file that `small_model::save` wrote, if it is of this config.
pub(crate) fn load(path: &Path, config: &ViT22BConfig, device: &Device) -> anyhow::Result<ViT22B> {
    let load = || -> anyhow::Result<ViT22B> {
        let loaded = Checkpoint::open(path)?.load(&LoadOptions::new(), device)?;
        ensure!(loaded.model.config() == config, "it is of another model");
        Ok(loaded.model)
    };
    load().with_context(|| format!("{}: delete it, and it is made anew", path.display()))
}

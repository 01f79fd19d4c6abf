//! The small ViT-22B for verbs without `--weights`: pre-trained on procedural images, and kept in a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use vit22b::data::{Drawings, Preprocess};
use vit22b::train::{Classify, Engine, Event, Loss, Recipe, Start, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::weights::{LoadOptions, WeightsFile};
use vit22b::{Runtime, params};

use crate::terminal::Terminal;

/// Side of the images that the model takes.
pub(crate) const SIDE: usize = 16;

/// Width 96, depth 2, patch 4, for square images.
pub(crate) fn config(classes: usize, side: usize) -> ViT22BConfig {
    let config = ViT22BConfig::new(classes).with_patch(4).with_image([side, side]);
    config.with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6)
}

/// How images are made for it.
pub(crate) fn preprocess(side: usize) -> anyhow::Result<Preprocess> {
    let steps = format!("resize_shorter({side})|center_crop({side})|value_range(-1, 1)");
    Ok(steps.parse()?)
}

/// The model of a file, and as it was before training. Where the file is not there, the model is trained
/// and kept there.
pub(crate) fn open_or_train(
    path: &Path,
    steps: u64,
    seed: u64,
    runtime: &Runtime,
) -> anyhow::Result<(ViT22B, ViT22B)> {
    let data = Drawings::new(SIDE, seed);
    let config = config(data.hierarchy().names().len(), SIDE);
    let untrained = params::initialize(config.init(&runtime.device())?);
    if path.exists() {
        println!("the model of {}", path.display());
        let trained = load(path, untrained.config(), &runtime.device()).with_context(|| {
            format!("--model {}: delete it, and it is made anew", path.display())
        })?;
        return Ok((trained, untrained));
    }
    println!("no {}: training it", path.display());
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, steps, 0.006), None)?;
    let mut engine = Engine::start(runtime, step, Start::From(untrained.clone(), seed))?;
    let terminal = Terminal::new();
    engine.train(Arc::new(data), |progress| terminal.show(&Event::Step(progress)))?;
    terminal.finish();
    let trained = engine.state()?.model;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    save(&trained, path)?;
    Ok((trained, untrained))
}

/// The model of a file that [`save`] wrote, if it is of this config.
fn load(path: &Path, config: &ViT22BConfig, device: &Device) -> anyhow::Result<ViT22B> {
    let loaded = WeightsFile::open(path)?.load(&LoadOptions::new(), device)?;
    ensure!(loaded.model.config() == config, "it is of another model");
    Ok(loaded.model)
}

/// Writes the model, to be opened as published weights are.
pub(crate) fn save(model: &ViT22B, path: &Path) -> anyhow::Result<()> {
    Ok(vit22b::weights::save(model, &preprocess(model.config().image[0])?, path)?)
}

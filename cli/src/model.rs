//! The small ViT-22B for verbs without `--weights`: pre-trained on procedural images, kept in a file, and
//! the digits that it is asked about.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use vit22b::data::{Drawings, Prefetch, Preprocess};
use vit22b::train::{Classify, Engine, Event, Loss, Pace, Recipe, Start, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::weights::{LoadOptions, WeightsFile};
use vit22b::{Runtime, params};

use crate::terminal::Terminal;

/// Side of the images that the model takes.
pub(crate) const SIDE: usize = 16;
/// The first digits train classifiers, the others test them.
pub(crate) const TRAIN_DIGITS: usize = 1_200;

/// Width 96, depth 2, patch 4, for square images.
pub(crate) fn config(classes: usize, side: usize) -> ViT22BConfig {
    let config = ViT22BConfig::new(classes).with_patch(4).with_image([side, side]);
    config.with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6)
}

/// Steps, images of a step and the peak learning rate of pre-training.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pretraining {
    pub(crate) steps: u64,
    pub(crate) batch: u64,
    pub(crate) lr: f64,
    pub(crate) seed: u64,
}

impl Pretraining {
    /// The trained model and the loss of each step.
    pub(crate) fn run(
        &self,
        runtime: &Runtime,
        data: Drawings,
        model: ViT22B,
    ) -> anyhow::Result<(ViT22B, Vec<(u64, f64)>)> {
        let recipe = Recipe::vit22b_scaled(self.batch, self.steps, self.lr);
        let task = Classify::new(model.config().clone(), Loss::SigmoidCrossEntropy)?;
        let step = TrainStep::new(task, &recipe, None)?;
        let mut engine = Engine::start(runtime, step, Start::From(model, self.seed))?;
        let mut losses = Vec::new();
        let (terminal, mut pace) = (Terminal::new(), Pace::new(self.steps, self.batch));
        for batch in Prefetch::new(Arc::new(data), 0, self.batch as usize, self.steps, 1) {
            let pending = engine.step(batch?)?;
            let progress = pace.step_done(pending.step(), pending.read()?);
            losses.push((progress.step, f64::from(progress.reading.loss)));
            terminal.show(&Event::Step(progress));
        }
        terminal.finish();
        Ok((engine.state()?.model, losses))
    }
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
    let pretraining = Pretraining { steps, batch: 32, lr: 0.01, seed };
    let (trained, _) = pretraining.run(runtime, data, untrained.clone())?;
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

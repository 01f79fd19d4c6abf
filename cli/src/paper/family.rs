//! The models that are compared: trained here on drawings, or given.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use vit22b::data::Preprocess;
use vit22b::params;
use vit22b::train::{Classify, Event, Loss, Recipe, Stage, Trainer, weight_decay};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::weights::{LoadOptions, WeightsFile};

use super::bench::Bench;
use super::family_file::GivenModel;
use super::measured::Control;
use super::pretraining::Shapes;
use super::subject::{Id, PATCH, Subject};
use crate::evaluate::part::grouped;
use crate::model::{SIDE, preprocess};
use crate::terminal::Terminal;

/// A model of a size.
pub(crate) enum Member {
    Drawn(Drawn),
    Given(Box<GivenModel>),
}

/// A size that is trained here.
pub(crate) struct Drawn {
    name: &'static str,
    width: usize,
    depth: usize,
    heads: usize,
    /// Peak learning rate.
    lr: f64,
}

/// The sizes that are trained here. Each has at least four times the parameters of the one before it. Heads are many, since
/// the pooled vector shows as many places of an image. All this was chosen by linear probes with seeds from 100 on.
const DRAWN: [Drawn; 3] = [
    Drawn { name: "small", width: 16, depth: 1, heads: 4, lr: 0.02 },
    Drawn { name: "medium", width: 32, depth: 1, heads: 8, lr: 0.02 },
    Drawn { name: "large", width: 64, depth: 2, heads: 8, lr: 0.02 },
];

/// Images of a training step.
pub(crate) const BATCH: u64 = 32;

/// The start of the classifier's bias. The paper's −10 is for 30,000 classes; from there to the few classes here it
/// would take most of a short run.
const HEAD_BIAS: f64 = -3.0;

/// Decay of the classifier's weights. The paper's 3 is for a classifier of 6,144 features; of 16 features, weights as small
/// as that makes them cannot be sure of any label.
pub(crate) const HEAD_DECAY: f64 = 0.3;

/// The paper's decay of all other matrices.
const BODY_DECAY: f64 = 0.03;

/// The sizes that are trained here, the smallest first.
pub(crate) fn drawn() -> Vec<Member> {
    DRAWN.into_iter().map(Member::Drawn).collect()
}

impl Member {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Drawn(drawn) => drawn.name,
            Self::Given(given) => &given.name,
        }
    }

    pub(crate) fn parameters(&self) -> u64 {
        match self {
            Self::Drawn(drawn) => drawn.config().map_or(0, |config| config.parameters().total()),
            Self::Given(given) => given.parameters,
        }
    }

    /// What it is, for the report.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Drawn(Drawn { width, depth, heads, lr, .. }) => format!(
                "width {width}, depth {depth}, {heads} heads, patches of {PATCH}, images of {SIDE} pixels; peak learning rate {lr}"
            ),
            Self::Given(given) => given.description.clone(),
        }
    }

    /// The number of parameters as one writes it.
    pub(crate) fn shown_parameters(&self) -> String {
        grouped(self.parameters())
    }

    /// How long the training of a model takes beside others, in rough seconds.
    pub(crate) fn training_cost(&self, steps: u64) -> f64 {
        match self {
            Self::Drawn(_) => steps as f64 * (0.004 + self.parameters() as f64 * 8e-8),
            Self::Given(_) => 0.0,
        }
    }

    /// How much longer than with a model of nothing a section takes.
    pub(crate) fn section_cost(&self) -> f64 {
        1.0 + self.parameters() as f64 / 4e5
    }

    /// Trains the model of a seed, unless it is there already; goes on where a stopped run was. False if it
    /// was stopped.
    pub(crate) fn train(&self, seed: u64, folder: &Path, bench: &Bench) -> anyhow::Result<bool> {
        let Self::Drawn(drawn) = self else { return Ok(true) };
        let path = drawn.path(seed, folder);
        if path.exists() {
            return Ok(true);
        }
        let steps = bench.settings.steps;
        let data = Shapes::new(SIDE, seed)?;
        let task = Classify::new(drawn.config()?, Loss::SigmoidCrossEntropy)?;
        let mut recipe = Recipe::vit22b_scaled(BATCH, steps, drawn.lr);
        for stage in &mut recipe.update {
            if let Stage::WeightDecay(decay) = stage {
                *decay = weight_decay(BODY_DECAY, HEAD_DECAY);
            }
        }
        let run = folder.join(format!("{}-{seed}", drawn.name));
        let trainer = Trainer::new(task, recipe, Arc::new(data), &run)
            .with_checkpoints((steps / 4).max(1), 1)
            .with_seed(seed)
            .with_resume(true);
        // A bar for one model at a time, where lines do not stay; elsewhere the report's own line is enough.
        let bar = bench.workers == 1 && std::io::stderr().is_terminal();
        let terminal = bar.then(Terminal::new);
        let ended = trainer.run(&bench.runtime, &bench.stop, |event: &Event| {
            terminal.iter().for_each(|terminal| terminal.show(event));
        });
        terminal.iter().for_each(Terminal::finish);
        let ended = ended?;
        if !ended.finished {
            return Ok(false);
        }
        let model = ended.engine.state()?.model;
        // Written beside its name, so that a file of this name is whole.
        let beside = path.with_extension("partial.safetensors");
        vit22b::weights::save(&model, &preprocess(SIDE)?, &beside)?;
        std::fs::rename(&beside, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        // Its curves stay, its checkpoints go.
        let _ = std::fs::remove_dir_all(run.join("checkpoints"));
        Ok(true)
    }

    /// The model of a seed, or a control beside it.
    pub(crate) fn open(&self, id: Id, folder: &Path, bench: &Bench) -> anyhow::Result<Subject> {
        let (model, preprocess) = match self {
            Self::Drawn(drawn) => drawn.open(&id, folder, bench)?,
            Self::Given(given) => given.open(&id, bench)?,
        };
        match id.control {
            Some(Control::Pixels) => Ok(Subject::pixels(id, preprocess)),
            _ => {
                // As many images at once as fit in little memory.
                let batch = (1 << 22) / (model.config().width * preprocess.size()[0].pow(2));
                Subject::model(id, model, preprocess, &bench.runtime, batch.clamp(4, 100))
            }
        }
    }
}

impl Drawn {
    fn config(&self) -> anyhow::Result<ViT22BConfig> {
        let classes = Shapes::new(SIDE, 0)?.classes();
        let config = ViT22BConfig::new(classes).with_patch(PATCH).with_image([SIDE, SIDE]);
        Ok(config
            .with_width(self.width)
            .with_depth(self.depth)
            .with_mlp_dim(4 * self.width)
            .with_num_heads(self.heads)
            .with_head_bias(HEAD_BIAS))
    }

    fn path(&self, seed: u64, folder: &Path) -> std::path::PathBuf {
        folder.join(format!("{}-{seed}.safetensors", self.name))
    }

    fn open(&self, id: &Id, folder: &Path, bench: &Bench) -> anyhow::Result<(ViT22B, Preprocess)> {
        let device = bench.runtime.device();
        if id.control.is_some() {
            let model = untrained(&self.config()?, id.seed, &device)?;
            return Ok((model, preprocess(SIDE)?));
        }
        let path = self.path(id.seed, folder);
        let told = || format!("{}: delete it, and it is trained again", path.display());
        let loaded = WeightsFile::open(&path)
            .and_then(|file| file.load(&LoadOptions::new(), &device))
            .with_context(told)?;
        ensure!(loaded.model.config() == &self.config()?, "{}: it is of another model", told());
        Ok((loaded.model, preprocess(SIDE)?))
    }
}

impl GivenModel {
    fn open(&self, id: &Id, bench: &Bench) -> anyhow::Result<(ViT22B, Preprocess)> {
        let device = bench.runtime.device();
        let told = || format!("--family: the model {:?}", self.name);
        let found = self.file.describe(&self.options).with_context(told)?;
        if id.control.is_some() {
            let model = untrained(&found.config, id.seed, &device).with_context(told)?;
            return Ok((model, found.preprocessing));
        }
        let loaded = self.file.load(&self.options, &device).with_context(told)?;
        Ok((loaded.model, loaded.description.preprocessing))
    }
}

/// A model as it is before training.
fn untrained(
    config: &ViT22BConfig,
    seed: u64,
    device: &burn::tensor::Device,
) -> anyhow::Result<ViT22B> {
    Ok(params::with_seed(device, seed, || config.init(device).map(params::initialize))?)
}

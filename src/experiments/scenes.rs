//! A small tower, pre-trained on drawings, and scenes that are drawn once.

use std::sync::Arc;

use super::result::ExperimentError;
use crate::data::{
    BatchError, BatchSource, DepthBatch, Drawings, ExampleKey, MaskBatch, Preprocess, Scene, Scenes,
};
use crate::params;
use crate::runtime::Runtime;
use crate::train::{Classify, Engine, Loss, Recipe, Start, Task, TrainStep};
use crate::vit::{ViT22B, ViT22BConfig};

/// Side of the scenes.
pub(super) const SIDE: usize = 32;
/// Scenes to train heads on.
pub(super) const SCENES: usize = 256;
/// Scenes to test on.
const TESTED: usize = 64;
/// Where test scenes begin, behind all that are trained on.
const FIRST_TESTED: u64 = 1 << 20;
/// Images of a step.
pub(super) const BATCH: u64 = 8;

/// Steps of the pre-training, of 32 drawings each.
const PRE_TRAINING: u64 = 300;

/// A tower that was pre-trained on drawings, and the same before.
pub(super) fn towers(runtime: &Runtime, seed: u64) -> Result<[ViT22B; 2], ExperimentError> {
    let data = Drawings::new(SIDE, seed);
    let config = ViT22BConfig::new(data.hierarchy().names().len())
        .with_image([SIDE, SIDE])
        .with_patch(4)
        .with_width(64)
        .with_depth(4)
        .with_mlp_dim(256)
        .with_num_heads(4);
    let device = runtime.device();
    let draw = || config.init(&device).map(params::initialize);
    let untrained = params::with_seed(&device, seed, draw)?;
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let recipe = Recipe::vit22b_scaled(32, PRE_TRAINING, 0.006);
    let start = Start::From(untrained.clone(), seed);
    let trained = train(runtime, (task, recipe, start), Arc::new(data))?;
    Ok([trained.with_new_head(0)?, untrained.with_new_head(0)?])
}

/// The model after all steps of a recipe.
pub(super) fn train<T: Task>(
    runtime: &Runtime,
    (task, recipe, start): (T, Recipe, Start<T::Model>),
    data: Arc<dyn BatchSource<T::Batch>>,
) -> Result<T::Model, ExperimentError> {
    let step = TrainStep::new(task, &recipe, None)?;
    let mut engine = Engine::start(runtime, step, start)?;
    engine.train(data, |_| ())?;
    Ok(engine.state()?.model)
}

/// Scenes that were drawn, in batches of random ones.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    scenes: Arc<[Scene]>,
    /// How many of them are seen.
    seen: usize,
}

impl Kept {
    /// Scenes to train on, of whose depths a share is known.
    pub(super) fn draw(seed: u64, known: f32) -> Self {
        let scenes = Scenes::new(SIDE, seed).with_known(known);
        let scenes = (0..SCENES as u64).map(|index| scenes.scene(index)).collect();
        Self { scenes, seen: SCENES }
    }

    /// Scenes to test on.
    pub(super) fn test(seed: u64) -> Arc<[Scene]> {
        let scenes = Scenes::new(SIDE, seed);
        (FIRST_TESTED..FIRST_TESTED + TESTED as u64).map(|index| scenes.scene(index)).collect()
    }

    /// The first of them alone.
    pub(super) fn first(&self, seen: usize) -> Self {
        Self { seen, ..self.clone() }
    }

    pub(super) fn scenes(&self) -> &[Scene] {
        &self.scenes[..self.seen]
    }

    fn values(&self, position: u64, size: usize) -> (Vec<f32>, Vec<&Scene>) {
        let scenes: Vec<&Scene> = (position..position + size as u64)
            .map(|at| {
                let mut rng = ExampleKey::new(at, 0, 0).rng(0);
                &self.scenes[rng.usize(..self.seen)]
            })
            .collect();
        let mut values = Vec::with_capacity(3 * size * SIDE * SIDE);
        for scene in &scenes {
            for channel in 0..3 {
                let bytes = scene.image.pixels().iter().skip(channel).step_by(3);
                values.extend(bytes.map(|byte| f32::from(*byte) / 127.5 - 1.0));
            }
        }
        (values, scenes)
    }
}

impl BatchSource<MaskBatch> for Kept {
    fn batch(&self, position: u64, size: usize) -> Result<MaskBatch, BatchError> {
        let (values, scenes) = self.values(position, size);
        let labels = scenes.iter().flat_map(|scene| scene.mask.labels().iter().copied());
        Ok(MaskBatch::new(values, labels.collect(), [size, SIDE, SIDE]))
    }
}

impl BatchSource<DepthBatch> for Kept {
    fn batch(&self, position: u64, size: usize) -> Result<DepthBatch, BatchError> {
        let (values, scenes) = self.values(position, size);
        let depths = scenes.iter().flat_map(|scene| scene.depth.values().iter().copied());
        Ok(DepthBatch::new(values, depths.collect(), [size, SIDE, SIDE]))
    }
}

/// How scenes become inputs.
pub(super) fn steps() -> Preprocess {
    let text = format!("resize({SIDE}, {SIDE}, bilinear)|value_range(-1, 1)");
    text.parse().expect("the steps fit together")
}

//! Scenes that are drawn once.

use std::sync::Arc;

use super::head_training::HeadTraining;
use crate::data::{
    BatchError, BatchSource, DepthBatch, ExampleKey, MaskBatch, Preprocess, Scene, Scenes,
};

/// Scenes to test on.
const TESTED: usize = 64;
/// Where test scenes begin, behind all that are trained on.
const FIRST_TESTED: u64 = 1 << 20;
/// Images of a step.
pub(super) const BATCH: u64 = 8;

/// Scenes that were drawn, in batches of random ones.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    scenes: Arc<[Scene]>,
    side: usize,
}

impl Kept {
    /// Scenes to train on, of whose depths a share is known.
    pub(super) fn draw(side: usize, how: &HeadTraining, known: f32) -> Self {
        let scenes = Scenes::new(side, how.seed).with_known(known);
        Self { scenes: (0..how.examples as u64).map(|index| scenes.scene(index)).collect(), side }
    }

    /// Scenes to test on.
    pub(super) fn test(side: usize, seed: u64) -> Arc<[Scene]> {
        let scenes = Scenes::new(side, seed);
        (FIRST_TESTED..FIRST_TESTED + TESTED as u64).map(|index| scenes.scene(index)).collect()
    }

    pub(super) fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    fn values(&self, position: u64, size: usize) -> (Vec<f32>, Vec<&Scene>) {
        let scenes: Vec<&Scene> = (position..position + size as u64)
            .map(|at| {
                let mut rng = ExampleKey::new(at, 0, 0).rng(0);
                &self.scenes[rng.usize(..self.scenes.len())]
            })
            .collect();
        let mut values = Vec::with_capacity(3 * size * self.side * self.side);
        scenes.iter().for_each(|scene| write_pixels(scene, &mut values));
        (values, scenes)
    }
}

impl BatchSource<MaskBatch> for Kept {
    fn batch(&self, position: u64, size: usize) -> Result<MaskBatch, BatchError> {
        let (values, scenes) = self.values(position, size);
        let labels = scenes.iter().flat_map(|scene| scene.mask.labels().iter().copied());
        Ok(MaskBatch::new(values, labels.collect(), [size, self.side, self.side]))
    }
}

impl BatchSource<DepthBatch> for Kept {
    fn batch(&self, position: u64, size: usize) -> Result<DepthBatch, BatchError> {
        let (values, scenes) = self.values(position, size);
        let depths = scenes.iter().flat_map(|scene| scene.depth.values().iter().copied());
        Ok(DepthBatch::new(values, depths.collect(), [size, self.side, self.side]))
    }
}

/// Adds the pixels of a scene as `[3, side, side]` values in [−1, 1].
pub(super) fn write_pixels(scene: &Scene, values: &mut Vec<f32>) {
    for channel in 0..3 {
        let bytes = scene.image.pixels().iter().skip(channel).step_by(3);
        values.extend(bytes.map(|byte| f32::from(*byte) / 127.5 - 1.0));
    }
}

/// How whole images become inputs.
pub(super) fn steps(side: usize) -> Preprocess {
    let text = format!("resize({side}, {side}, bilinear)|value_range(-1, 1)");
    text.parse().expect("the steps fit together")
}

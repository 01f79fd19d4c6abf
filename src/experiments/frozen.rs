//! Towers that are frozen: one that was pre-trained on drawings, the same before, and one that passes pixels on.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::head_training::train;
use super::result::ExperimentError;
use crate::data::Drawings;
use crate::dense::BlockChoice;
use crate::params::{self, NamedTensors};
use crate::runtime::Runtime;
use crate::train::{Classify, Duration, Loss, Recipe, Start};
use crate::vit::{Pool, Positions, ViT22B, ViT22BConfig};

/// A tower that is not trained any more, and how heads read it.
#[derive(Debug, Clone)]
pub struct Frozen {
    tower: ViT22B,
    normed: bool,
}

impl Frozen {
    /// A tower for square images. Heads read tokens behind its last norm.
    pub fn tower(tower: ViT22B) -> Self {
        Self { tower, normed: true }
    }

    /// What heads reach without a tower: each token is the values of the pixels of its patch.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Config`] for a patch that does not divide the side.
    pub fn pixels(side: usize, patch: usize, device: &Device) -> Result<Self, ExperimentError> {
        let width = 3 * patch * patch;
        let config = ViT22BConfig::new(0)
            .with_image([side, side])
            .with_patch(patch)
            .with_width(width)
            .with_depth(1)
            .with_mlp_dim(1)
            .with_num_heads(1)
            .with_pool(Pool::Average)
            .with_positions(Positions::None);
        // Drawn with a seed, though nothing follows from it: other threads may be drawing.
        let tower = params::with_seed(device, 0, || config.init(device).map(params::initialize))?;
        // A block adds what its two branches make: nothing, where their last weights are 0.
        let mut values = NamedTensors::default();
        let identity = Tensor::<2>::eye(width, device);
        values.insert("embedding.weight", identity.reshape([width, 3, patch, patch]));
        values.insert("blocks.0.attn.out.weight", Tensor::<2>::zeros([width, width], device));
        values.insert("blocks.0.mlp.fc2.weight", Tensor::<2>::zeros([1, width], device));
        values.insert("blocks.0.mlp.fc2.bias", Tensor::<1>::zeros([width], device));
        let tower = params::overwrite(tower, values).expect("the parameters of this config");
        Ok(Self { tower, normed: false })
    }

    /// The tower.
    pub fn model(&self) -> &ViT22B {
        &self.tower
    }

    /// The side of its images.
    pub fn side(&self) -> usize {
        self.tower.config().image[0]
    }

    /// The last block, which linear heads read.
    pub(super) fn last(&self) -> BlockChoice {
        BlockChoice::new(vec![self.tower.config().depth - 1]).with_norm(self.normed)
    }

    /// The four blocks that other heads read.
    pub(super) fn quarters(&self) -> BlockChoice {
        BlockChoice::quarters(self.tower.config().depth).with_norm(self.normed)
    }
}

/// Side of the drawings that towers are pre-trained on.
const DRAWN: usize = 16;
/// Side of the patches of towers, and their blocks.
const PATCH: usize = 4;
const DEPTH: usize = 4;
/// Steps of the pre-training of towers.
const PRE_TRAINING: u64 = 2_000;
/// Drawings of a step of pre-training, and its peak learning rate.
const BATCH: u64 = 32;
const RATE: f64 = 3e-3;

/// A tower that was pre-trained on drawings of 16 pixels, the same before, and pixels, for images of a side.
pub(super) fn towers(
    runtime: &Runtime,
    side: usize,
    seed: u64,
) -> Result<[Frozen; 3], ExperimentError> {
    let [trained, untrained] = pre_trained(runtime, (DRAWN, PATCH, DEPTH), PRE_TRAINING, seed)?;
    let frozen = |model: ViT22B| -> Result<Frozen, ExperimentError> {
        Ok(Frozen::tower(model.with_new_head(0)?.with_image([side; 2])?))
    };
    let pixels = Frozen::pixels(side, PATCH, &runtime.device())?;
    Ok([frozen(trained)?, frozen(untrained)?, pixels])
}

/// A model of width 64 that was trained on all labels of drawings for so many steps, by Adam, and the same before. Given are the side of
/// the drawings, the patch and the depth.
pub(super) fn pre_trained(
    runtime: &Runtime,
    (side, patch, depth): (usize, usize, usize),
    steps: u64,
    seed: u64,
) -> Result<[ViT22B; 2], ExperimentError> {
    let (data, device) = (Drawings::new(side, seed), runtime.device());
    let config = ViT22BConfig::new(data.hierarchy().names().len())
        .with_image([side, side])
        .with_patch(patch)
        .with_width(64)
        .with_depth(depth)
        .with_mlp_dim(256)
        .with_num_heads(4)
        // A drawing has one label in 25. From the usual bias, which is for one in 20,000, the blocks learn this first.
        .with_head_bias(-3.0);
    let draw = || config.init(&device).map(params::initialize);
    let untrained = params::with_seed(&device, seed, draw)?;
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let recipe = Recipe::distil(BATCH, Duration::Steps(steps), RATE);
    let start = Start::From(untrained.clone(), seed);
    Ok([train(runtime, (task, recipe, start), Arc::new(data))?, untrained])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, Tolerance};

    use super::*;

    #[test]
    fn tokens_of_pixels_are_the_pixels_of_patches() {
        let device = Device::flex();
        let pixels = Frozen::pixels(8, 4, &device).unwrap();
        let values: Vec<f32> = (0..3 * 64).map(|value| value as f32 / 100.0 - 1.0).collect();
        let images = TensorData::new(values.clone(), [1, 3, 8, 8]);
        let images = Tensor::from_data(images, &device);
        for blocks in [pixels.last(), pixels.quarters()] {
            let (tokens, grid) = blocks.tokens(pixels.model(), images.clone()).unwrap();
            assert_eq!((tokens[0].dims(), grid), ([1, 4, 48], [2, 2]));
            // The second token: the right half of the first four rows.
            let expected: Vec<f32> =
                (0..48).map(|at| values[at / 16 * 64 + at / 4 % 4 * 8 + 4 + at % 4]).collect();
            let token = tokens[0].clone().narrow(1, 1, 1).into_data();
            let expected = TensorData::new(expected, [1, 1, 48]);
            token.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
        }
        assert!(Frozen::pixels(9, 4, &device).is_err());
    }
}

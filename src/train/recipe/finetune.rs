//! Fine-tuning.

use crate::params::Rules;
use crate::train::duration::Duration;
use crate::train::precision::Precision;
use crate::train::update::adam::Momentum;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

use super::Recipe;

/// Steps of the warm-up, unless the run is short.
const WARMUP: u64 = 500;

impl Recipe {
    /// Fine-tuning a pre-trained model whose classifier is new: SGD with momentum 0.9, kept in bf16, gradients clipped at 1, no
    /// decay, a cosine schedule after 500 steps of warm-up, or a fifth of a run of fewer than 2,500 steps.
    ///
    /// The authors take batches of 512; 20,000 steps for ImageNet, 10,000 for CIFAR, 500 for Pets and Flowers; and the
    /// better of the rates [0.03 and 0.01](Self::FINETUNE_RATES) on training images that are held out.
    ///
    /// # Reference
    ///
    /// "Scaling Vision Transformers", appendix D; big_vision's `configs/transfer.py`. How ViT-22B itself was fine-tuned is not
    /// published.
    ///
    /// ```
    /// use vit22b::train::{Recipe, layer_decay};
    ///
    /// let recipe = Recipe::finetune(512, 20_000, 0.03);
    /// // Lower layers move less, and the embedding not at all.
    /// let recipe = recipe.with_factors(layer_decay(12, 0.75)).with_frozen([r"embedding\..*"]);
    /// # assert_eq!(recipe.batch_size, 512);
    /// ```
    pub fn finetune(batch_size: u64, steps: u64, lr_peak: f64) -> Self {
        Self {
            batch_size,
            total: Duration::Steps(steps),
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 1.0 },
                Stage::Momentum(Momentum { precision: Precision::Bf16, ..Momentum::default() }),
                Stage::LearningRate { peak: lr_peak, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Cosine,
                    warmup: Duration::Steps(WARMUP.min(steps / 5)),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ..Self::vit22b()
        }
    }

    /// The learning rates among which the authors choose for each set of images.
    pub const FINETUNE_RATES: [f64; 2] = [0.03, 0.01];

    /// Sets the factors on the learning rate by path, such as those of [`layer_decay`](crate::train::layer_decay).
    #[must_use]
    pub fn with_factors(mut self, new: Rules<Tune>) -> Self {
        for stage in &mut self.update {
            if let Stage::LearningRate { factors, .. } = stage {
                *factors = new.clone();
            }
        }
        self
    }

    /// Does not train parameters whose whole path matches one of these patterns, whatever the factors say.
    #[must_use]
    pub fn with_frozen<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        let frozen: Vec<_> =
            patterns.into_iter().map(|pattern| (pattern.into(), Tune::Frozen)).collect();
        for stage in &mut self.update {
            if let Stage::LearningRate { factors, .. } = stage {
                factors.0.splice(0..0, frozen.iter().cloned());
            }
        }
        self
    }
}

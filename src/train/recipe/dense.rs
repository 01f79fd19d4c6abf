//! Segmentation and depth.

use crate::params::Rules;
use crate::train::duration::Duration;
use crate::train::update::adam::Adam;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

use super::{Recipe, weight_decay};

impl Recipe {
    /// Training a head for segmentation on a tower, frozen or not: Adam, a weight decay of 0.05 of the matrices, a rate that
    /// falls linearly to 0 after a fiftieth of the run.
    ///
    /// InternVL trains its linear decoder "as ViT-22B" on a frozen tower for 80,000 steps of 16 images with a rate of 4e-5 and no
    /// decay, and fine-tunes with a decay of 0.05, a layer decay of 0.95
    /// ([`with_factors`](Self::with_factors)) and the same rate. A frozen tower is
    /// [`with_frozen`](Self::with_frozen)`([r"tower\..*"])`.
    ///
    /// # Reference
    ///
    /// InternVL's `segmentation/configs`. How ViT-22B was trained for segmentation is not published.
    ///
    /// ```
    /// use vit22b::train::Recipe;
    ///
    /// let recipe = Recipe::segmentation(16, 80_000, 4e-5).with_frozen([r"tower\..*"]);
    /// # assert_eq!(recipe.batch_size, 16);
    /// ```
    pub fn segmentation(batch_size: u64, steps: u64, lr_peak: f64) -> Self {
        Self {
            batch_size,
            total: Duration::Steps(steps),
            update: vec![
                Stage::Adam(Adam::default()),
                Stage::WeightDecay(weight_decay(0.05, 0.05)),
                Stage::LearningRate { peak: lr_peak, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Linear,
                    warmup: Duration::Percent(2.0),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ..Self::vit22b()
        }
    }

    /// Training a head for depth on a frozen tower: Adam, gradients clipped at 0.05, a cosine schedule after a hundred-and-twentieth
    /// of the run. The published run has 300,000 steps of 64 images, 2,500 of them warm-up, and a rate of 2e-4.
    ///
    /// # Reference
    ///
    /// "Scaling Vision Transformers to 22 Billion Parameters", appendix E.2.
    ///
    /// ```
    /// use vit22b::train::Recipe;
    ///
    /// let recipe = Recipe::depth(64, 300_000, 2e-4).with_frozen([r"tower\..*"]);
    /// # assert_eq!(recipe.batch_size, 64);
    /// ```
    pub fn depth(batch_size: u64, steps: u64, lr_peak: f64) -> Self {
        Self {
            batch_size,
            total: Duration::Steps(steps),
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 0.05 },
                Stage::Adam(Adam::default()),
                Stage::LearningRate { peak: lr_peak, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Cosine,
                    warmup: Duration::Percent(100.0 * 2_500.0 / 300_000.0),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ..Self::vit22b()
        }
    }
}

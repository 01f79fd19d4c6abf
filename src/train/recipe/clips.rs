//! Heads over frozen features of frames.

use crate::params::Rules;
use crate::train::duration::Duration;
use crate::train::update::adam::Adam;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

use super::{Recipe, weight_decay};

impl Recipe {
    /// A temporal head over frozen features: Adam, gradients clipped at 1, a decoupled weight decay of 0.01, a cosine
    /// schedule after 5 % of warm-up. A learning rate of 1e-3 and dropout of 0.1 serve as a start.
    ///
    /// ViT-22B's own settings for video are not published; ViViT trains its towers too, by SGD.
    ///
    /// ```
    /// use vit22b::train::{Duration, Recipe};
    ///
    /// let recipe = Recipe::clips(64, Duration::Epochs(30.0), 1e-3);
    /// # assert_eq!(recipe.batch_size, 64);
    /// ```
    pub fn clips(batch_size: u64, total: Duration, lr_peak: f64) -> Self {
        Self {
            batch_size,
            total,
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 1.0 },
                Stage::Adam(Adam::default()),
                Stage::WeightDecay(weight_decay(0.01, 0.01)),
                Stage::LearningRate { peak: lr_peak, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Cosine,
                    warmup: Duration::Percent(5.0),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ..Self::vit22b()
        }
    }
}

//! Distillation.

use crate::params::Rules;
use crate::train::duration::Duration;
use crate::train::update::adam::Adam;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

use super::{Recipe, weight_decay};

impl Recipe {
    /// Distilling a teacher into a student that was pre-trained: Adam, gradients clipped at 1, a weight decay of 1e-5 a step at the
    /// peak, a cosine schedule after 5 % of warm-up.
    ///
    /// The nearest published run takes batches of 1,024, a learning rate of 1e-4 and 90 epochs; ViT-22B's students learned for 1,000
    /// epochs, whose rate and batch are not published. More epochs help more than anything else.
    ///
    /// # Reference
    ///
    /// big_vision's FlexiViT, which is distilled from pre-trained ViTs; "Scaling Vision Transformers to 22 Billion Parameters", section
    /// 4.4.
    ///
    /// ```
    /// use vit22b::train::{Duration, Recipe};
    ///
    /// let recipe = Recipe::distil(1_024, Duration::Epochs(90.0), 1e-4);
    /// # assert_eq!(recipe.batch_size, 1_024);
    /// ```
    pub fn distil(batch_size: u64, total: Duration, lr_peak: f64) -> Self {
        // The stage is before the learning rate, which multiplies the decay too. A rate of 0 is refused as
        // a rate, and not as a decay that is infinite.
        let decay = if lr_peak > 0.0 { 1e-5 / lr_peak } else { 0.0 };
        Self {
            batch_size,
            total,
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 1.0 },
                Stage::Adam(Adam::default()),
                Stage::WeightDecay(weight_decay(decay, decay)),
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

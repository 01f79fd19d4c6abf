//! Locked-image tuning.

use crate::params::Rules;
use crate::train::duration::Duration;
use crate::train::update::adam::Adam;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

use super::{Recipe, weight_decay};

/// Decay of weights, times the learning rate: 0.01 a step at a rate of 0.001.
const DECAY: f64 = 10.0;
/// Share of the run that warms up, in percent, and the least number of its steps.
const WARMUP: (f64, u64) = (3.0, 100);

impl Recipe {
    /// Tuning a text tower beside a locked image model: Adam with the second moment's decay at 0.95, gradients clipped at 1, weight decay of
    /// ten times the learning rate, a cosine schedule after a warm-up of 3 %, at least 100 steps, and at most a fifth of the run.
    ///
    /// The authors' public run takes 5,000 batches of 4,096 pairs at a rate of 1e-3.
    ///
    /// # Reference
    ///
    /// big_vision's `configs/proj/image_text/lit_coco.py`; "Sigmoid Loss for Language Image Pre-Training", section 4, for the decay of the
    /// second moment. How ViT-22B's text tower was tuned is not published beyond its size, its batch and its steps.
    ///
    /// ```
    /// use vit22b::train::Recipe;
    ///
    /// let recipe = Recipe::lit(4_096, 5_000, 1e-3);
    /// # assert_eq!(recipe.batch_size, 4_096);
    /// ```
    pub fn lit(batch_size: u64, steps: u64, lr_peak: f64) -> Self {
        let share = (steps as f64 * WARMUP.0 / 100.0) as u64;
        Self {
            batch_size,
            total: Duration::Steps(steps),
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 1.0 },
                Stage::Adam(Adam { beta2: 0.95, ..Adam::default() }),
                Stage::WeightDecay(weight_decay(DECAY, DECAY)),
                Stage::LearningRate { peak: lr_peak, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Cosine,
                    warmup: Duration::Steps(share.max(WARMUP.1).min(steps / 5)),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ..Self::vit22b()
        }
    }
}

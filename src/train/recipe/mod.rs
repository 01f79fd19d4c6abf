//! Recipes: how gradients become parameters, and for how long.

mod clips;
mod dense;
mod distil;
mod finetune;
pub(crate) mod layer_decay;
mod lit;

use serde::{Deserialize, Serialize};

use crate::params::Rules;

use crate::train::duration::Duration;
use crate::train::precision::Precision;
use crate::train::update::adafactor::Adafactor;
use crate::train::update::ema::Ema;
use crate::train::update::polyak::Polyak;
use crate::train::update::schedule::{Decay, Schedule};
use crate::train::update::stage::{Stage, Tune};

/// How a task is trained: batches, length, and the stages between a gradient and the new parameters.
///
/// Recipes that were written with `loss`, `mixup` and `cutmix`, which are now those of the
/// [task](crate::train::Classify), are read without these fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Examples of a step.
    pub batch_size: u64,
    /// Length of the run.
    pub total: Duration,
    /// What happens to gradients, in this order.
    pub update: Vec<Stage>,
    /// Averages of the parameters that are trained; none reported for ViT-22B.
    pub ema: Option<Ema>,
    /// The mean of the parameters over the end of the run, in place of `ema`. ViT-22B fine-tuned at 560 pixels has
    /// such a mean.
    #[serde(default)]
    pub polyak: Option<Polyak>,
    /// The types of the computation.
    #[serde(default)]
    pub precision: Precision,
    /// Number of micro-batches, a divisor of `batch_size`: equal parts of the batch that go through the
    /// model one after the other. The more there are, the less memory activations need.
    #[serde(default = "one")]
    pub micro_batches: u64,
    /// Whether a step whose loss or gradient is not finite leaves parameters and optimizer state as
    /// they are.
    #[serde(default)]
    pub skip_non_finite: bool,
}

fn one() -> u64 {
    1
}

impl Recipe {
    /// The pre-training of ViT-22B.
    ///
    /// # Reference
    ///
    /// "Scaling Vision Transformers to 22 Billion Parameters", section 4.1: batch, steps,
    /// schedule, peak and weight decay. Optimizer and clipping are those of "Scaling Vision
    /// Transformers", whose recipe it continues; the paper itself does not name them.
    pub fn vit22b() -> Self {
        Self {
            batch_size: 65_536,
            total: Duration::Steps(177_000),
            update: vec![
                Stage::ClipGlobalNorm { max_norm: 1.0 },
                Stage::Adafactor(Adafactor::default()),
                Stage::WeightDecay(weight_decay(0.03, 3.0)),
                Stage::LearningRate { peak: 1e-3, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::ReciprocalSqrt { timescale: Duration::Steps(10_000) },
                    warmup: Duration::Steps(10_000),
                    cooldown: Duration::Steps(30_000),
                }),
            ],
            ema: None,
            polyak: None,
            precision: Precision::F32,
            micro_batches: 1,
            skip_non_finite: false,
        }
    }

    /// The same run in small: ViT-22B's stages and proportions for another batch, length and peak
    /// learning rate.
    ///
    /// Warm-up, timescale and cool-down keep their shares of the run (5.65 %, 5.65 % and 16.9 %).
    pub fn vit22b_scaled(batch_size: u64, steps: u64, lr_peak: f64) -> Self {
        let full = Self::vit22b();
        let share = |steps: u64| Duration::Percent(100.0 * steps as f64 / 177_000.0);
        // A share of a run of few steps is less than one, which is no timescale.
        let timescale = if steps < 9 { Duration::Steps(1) } else { share(10_000) };
        let update = full.update.into_iter().map(|stage| match stage {
            Stage::LearningRate { factors, .. } => Stage::LearningRate { peak: lr_peak, factors },
            Stage::Schedule(_) => Stage::Schedule(Schedule {
                decay: Decay::ReciprocalSqrt { timescale },
                warmup: share(10_000),
                cooldown: share(30_000),
            }),
            stage => stage,
        });
        Self {
            batch_size,
            total: Duration::Steps(steps),
            update: update.collect(),
            ..Self::vit22b()
        }
    }
}

/// Decay of weight matrices, with another rate for the classifier's; biases, norms, positions and
/// the probe are not decayed.
pub fn weight_decay(body: f64, head: f64) -> Rules<f64> {
    Rules::new([(r"head\.weight", head), (r".*\.weight", body), (".*", 0.0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Budget;

    #[test]
    fn recipes_with_a_loss_and_mixtures_are_read() {
        let recipe = Recipe::vit22b();
        let mut json = serde_json::to_value(&recipe).unwrap();
        json["loss"] = serde_json::json!({ "softmax_cross_entropy": { "label_smoothing": 0.1 } });
        json["mixup"] = serde_json::json!({ "alpha": 0.2 });
        json["cutmix"] = serde_json::Value::Null;
        assert_eq!(serde_json::from_value::<Recipe>(json).unwrap(), recipe);
    }

    #[test]
    fn runs_of_any_length_have_a_schedule() {
        for steps in 1..40 {
            let recipe = Recipe::vit22b_scaled(1, steps, 1e-3);
            let budget = Budget::new(recipe.total, 1, None).unwrap();
            for stage in &recipe.update {
                if let Stage::Schedule(schedule) = stage {
                    schedule.resolve(&budget).unwrap();
                }
            }
        }
    }
}

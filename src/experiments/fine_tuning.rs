//! Whether what was learnt on small drawings is of use on larger ones.

use std::sync::Arc;

use super::frozen::pre_trained;
use super::pictures::{Pictures, crops};
use super::result::{Experiment, ExperimentError};
use super::scenes::steps;
use crate::data::{CueConflict, FirstOf, Preprocess};
use crate::runtime::Runtime;
use crate::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use crate::vit::ViT22B;

/// Images of a step.
const BATCH: u64 = 32;
/// Sides of the images: those of the pre-training, and larger ones.
const SMALL: usize = 32;
const LARGE: usize = 48;
/// Images to learn from, and to test on.
const TRAIN: u64 = 240;
const TEST: u64 = 480;
/// What the images to learn from are drawn from, for each seed the same.
const DRAWN: u64 = 77;

/// Steps of training, each on 32 images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FineTuningSteps {
    /// Those of the pre-training.
    pub pre_training: u64,
    /// Those on the few images, of each model.
    pub few: u64,
}

impl Default for FineTuningSteps {
    fn default() -> Self {
        Self { pre_training: 800, few: 200 }
    }
}

/// A model that was pre-trained on drawings of 32 pixels is fine-tuned on 240 drawings of 48 pixels, with resampled positions, to tell
/// their six shapes, while textures mislead; beside it the same model begins with drawn parameters at 32 and at 48
/// pixels, at a larger rate (0.1, not 0.03), since it has more to learn. All take the same steps. The measure is the share of 480 other drawings
/// that is classified rightly. One model after the other is [`shapes_of_few`].
///
/// The paper fine-tunes at 224, 384 and 560 pixels what was trained at 224.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training fails with.
pub fn fine_tuning(
    runtime: &Runtime,
    seeds: &[u64],
    steps: FineTuningSteps,
    mut progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title =
        "Shapes of 240 drawings after pre-training at 32 pixels (width 64, depth 2, patch 8)";
    let measure = "share of 480 other drawings that is classified rightly, large is good";
    let mut found = Experiment::new(title, measure, seeds)?;
    let tuned = "fine-tuned at 48 pixels";
    let arms = [
        (tuned, LARGE, true, 0.03),
        ("from nothing at 32 pixels", SMALL, false, 0.1),
        ("from nothing at 48 pixels", LARGE, false, 0.1),
    ];
    for seed in seeds {
        progress(&format!("seed {seed}: pre-training at {SMALL} pixels"));
        let recipe = Recipe::vit22b_scaled(BATCH, steps.pre_training, 0.005);
        let [trained, untrained] = pre_trained(runtime, (SMALL, 8, 2), recipe, *seed)?;
        for (name, side, pre_trained, rate) in arms {
            progress(&format!("seed {seed}: {name}"));
            let begun = if pre_trained { &trained } else { &untrained };
            let model = begun.clone().with_image([side, side])?;
            found.add(name, shapes_of_few(runtime, model, (steps.few, rate), *seed)?);
        }
    }
    for (other, ..) in &arms[1..] {
        found.claim(&format!("Fine-tuning is better than beginning {other}"), tuned, other);
    }
    Ok(found)
}

/// Trains a model, with a new head, by [`Recipe::finetune`] on 240 drawings of its size whose texture is that of another class than their shape,
/// and gives the share of 480 others whose shape it then tells rightly. `how` is the number of steps and the peak learning rate.
///
/// # Errors
///
/// [`ExperimentError`] for what training fails with.
///
/// ```
/// use vit22b::experiments::shapes_of_few;
/// use vit22b::{Runtime, params};
/// use vit22b::vit::ViT22BConfig;
///
/// let runtime = Runtime::flex();
/// let config = ViT22BConfig::new(0).with_image([8, 8]).with_patch(4);
/// let config = config.with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let model = params::initialize(config.init(&runtime.device())?);
/// let right = shapes_of_few(&runtime, model, (2, 0.03), 0)?;
/// assert!((0.0..1.0).contains(&right));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn shapes_of_few(
    runtime: &Runtime,
    model: ViT22B,
    how: (u64, f64),
    seed: u64,
) -> Result<f64, ExperimentError> {
    let side = model.config().image[0];
    let model = model.with_new_head(CueConflict::CLASSES)?.with_image([side; 2])?;
    let drawings = CueConflict::new(side, DRAWN);
    let pictures = |first: u64, count: u64, steps: Preprocess| {
        let drawings = (first..first + count).map(|index| {
            let image = drawings.conflicting(index);
            (image.pixels, image.shape)
        });
        Pictures::new(drawings, side, CueConflict::CLASSES, (steps, seed))
    };
    let (few, test) = (pictures(0, TRAIN, crops(side, 50)), pictures(TRAIN, TEST, steps(side)));
    let loss = Loss::SoftmaxCrossEntropy { label_smoothing: 0.0 };
    let task = Classify::new(model.config().clone(), loss)?;
    let step = TrainStep::new(task, &Recipe::finetune(BATCH, how.0, how.1), None)?;
    let mut engine = Engine::start(runtime, step, Start::From(model, seed))?;
    engine.train(Arc::new(few), |_| ())?;
    let test = FirstOf::new(test, TEST as usize);
    Ok(engine.mean_scores(Arc::new(test), BATCH as usize, 1)?["precision_at_1"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_form_measures_each_beginning() {
        let steps = FineTuningSteps { pre_training: 2, few: 2 };
        let mut told = vec![];
        let found =
            fine_tuning(&Runtime::flex(), &[9], steps, |line| told.push(line.to_string())).unwrap();
        assert_eq!(told.len(), 4);
        assert_eq!(found.arms.len(), 3);
        assert!(found.arms.iter().all(|arm| (0.0..1.0).contains(&arm.values[0])), "{found}");
        assert!(found.claims.iter().all(|claim| claim.gains.len() == 1), "{found}");
    }
}

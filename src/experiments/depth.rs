//! Depths of the pixels of scenes, from frozen towers and few known depths.

use std::sync::Arc;

use super::frozen::{Frozen, towers};
use super::head_training::{HeadTraining, train};
use super::result::{Experiment, ExperimentError, Numbers};
use super::scenes::{BATCH, Kept, steps};
use super::seeds::for_each_seed;
use crate::dense::{DepthConfig, DepthEstimator, DepthTarget, EstimateDepth};
use crate::eval::DepthErrors;
use crate::heads::{DepthOutput, DptConfig, LinearDecoderConfig};
use crate::runtime::Runtime;
use crate::train::{Recipe, Start};

/// Scenes that heads are trained on.
const SCENES: usize = 256;
/// Steps of a head's training.
const STEPS: u64 = 200;
/// Side of the scenes.
const SIDE: usize = 32;
/// The share of depths that are known in training.
const KNOWN: f32 = 0.1;
/// Depths that are measured, in metres.
const RANGE: [f64; 2] = [1e-3, 80.0];

/// A head that tells the depths of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthHead {
    /// One linear layer on the tokens of the last block.
    Linear,
    /// DPT of width 32 on four blocks.
    Dpt,
}

/// Depths of scenes by heads on a frozen tower, trained with a tenth of the depths, as a laser scanner measures few: a linear
/// readout and a narrow DPT on a pre-trained tower, on one that is not, and on the pixels themselves, beside one depth for all
/// pixels. The measure is AbsRel, `mean |p - d| / d`, the mean of 64 other scenes.
///
/// The paper has DPT and a linear readout on frozen towers, with the sparse depths of Waymo's laser scanner.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training and predicting fail with.
pub fn depth_of_scenes(
    runtime: &Runtime,
    seeds: &[u64],
    progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title = "Depth of drawn scenes on a frozen tower (width 64, depth 4, patch 4, 32 pixels), a tenth of the depths known";
    let mut found = Experiment::new(title, "AbsRel of 64 scenes, small is good", seeds)?;
    let of_seed = |seed: u64, say: &dyn Fn(&str)| -> Result<Numbers, ExperimentError> {
        say("pre-training a tower");
        let [trained, untrained, pixels] = towers(runtime, SIDE, seed)?;
        let how = HeadTraining { examples: SCENES, steps: STEPS, seed };
        let one = abs_rel_of_one_depth(trained.side(), how)?;
        let mut numbers = vec![("one depth for all pixels".to_string(), one)];
        for (head, name) in [(DepthHead::Linear, "linear"), (DepthHead::Dpt, "DPT")] {
            let arms = [
                (&pixels, "pixels"),
                (&untrained, "untrained tower"),
                (&trained, "pre-trained tower"),
            ];
            for (tower, of) in arms {
                let name = format!("{name}, {of}");
                say(&name);
                let abs_rel = abs_rel_of_scenes(runtime, tower, head, how)?;
                numbers.push((name, abs_rel));
            }
        }
        Ok(numbers)
    };
    found.add_all(for_each_seed(seeds, progress, of_seed)?);
    let (linear, dpt) = ("linear, pre-trained tower", "DPT, pre-trained tower");
    found.claim(
        "A linear readout is better than one depth for all pixels",
        "one depth for all pixels",
        linear,
    );
    found.claim("DPT is better than a linear readout", linear, dpt);
    let text = "A linear readout reads more from a pre-trained tower than from an untrained one";
    found.claim(text, "linear, untrained tower", linear);
    let text = "DPT reads more from a pre-trained tower than from an untrained one";
    found.claim(text, "DPT, untrained tower", dpt);
    let text = "DPT reads more from a pre-trained tower than from the pixels";
    found.claim(text, "DPT, pixels", dpt);
    Ok(found)
}

/// The AbsRel of the best single depth by the loss that heads are trained with: the mean of `log(1 + depth)` over the scenes
/// that they are trained on. It is the bound that [`abs_rel_of_scenes`] has to be below.
///
/// # Errors
///
/// [`ExperimentError::Eval`].
pub fn abs_rel_of_one_depth(side: usize, how: HeadTraining) -> Result<f64, ExperimentError> {
    let data = Kept::draw(side, &how, KNOWN);
    let known = data.scenes().iter().flat_map(|scene| scene.depth.values());
    let logs: Vec<f64> =
        known.filter(|depth| **depth > 0.0).map(|depth| f64::from(*depth).ln_1p()).collect();
    let depth = (logs.iter().sum::<f64>() / logs.len() as f64).exp_m1() as f32;
    let mut errors = DepthErrors::new(RANGE[0], RANGE[1])?;
    for scene in Kept::test(side, how.seed).iter() {
        errors.add(scene.depth.values(), &vec![depth; scene.depth.values().len()])?;
    }
    Ok(errors.mean_of_images().map_or(f64::NAN, |scores| scores.abs_rel))
}

/// Trains a head on scenes of the tower's size, a tenth of whose depths are known, and says its AbsRel on 64 others. The scenes
/// are those of the seed, whatever the tower and the head.
///
/// # Errors
///
/// [`ExperimentError`] for a tower whose parts do not fit the head, and what training and predicting fail with.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::experiments::{DepthHead, Frozen, HeadTraining, abs_rel_of_scenes};
///
/// let runtime = Runtime::flex();
/// let pixels = Frozen::pixels(16, 4, &runtime.device())?;
/// let how = HeadTraining { examples: 8, steps: 2, seed: 0 };
/// assert!(abs_rel_of_scenes(&runtime, &pixels, DepthHead::Linear, how)? > 0.0);
/// # Ok::<(), vit22b::experiments::ExperimentError>(())
/// ```
pub fn abs_rel_of_scenes(
    runtime: &Runtime,
    tower: &Frozen,
    head: DepthHead,
    how: HeadTraining,
) -> Result<f64, ExperimentError> {
    let of_tower = tower.model().config().clone();
    let (side, width, patch) = (tower.side(), of_tower.width, of_tower.patch);
    let (blocks, readout) = match head {
        DepthHead::Linear => (tower.last(), LinearDecoderConfig::new(width, 1).into()),
        DepthHead::Dpt => {
            let head = DptConfig::new(width)
                .with_neck_widths(vec![32, 32, 64, 64])
                .with_factors(vec![2.0, 1.0, 0.5, 0.25])
                .with_channels(32)
                .with_output(DepthOutput::Linear)
                .depth_anything(patch);
            (tower.quarters(), head.into())
        }
    };
    let config = DepthConfig::new(of_tower, blocks, readout).with_target(DepthTarget::LogDepth);
    let model = config.init_on(tower.model().clone(), how.seed, &runtime.device())?;
    // A linear layer moves its bias from 0 to the mean logarithm of depth in the steps that it has; a step of Adam is as large as the rate.
    let rate = match head {
        DepthHead::Linear => 3e-2,
        DepthHead::Dpt => 5e-3,
    };
    let recipe = Recipe::depth(BATCH, how.steps, rate).with_frozen([r"tower\..*"]);
    let whole = (EstimateDepth::new(config)?, recipe, Start::From(model, how.seed));
    let model = train(runtime, whole, Arc::new(Kept::draw(side, &how, KNOWN)))?;
    let estimator = DepthEstimator::new(runtime, model, move |_| steps(side))?.with_batch(32);
    let mut errors = DepthErrors::new(RANGE[0], RANGE[1])?;
    for some in Kept::test(side, how.seed).chunks(32) {
        let images: Vec<_> = some.iter().map(|scene| scene.image.clone()).collect();
        for (scene, predicted) in some.iter().zip(estimator.depths(&images)?) {
            errors.add(scene.depth.values(), predicted.values())?;
        }
    }
    Ok(errors.mean_of_images().map_or(f64::NAN, |scores| scores.abs_rel))
}

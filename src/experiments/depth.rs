//! Depths of the pixels of scenes, from frozen towers and few known depths.

use std::sync::Arc;

use super::result::{Experiment, ExperimentError};
use super::scenes::{BATCH, Kept, steps, towers, train};
use crate::data::Scene;
use crate::dense::{BlockChoice, DepthConfig, DepthEstimator, DepthTarget, EstimateDepth};
use crate::eval::DepthErrors;
use crate::heads::{DepthOutput, DptConfig, LinearDecoderConfig};
use crate::runtime::Runtime;
use crate::train::{Recipe, Start};
use crate::vit::ViT22B;

/// Steps of a head's training.
const STEPS: u64 = 200;
/// The share of depths that are known in training.
const KNOWN: f32 = 0.1;
/// Depths that are measured, in metres.
const RANGE: [f64; 2] = [1e-3, 80.0];

#[derive(Debug, Clone, Copy)]
enum Head {
    Linear,
    Dpt,
}

/// Depths of scenes by heads on a frozen tower, trained with a tenth of the depths, as a laser scanner measures few: a linear
/// readout and a narrow DPT on a pre-trained tower and on one that is not, beside one depth for all pixels. The measure is
/// AbsRel, `mean |p - d| / d`, the mean of 64 other scenes.
///
/// The paper has DPT and a linear readout on frozen towers, with the sparse depths of Waymo's laser scanner.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training and predicting fail with.
pub fn depth_of_scenes(
    runtime: &Runtime,
    seeds: &[u64],
    mut progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title = "Depth of drawn scenes on a frozen tower (width 64, depth 4, patch 4, 32 pixels), a tenth of the depths known";
    let mut found = Experiment::new(title, "AbsRel of 64 scenes, small is good", seeds)?;
    for seed in seeds {
        progress(&format!("seed {seed}: pre-training a tower"));
        let [trained, untrained] = towers(runtime, *seed)?;
        let (data, test) = (Kept::draw(*seed, KNOWN), Kept::test(*seed));
        found.add("one depth for all pixels", constant(&data, &test)?);
        let arms = [
            ("linear, untrained tower", &untrained, Head::Linear),
            ("DPT, untrained tower", &untrained, Head::Dpt),
            ("linear, pre-trained tower", &trained, Head::Linear),
            ("DPT, pre-trained tower", &trained, Head::Dpt),
        ];
        for (name, tower, head) in arms {
            progress(&format!("seed {seed}: {name}"));
            let value = abs_rel(runtime, (tower, head), (data.clone(), &test), *seed)?;
            found.add(name, value);
        }
    }
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
    Ok(found)
}

/// The best single depth by the loss that heads are trained with: the mean of `log(1 + depth)`.
fn constant(data: &Kept, test: &[Scene]) -> Result<f64, ExperimentError> {
    let known = data.scenes().iter().flat_map(|scene| scene.depth.values());
    let logs: Vec<f64> =
        known.filter(|depth| **depth > 0.0).map(|depth| f64::from(*depth).ln_1p()).collect();
    let depth = (logs.iter().sum::<f64>() / logs.len() as f64).exp_m1() as f32;
    let mut errors = DepthErrors::new(RANGE[0], RANGE[1])?;
    for scene in test {
        errors.add(scene.depth.values(), &vec![depth; scene.depth.values().len()])?;
    }
    Ok(errors.mean_of_images().map_or(f64::NAN, |scores| scores.abs_rel))
}

fn abs_rel(
    runtime: &Runtime,
    (tower, head): (&ViT22B, Head),
    (data, test): (Kept, &[Scene]),
    seed: u64,
) -> Result<f64, ExperimentError> {
    let of_tower = tower.config().clone();
    let (width, depth, patch) = (of_tower.width, of_tower.depth, of_tower.patch);
    let (blocks, head) = match head {
        Head::Linear => {
            (BlockChoice::new(vec![depth - 1]), LinearDecoderConfig::new(width, 1).into())
        }
        Head::Dpt => {
            let head = DptConfig::new(width)
                .with_neck_widths(vec![32, 32, 64, 64])
                .with_factors(vec![2.0, 1.0, 0.5, 0.25])
                .with_channels(32)
                .with_output(DepthOutput::Linear)
                .depth_anything(patch);
            (BlockChoice::quarters(depth), head.into())
        }
    };
    let config = DepthConfig::new(of_tower, blocks.with_norm(true), head);
    let config = config.with_target(DepthTarget::LogDepth);
    let model = config.init_on(tower.clone(), seed, &runtime.device())?;
    let recipe = Recipe::depth(BATCH, STEPS, 5e-3).with_frozen([r"tower\..*"]);
    let whole = (EstimateDepth::new(config)?, recipe, Start::From(model, seed));
    let model = train(runtime, whole, Arc::new(data))?;
    let estimator = DepthEstimator::new(runtime, model, |_| steps())?.with_batch(32);
    let mut errors = DepthErrors::new(RANGE[0], RANGE[1])?;
    for some in test.chunks(32) {
        let images: Vec<_> = some.iter().map(|scene| scene.image.clone()).collect();
        for (scene, predicted) in some.iter().zip(estimator.depths(&images)?) {
            errors.add(scene.depth.values(), predicted.values())?;
        }
    }
    Ok(errors.mean_of_images().map_or(f64::NAN, |scores| scores.abs_rel))
}

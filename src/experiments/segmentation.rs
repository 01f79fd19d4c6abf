//! Classes of the pixels of scenes, from frozen towers.

use std::sync::Arc;

use super::frozen::{Frozen, towers};
use super::head_training::{HeadTraining, train};
use super::result::{Experiment, ExperimentError, Numbers};
use super::scenes::{BATCH, Kept, steps};
use super::seeds::for_each_seed;
use crate::data::Scenes;
use crate::dense::{Segment, SegmentationConfig, Segmenter};
use crate::eval::SegmentationTable;
use crate::heads::{LinearDecoderConfig, PyramidConfig, UperNetConfig};
use crate::runtime::Runtime;
use crate::train::{Recipe, Stage, Start};

/// Side of the scenes.
const SIDE: usize = 32;
/// Scenes that heads are trained on.
const SCENES: usize = 256;
/// The peak learning rate.
const RATE: f64 = 1e-2;
/// Steps of a head's training.
const STEPS: u64 = 400;

/// A head that tells the classes of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskHead {
    /// One linear layer on the tokens of the last block.
    Linear,
    /// UPerNet of width 32 on four blocks.
    UperNet,
}

/// Segmentation of scenes by heads on a frozen tower: a linear decoder beside a narrow UPerNet, a pre-trained tower beside one
/// that is not and beside the pixels themselves, and heads that saw 16 or all of 256 scenes. The measure is the mean IoU of
/// 64 other scenes.
///
/// The paper has the same arms on ADE20k: linear and UPerNet on a frozen tower, and few-shot fractions of the training set.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training and predicting fail with.
pub fn segmentation_of_scenes(
    runtime: &Runtime,
    seeds: &[u64],
    progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title =
        "Segmentation of drawn scenes on a frozen tower (width 64, depth 4, patch 4, 32 pixels)";
    let mut found = Experiment::new(title, "mean IoU of 64 scenes, large is good", seeds)?;
    let of_seed = |seed: u64, say: &dyn Fn(&str)| -> Result<Numbers, ExperimentError> {
        say("pre-training a tower");
        let [trained, untrained, pixels] = towers(runtime, SIDE, seed)?;
        let mut numbers = Numbers::new();
        for (head, of) in [(MaskHead::Linear, "linear"), (MaskHead::UperNet, "UPerNet")] {
            let arms = [
                ("pixels", &pixels, SCENES),
                ("untrained tower", &untrained, SCENES),
                ("1/16 of the scenes", &trained, SCENES / 16),
                ("all of the scenes", &trained, SCENES),
            ];
            for (arm, tower, examples) in arms {
                let name = format!("{of}, {arm}");
                say(&name);
                let how = HeadTraining { examples, steps: STEPS, seed };
                numbers.push((name, mean_iou_of_scenes(runtime, tower, head, how)?));
            }
        }
        Ok(numbers)
    };
    found.add_all(for_each_seed(seeds, progress, of_seed)?);
    let all = |head: &str| format!("{head}, all of the scenes");
    let (linear, uper_net) = (all("linear"), all("UPerNet"));
    let text = "A linear decoder reads more from a pre-trained tower than from an untrained one";
    found.claim(text, &linear, "linear, untrained tower");
    let text = "UPerNet reads more from a pre-trained tower than from an untrained one";
    found.claim(text, &uper_net, "UPerNet, untrained tower");
    let text = "UPerNet reads more from a pre-trained tower than from the pixels";
    found.claim(text, &uper_net, "UPerNet, pixels");
    found.claim("UPerNet is better than a linear decoder", &uper_net, &linear);
    found.claim(
        "All scenes are better than a sixteenth, for a linear decoder",
        &linear,
        "linear, 1/16 of the scenes",
    );
    found.claim(
        "All scenes are better than a sixteenth, for UPerNet",
        &uper_net,
        "UPerNet, 1/16 of the scenes",
    );
    Ok(found)
}

/// Trains a head on scenes of the tower's size, and says its mean IoU, from 0 to 1, on 64 others. The scenes are those of the
/// seed, whatever the tower and the head.
///
/// # Errors
///
/// [`ExperimentError`] for a tower whose parts do not fit the head, and what training and predicting fail with.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::experiments::{Frozen, HeadTraining, MaskHead, mean_iou_of_scenes};
///
/// let runtime = Runtime::flex();
/// let pixels = Frozen::pixels(16, 4, &runtime.device())?;
/// let how = HeadTraining { examples: 8, steps: 2, seed: 0 };
/// let iou = mean_iou_of_scenes(&runtime, &pixels, MaskHead::Linear, how)?;
/// assert!((0.0..1.0).contains(&iou));
/// # Ok::<(), vit22b::experiments::ExperimentError>(())
/// ```
pub fn mean_iou_of_scenes(
    runtime: &Runtime,
    tower: &Frozen,
    head: MaskHead,
    how: HeadTraining,
) -> Result<f64, ExperimentError> {
    let of_tower = tower.model().config().clone();
    let (side, width) = (tower.side(), of_tower.width);
    let classes = Scenes::CLASSES.len();
    let config = match head {
        MaskHead::Linear => {
            let head = LinearDecoderConfig::new(width, classes).into();
            SegmentationConfig::new(of_tower, tower.last(), head)
        }
        MaskHead::UperNet => {
            let head = UperNetConfig::new(vec![width; 4], 32, classes);
            SegmentationConfig::new(of_tower, tower.quarters(), head.into())
                .with_pyramid(Some(PyramidConfig::new(width)))
        }
    };
    let model = config.init_on(tower.model().clone(), how.seed, &runtime.device())?;
    let mut recipe = Recipe::segmentation(BATCH, how.steps, RATE).with_frozen([r"tower\..*"]);
    recipe.update.retain(|stage| !matches!(stage, Stage::WeightDecay(_)));
    let whole = (Segment::new(config)?, recipe, Start::From(model, how.seed));
    let model = train(runtime, whole, Arc::new(Kept::draw(side, &how, 1.0)))?;
    let segmenter = Segmenter::new(runtime, model, move |_| steps(side))?.with_batch(32);
    let mut table = SegmentationTable::new(classes, None);
    for some in Kept::test(side, how.seed).chunks(32) {
        let images: Vec<_> = some.iter().map(|scene| scene.image.clone()).collect();
        for (scene, predicted) in some.iter().zip(segmenter.classes(&images)?) {
            table.add(scene.mask.labels(), &predicted)?;
        }
    }
    Ok(table.mean_iou().unwrap_or(0.0))
}

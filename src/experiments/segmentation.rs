//! Classes of the pixels of scenes, from frozen towers.

use std::sync::Arc;

use super::result::{Experiment, ExperimentError};
use super::scenes::{BATCH, Kept, SCENES, steps, towers, train};
use crate::data::{Scene, Scenes};
use crate::dense::{BlockChoice, Segment, SegmentationConfig, Segmenter};
use crate::eval::SegmentationTable;
use crate::heads::{LinearDecoderConfig, PyramidConfig, UperNetConfig};
use crate::runtime::Runtime;
use crate::train::{Recipe, Stage, Start};
use crate::vit::ViT22B;

/// Steps of a head's training.
const STEPS: u64 = 200;

#[derive(Debug, Clone, Copy)]
enum Head {
    Linear,
    UperNet,
}

/// Segmentation of scenes by heads on a frozen tower: a linear decoder beside a narrow UPerNet, a pre-trained tower beside one
/// that is not, and heads that saw few or all of 256 scenes. The measure is the mean IoU of 64 other scenes.
///
/// The paper has the same arms on ADE20k: linear and UPerNet on a frozen tower, and few-shot fractions of the training set.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training and predicting fail with.
pub fn segmentation_of_scenes(
    runtime: &Runtime,
    seeds: &[u64],
    mut progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title =
        "Segmentation of drawn scenes on a frozen tower (width 64, depth 4, patch 4, 32 pixels)";
    let mut found = Experiment::new(title, "mean IoU of 64 scenes, large is good", seeds)?;
    for seed in seeds {
        progress(&format!("seed {seed}: pre-training a tower"));
        let [trained, untrained] = towers(runtime, *seed)?;
        let (data, test) = (Kept::draw(*seed, 1.0), Kept::test(*seed));
        let mut arm = |name: &str, tower: &ViT22B, head: Head, scenes: usize| {
            progress(&format!("seed {seed}: {name}"));
            let value = mean_iou(runtime, (tower, head), (data.first(scenes), &test), *seed)?;
            found.add(name, value);
            Ok::<(), ExperimentError>(())
        };
        arm("linear, untrained tower", &untrained, Head::Linear, SCENES)?;
        arm("UPerNet, untrained tower", &untrained, Head::UperNet, SCENES)?;
        for (name, scenes) in [("1/16", SCENES / 16), ("1/4", SCENES / 4), ("all", SCENES)] {
            arm(&format!("linear, {name} of the scenes"), &trained, Head::Linear, scenes)?;
        }
        for (name, scenes) in [("1/16", SCENES / 16), ("all", SCENES)] {
            arm(&format!("UPerNet, {name} of the scenes"), &trained, Head::UperNet, scenes)?;
        }
    }
    let all = |head: &str| format!("{head}, all of the scenes");
    let (linear, uper_net) = (all("linear"), all("UPerNet"));
    let text = "A linear decoder reads more from a pre-trained tower than from an untrained one";
    found.claim(text, &linear, "linear, untrained tower");
    let text = "UPerNet reads more from a pre-trained tower than from an untrained one";
    found.claim(text, &uper_net, "UPerNet, untrained tower");
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

fn mean_iou(
    runtime: &Runtime,
    (tower, head): (&ViT22B, Head),
    (data, test): (Kept, &[Scene]),
    seed: u64,
) -> Result<f64, ExperimentError> {
    let of_tower = tower.config().clone();
    let (width, depth) = (of_tower.width, of_tower.depth);
    let classes = Scenes::CLASSES.len();
    let config = match head {
        Head::Linear => {
            let blocks = BlockChoice::new(vec![depth - 1]).with_norm(true);
            SegmentationConfig::new(
                of_tower,
                blocks,
                LinearDecoderConfig::new(width, classes).into(),
            )
        }
        Head::UperNet => {
            let blocks = BlockChoice::quarters(depth).with_norm(true);
            let head = UperNetConfig::new(vec![width; 4], 32, classes);
            SegmentationConfig::new(of_tower, blocks, head.into())
                .with_pyramid(Some(PyramidConfig::new(width)))
        }
    };
    let model = config.init_on(tower.clone(), seed, &runtime.device())?;
    // Adam moves a narrow head as fast as a linear one at a lower rate.
    let rate = if matches!(head, Head::Linear) { 1e-2 } else { 3e-3 };
    let mut recipe = Recipe::segmentation(BATCH, STEPS, rate).with_frozen([r"tower\..*"]);
    recipe.update.retain(|stage| !matches!(stage, Stage::WeightDecay(_)));
    let whole = (Segment::new(config)?, recipe, Start::From(model, seed));
    let model = train(runtime, whole, Arc::new(data))?;
    let segmenter = Segmenter::new(runtime, model, |_| steps())?.with_batch(32);
    let mut table = SegmentationTable::new(classes, None);
    for some in test.chunks(32) {
        let images: Vec<_> = some.iter().map(|scene| scene.image.clone()).collect();
        for (scene, predicted) in some.iter().zip(segmenter.classes(&images)?) {
            table.add(scene.mask.labels(), &predicted)?;
        }
    }
    Ok(table.mean_iou().unwrap_or(0.0))
}

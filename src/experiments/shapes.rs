//! Drawings of ten shapes, and a teacher of them.

use std::sync::Arc;

use super::head_training::train;
use super::pictures::{self, Pictures};
use super::result::ExperimentError;
use crate::data::{ColouredShapes, Preprocess};
use crate::runtime::Runtime;
use crate::train::{Classify, Duration, Loss, Recipe, Start};
use crate::vit::ViT22B;

/// Images of a step.
pub(super) const BATCH: u64 = 32;
/// Where test images begin, behind all that are trained on.
pub(super) const FIRST_TESTED: u64 = 1 << 20;
/// Images of the teacher.
const TEACHERS: u64 = 6_000;
/// Peak learning rate of the teacher.
const RATE: f64 = 0.002;
/// The least share of an image in percent that a view shows.
const LEAST_AREA: usize = 30;

/// The number of shapes.
pub(super) fn classes() -> usize {
    let pairs = ColouredShapes::pairs();
    let mut shapes: Vec<&str> = pairs.iter().map(|pair| shape(pair)).collect();
    shapes.dedup();
    shapes.len()
}

/// The shape of a pair such as "red half disc".
fn shape(pair: &str) -> &str {
    pair.split_once(' ').map_or(pair, |(_, shape)| shape)
}

/// Drawings of a seed with the numbers of their shapes.
pub(super) fn drawn(
    side: usize,
    (first, count): (u64, u64),
    steps: Preprocess,
    seed: u64,
) -> Pictures {
    let (drawings, pairs) = (ColouredShapes::new(side, seed), ColouredShapes::pairs());
    let colours = pairs.len() / classes();
    let drawings = (first..first + count).map(|index| {
        let drawing = drawings.seen(index);
        (drawing.pixels, drawing.pair / colours)
    });
    Pictures::new(drawings, side, classes(), (steps, seed))
}

/// Views of the drawings.
pub(super) fn crops(side: usize) -> Preprocess {
    pictures::crops(side, LEAST_AREA)
}

/// A classifier of the ten shapes: this model for square images with a new head, trained on views of 6,000 drawings.
///
/// # Errors
///
/// [`ExperimentError`] for what training fails with.
pub fn shape_teacher(
    runtime: &Runtime,
    model: ViT22B,
    steps: u64,
    seed: u64,
) -> Result<ViT22B, ExperimentError> {
    let side = model.config().image[0];
    let model = model.with_new_head(classes())?.with_image([side; 2])?;
    // A short run does not see them all.
    let data = drawn(side, (0, TEACHERS.min(BATCH * steps)), crops(side), seed);
    let loss = Loss::SoftmaxCrossEntropy { label_smoothing: 0.0 };
    let task = Classify::new(model.config().clone(), loss)?;
    let recipe = Recipe::distil(BATCH, Duration::Steps(steps), RATE);
    train(runtime, (task, recipe, Start::From(model, seed)), Arc::new(data))
}

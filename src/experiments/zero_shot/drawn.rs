//! The drawings of the experiment, and what an image model makes of them.

use burn::tensor::{Tensor, TensorData};

use super::error::ZeroShotError;
use crate::data::{CaptionedDrawing, ColouredShapes};
use crate::probe::{Embedder, FeatureTable};
use crate::runtime::Runtime;

/// Drawings to learn from, 30 of each pair that is seen.
const TRAIN: u64 = 1_800;
/// Drawings to test on: of pairs that were seen, and of those that were not.
const TEST: u64 = 600;

/// One `T` for each part of the drawings. None is both learned from and tested on.
pub(super) struct Parts<T> {
    pub(super) train: T,
    pub(super) held_out: T,
    pub(super) seen: T,
    /// One of each pair.
    pub(super) one_each: T,
}

pub(super) type Drawn = Parts<Vec<CaptionedDrawing>>;

/// The drawings of a seed.
pub(super) fn draw(side: usize, seed: u64) -> Drawn {
    let train = ColouredShapes::new(side, seed);
    let test = ColouredShapes::new(side, seed ^ 0x7e57);
    let held_out_pairs = ColouredShapes::held_out_pairs().len() as u64;
    let seen_pairs = ColouredShapes::pairs().len() as u64 - held_out_pairs;
    let one_each = (TEST..TEST + seen_pairs).map(|index| test.seen(index));
    let others = (TEST..TEST + held_out_pairs).map(|index| test.held_out(index));
    Parts {
        train: (0..TRAIN).map(|index| train.seen(index)).collect(),
        held_out: (0..TEST).map(|index| test.held_out(index)).collect(),
        seen: (0..TEST).map(|index| test.seen(index)).collect(),
        one_each: one_each.chain(others).collect(),
    }
}

/// The pooled vectors of the drawings.
pub(super) fn see(
    model: &Embedder,
    runtime: &Runtime,
    drawn: &Drawn,
) -> Result<Parts<FeatureTable>, ZeroShotError> {
    let vectors = |drawings: &[CaptionedDrawing]| -> Result<FeatureTable, ZeroShotError> {
        let [height, width] = model.preprocess().size();
        let pixels: Vec<f32> = drawings.iter().flat_map(|one| one.pixels.iter().copied()).collect();
        let shape = [drawings.len(), 3, height, width];
        let images = Tensor::from_data(TensorData::new(pixels, shape), &runtime.device());
        let vectors = model.tensor(images)?;
        let [_, columns] = vectors.dims();
        Ok(FeatureTable::new(vectors.into_data().iter::<f32>().collect(), columns)?)
    };
    Ok(Parts {
        train: vectors(&drawn.train)?,
        held_out: vectors(&drawn.held_out)?,
        seen: vectors(&drawn.seen)?,
        one_each: vectors(&drawn.one_each)?,
    })
}

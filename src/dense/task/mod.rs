//! Models of dense prediction as what is trained.

mod estimate_depth;
mod segment;

pub use estimate_depth::EstimateDepth;
pub use segment::Segment;

use burn_trace::LeafSpec;

use crate::train::TrainError;
use crate::vit::ViT22BConfig;

/// Says whether a tower can take images of a batch, and whether the second leaf has a value for each of their pixels.
fn check_batch(batch: &[LeafSpec], tower: &ViT22BConfig, values: &str) -> Result<(), TrainError> {
    let shapes: Vec<_> = batch.iter().map(|leaf| &leaf.ty.shape[..]).collect();
    let [&[_, channels, height, width], &[_, rows, columns]] = shapes[..] else {
        let got: Vec<_> = shapes.iter().map(|shape| shape.len().to_string()).collect();
        let expected = format!("four axes of images and three of {values}");
        return Err(TrainError::batch("batch", expected, got.join(" and ")));
    };
    if channels != tower.channels {
        return Err(TrainError::batch("images axis 1 (channels)", tower.channels, channels));
    }
    for (what, side) in [("images axis 2 (height)", height), ("images axis 3 (width)", width)] {
        if side == 0 || !side.is_multiple_of(tower.patch) {
            let expected = format!("a positive multiple of the patch {}", tower.patch);
            return Err(TrainError::batch(what, expected, side));
        }
    }
    match [rows, columns] == [height, width] {
        true => Ok(()),
        false => {
            let expected = format!("{height} × {width}, as the images have");
            Err(TrainError::batch(values, expected, format!("{rows} × {columns}")))
        }
    }
}

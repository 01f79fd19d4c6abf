//! Drawings in memory, each of one class, and random views of them.

use std::sync::Arc;

use burn::tensor::TensorData;

use crate::data::batch::permuted;
use crate::data::{BatchError, BatchSource, ExampleKey, FloatImage, Image, ImageBatch, Preprocess};

/// Random crops of square images that show at least a share of them in percent, mirrored or not.
pub(super) fn crops(side: usize, least_area: usize) -> Preprocess {
    let crop = format!("inception_crop({side}, {side}, {least_area}, 100, bilinear)");
    format!("{crop}|flip_lr|value_range(-1, 1)").parse().expect("the steps fit together")
}

/// Drawings that were drawn once, each of one class, and the steps that make inputs of them.
///
/// As batches they are passes over all drawings, each pass in an order of its own and with other random steps.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    images: Arc<[(Image, usize)]>,
    classes: usize,
    steps: Preprocess,
    seed: u64,
}

impl Pictures {
    /// Square drawings as `[3, side, side]` values in [−1, 1] with their classes.
    pub(super) fn new(
        drawings: impl Iterator<Item = (Vec<f32>, usize)>,
        side: usize,
        classes: usize,
        (steps, seed): (Preprocess, u64),
    ) -> Self {
        let image = |pixels: &[f32]| {
            let bytes = FloatImage::from_planes(side, side, pixels)?.to_bytes();
            Image::new(side, side, bytes)
        };
        let images = drawings
            .map(|(pixels, class)| (image(&pixels).expect("the pixels of a drawing"), class));
        Self { images: images.collect(), classes, steps, seed }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    /// The class of each.
    pub(super) fn labels(&self) -> Vec<usize> {
        self.images.iter().map(|(_, class)| *class).collect()
    }

    /// The drawing at a position of an endless run, and the number of the pass.
    pub(super) fn at(&self, position: u64) -> (usize, u64) {
        let count = self.images.len() as u64;
        let pass = position / count;
        let order = ExampleKey::new(self.seed, pass, u64::MAX);
        (permuted(position % count, count, order) as usize, pass)
    }

    /// Views of drawings as a batch: a view follows from the seed, the drawing and its number.
    pub(super) fn views(&self, which: &[(usize, u64)]) -> ImageBatch {
        let [height, width] = self.steps.size();
        let mut values = vec![0.0; which.len() * 3 * height * width];
        let mut targets = vec![0f32; which.len() * self.classes];
        let rows = values.chunks_mut(3 * height * width).zip(targets.chunks_mut(self.classes));
        for ((image, view), (values, target)) in which.iter().zip(rows) {
            let (drawing, class) = &self.images[*image];
            self.steps.write(drawing, ExampleKey::new(self.seed, *view, *image as u64), values);
            target[*class] = 1.0;
        }
        ImageBatch::new(
            TensorData::new(values, [which.len(), 3, height, width]),
            TensorData::new(targets, [which.len(), self.classes]),
        )
    }
}

impl BatchSource<ImageBatch> for Pictures {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let which: Vec<_> = (position..position + size as u64).map(|at| self.at(at)).collect();
        Ok(self.views(&which))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.images.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_shows_each_drawing_once_and_other_views_of_it() {
        let drawings = (0..7).map(|class| {
            let ramp = (0..3 * 64).map(|at| (at % 64) as f32 / 64.0 - class as f32 / 7.0);
            (ramp.collect(), class)
        });
        let steps = "inception_crop(8, 8, 20, 100, bilinear)|value_range(-1, 1)".parse().unwrap();
        let pictures = Pictures::new(drawings, 8, 7, (steps, 3));
        assert_eq!((pictures.len(), pictures.labels()), (7, (0..7).collect()));
        let pass = |pass: u64| -> Vec<(usize, u64)> {
            (7 * pass..7 * (pass + 1)).map(|position| pictures.at(position)).collect()
        };
        let sorted = |mut pass: Vec<(usize, u64)>| {
            pass.sort_unstable();
            pass
        };
        assert_eq!(sorted(pass(4)), (0..7).map(|image| (image, 4)).collect::<Vec<_>>());
        let order = |of: u64| pass(of).into_iter().map(|(image, _)| image).collect::<Vec<_>>();
        assert_ne!(order(0), order(1));
        let view = |which: (usize, u64)| pictures.views(&[which]).images.into_data();
        assert_eq!(view((2, 5)), view((2, 5)));
        assert_ne!(view((2, 5)), view((2, 6)));
        let batch = pictures.batch(3, 2).unwrap();
        assert_eq!(batch.images.narrow(0, 0, 1).into_data(), view(pictures.at(3)));
        let targets: Vec<f32> = batch.targets.into_data().try_to_vec().unwrap();
        let ones = (0..14).filter(|at| targets[*at] == 1.0).collect::<Vec<_>>();
        assert_eq!(ones, [pictures.at(3).0, 7 + pictures.at(4).0]);
    }
}

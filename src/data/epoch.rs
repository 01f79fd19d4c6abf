//! Each image once, for evaluation.

use std::sync::Arc;

use burn::tensor::TensorData;

use super::batch_source::BatchError;
use super::in_order::InOrder;
use super::loader::ImageLoader;

/// A batch of an [`Epoch`]. All have the same size; rows for which there is no image, at the end
/// of the last batch or for broken images, are zeros.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`
/// - targets: `[b, c]`
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedBatch {
    /// The images.
    pub images: TensorData,
    /// Ones for their labels.
    pub targets: TensorData,
    /// Which rows are images.
    pub mask: Vec<bool>,
    /// The image of the first row, by its index in the set; the others follow it.
    pub first: usize,
}

impl MaskedBatch {
    /// The rows that are images, with the index of each in the set.
    pub fn indices(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.mask.iter().enumerate().filter(|(_, valid)| **valid);
        rows.map(|(row, _)| (row, self.first + row))
    }

    /// Ones for rows that are images, to weigh what a model makes of them.
    ///
    /// # Shapes
    ///
    /// - returns: `[b]`
    pub fn weights(&self) -> TensorData {
        let weights: Vec<f32> = self.mask.iter().map(|valid| f32::from(u8::from(*valid))).collect();
        TensorData::new(weights, [self.mask.len()])
    }
}

/// Each image once, in batches of one size. Made by [`ImageLoader::epoch`].
#[derive(Debug)]
pub struct Epoch {
    batches: InOrder<Result<MaskedBatch, BatchError>>,
    size: usize,
}

impl Epoch {
    pub(super) fn new(loader: Arc<ImageLoader>, size: usize, threads: usize) -> Self {
        let count = loader.set().len().div_ceil(size) as u64;
        let make = move |index: u64| loader.masked(index as usize * size, size);
        Self { batches: InOrder::new(make, count, threads), size }
    }
}

impl Iterator for Epoch {
    type Item = Result<MaskedBatch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (index, batch) = self.batches.next()?;
        let position = index * self.size as u64;
        Some(batch.unwrap_or_else(|| Err(BatchError::panicked(position))))
    }
}

//! Each image once, for evaluation.

use burn::tensor::TensorData;

use super::in_order::InOrder;
use super::source::BatchError;

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

/// Each image once, in batches of one size. Made by [`ImageLoader::epoch`](crate::data::ImageLoader::epoch).
#[derive(Debug)]
pub struct Epoch {
    batches: InOrder<Result<MaskedBatch, BatchError>>,
    size: usize,
}

impl Epoch {
    /// The batches that a function makes of the index of their first image, for `len` images.
    pub(in crate::data) fn new(
        make: impl Fn(usize) -> Result<MaskedBatch, BatchError> + Send + Sync + 'static,
        len: usize,
        size: usize,
        threads: usize,
    ) -> Self {
        let count = len.div_ceil(size) as u64;
        let make = move |index: u64| make(index as usize * size);
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

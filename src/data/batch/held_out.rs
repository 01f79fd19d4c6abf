//! Each example once, for evaluation.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::in_order::InOrder;
use super::source::{BatchError, BatchSource};

/// Examples of which an evaluation sees each exactly once.
///
/// ```
/// use vit22b::data::{Drawings, FirstOf, HeldOut, ImageBatch};
///
/// let held_out = FirstOf::new(Drawings::new(16, 7), 10);
/// let last: vit22b::data::Masked<ImageBatch> = held_out.batch(8, 4)?;
/// assert_eq!(last.mask, [true, true, false, false]);
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
pub trait HeldOut<B>: Send + Sync {
    /// How many examples there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `size` rows with the examples from the `first`-th on. Rows behind the last example, and those of
    /// examples that cannot be read, hold anything and are masked.
    ///
    /// # Errors
    ///
    /// [`BatchError`] if they cannot be had.
    fn batch(&self, first: usize, size: usize) -> Result<Masked<B>, BatchError>;
}

/// A batch some of whose rows are no examples.
#[derive(Debug, Clone)]
pub struct Masked<B> {
    /// The rows.
    pub batch: B,
    /// Which rows are examples.
    pub mask: Vec<bool>,
    /// The example of the first row, by its index in the set; the others follow it.
    pub first: usize,
}

impl<B> Masked<B> {
    /// The rows that are examples, with the index of each in the set.
    pub fn indices(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.mask.iter().enumerate().filter(|(_, valid)| **valid);
        rows.map(|(row, _)| (row, self.first + row))
    }

    /// Ones for rows that are examples, to weigh what a model makes of them.
    ///
    /// # Shapes
    ///
    /// - output: `[b]`
    pub fn weights(&self) -> Tensor<1> {
        let weights: Vec<f32> = self.mask.iter().map(|valid| f32::from(u8::from(*valid))).collect();
        Tensor::from_data(TensorData::new(weights, [self.mask.len()]), &Device::flex())
    }
}

/// The first examples of an endless source, such as procedural images, to evaluate on.
#[derive(Debug, Clone)]
pub struct FirstOf<S> {
    source: S,
    len: usize,
}

impl<S> FirstOf<S> {
    /// The first `len` examples of a source.
    pub fn new(source: S, len: usize) -> Self {
        Self { source, len }
    }
}

impl<B, S: BatchSource<B>> HeldOut<B> for FirstOf<S> {
    fn len(&self) -> usize {
        self.len
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<B>, BatchError> {
        let mask = (first..first + size).map(|index| index < self.len).collect();
        Ok(Masked { batch: self.source.batch(first as u64, size)?, mask, first })
    }
}

/// Held-out examples in batches of one size, made ahead on threads.
///
/// ```
/// use std::sync::Arc;
/// use vit22b::data::{Drawings, Epoch, FirstOf, ImageBatch};
///
/// let held_out = Arc::new(FirstOf::new(Drawings::new(16, 7), 10));
/// let batches = Epoch::<ImageBatch>::new(held_out, 4, 2);
/// let seen: Vec<_> = batches.map(|batch| Ok(batch?.indices().count())).collect::<Result<_, _>>()?;
/// assert_eq!(seen, [4, 4, 2]);
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
#[derive(Debug)]
pub struct Epoch<B> {
    batches: InOrder<Result<Masked<B>, BatchError>>,
    size: usize,
}

impl<B: Send + 'static> Epoch<B> {
    /// All examples, in batches of `size` (at least one), made by `threads` threads (at least one).
    pub fn new(held_out: Arc<dyn HeldOut<B>>, size: usize, threads: usize) -> Self {
        let size = size.max(1);
        let count = held_out.len().div_ceil(size) as u64;
        let make = move |index: u64| held_out.batch(index as usize * size, size);
        Self { batches: InOrder::new(make, count, threads, threads.max(1) + 2), size }
    }
}

impl<B: Send + 'static> Iterator for Epoch<B> {
    type Item = Result<Masked<B>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (index, batch) = self.batches.next()?;
        let position = index * self.size as u64;
        Some(batch.unwrap_or_else(|| Err(BatchError::panicked(position))))
    }
}

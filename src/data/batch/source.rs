//! Where batches come from.

use std::error::Error;

use burn::tensor::TensorData;

/// Images and their targets on the host.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`, values in [−1, 1]
/// - targets: `[b, c]`
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The images.
    pub images: TensorData,
    /// What the model should say about them.
    pub targets: TensorData,
}

/// A batch that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the batch that begins with example {position}: {reason}")]
#[non_exhaustive]
pub struct BatchError {
    /// The first example, counted from 0 over the whole run.
    pub position: u64,
    /// Why not.
    pub reason: Box<dyn Error + Send + Sync>,
}

impl BatchError {
    /// A batch that could not be made, for this reason.
    pub fn new(position: u64, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { position, reason: reason.into() }
    }

    pub(super) fn panicked(position: u64) -> Self {
        Self::new(position, "the thread that makes it panicked")
    }
}

/// An endless sequence of examples, cut into batches.
///
/// A batch follows from its position alone: it does not matter which batches were made before it,
/// or on which thread. So a run that begins anew at a position sees what an uninterrupted one sees.
///
/// ```
/// use vit22b::data::{BatchSource, Synthetic};
///
/// let data = Synthetic::new(16, 7);
/// let batch = data.batch(100, 8)?;
/// assert_eq!(batch.images.shape().as_slice(), [8, 3, 16, 16]);
/// assert_eq!(batch, data.batch(100, 8)?);
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
pub trait BatchSource: Send + Sync {
    /// `size` examples from the `position`-th on, counted from 0 over the whole run.
    ///
    /// # Errors
    ///
    /// [`BatchError`] if they cannot be had.
    fn batch(&self, position: u64, size: usize) -> Result<Batch, BatchError>;
}

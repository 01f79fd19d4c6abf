//! Where batches come from.

use std::error::Error;
use std::sync::Arc;

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

/// An endless sequence of examples, cut into batches of the type `B`.
///
/// A batch follows from its position alone: it does not matter which batches were made before it,
/// or on which thread. So a run that begins anew at a position sees what an uninterrupted one sees.
///
/// ```
/// use vit22b::data::{BatchSource, Drawings};
///
/// let data = Drawings::new(16, 7);
/// let batch = data.batch(100, 8)?;
/// assert_eq!(batch.images.dims(), [8, 3, 16, 16]);
/// assert_eq!(batch.images.to_data(), data.batch(100, 8)?.images.to_data());
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
pub trait BatchSource<B>: Send + Sync {
    /// `size` examples from the `position`-th on, counted from 0 over the whole run.
    ///
    /// # Errors
    ///
    /// [`BatchError`] if they cannot be had.
    fn batch(&self, position: u64, size: usize) -> Result<B, BatchError>;

    /// Examples of a pass over the data, where it is finite: for recipes that speak of epochs.
    fn examples_per_epoch(&self) -> Option<u64> {
        None
    }

    /// What the examples and their order follow from, such as a fingerprint of the files and a seed: the same value, the
    /// same batches. A run keeps it in its checkpoints, and says so when it goes on with other data. Null, the
    /// default, is for data that cannot be told.
    fn describe(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

impl<B, S: BatchSource<B> + ?Sized> BatchSource<B> for Arc<S> {
    fn batch(&self, position: u64, size: usize) -> Result<B, BatchError> {
        (**self).batch(position, size)
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        (**self).examples_per_epoch()
    }

    fn describe(&self) -> serde_json::Value {
        (**self).describe()
    }
}

//! One process's part of the batches that several make together.

use std::ops::Range;

use super::source::{BatchError, BatchSource};

/// The same rows of every batch of a source: what one of several processes brings.
///
/// It is asked for whole batches, by their position in the run and their size, and makes only its
/// rows, as [`Engine::rows`](crate::train::Engine::rows) gives them.
///
/// ```
/// use vit22b::data::{BatchSource, Drawings, ShareOf};
///
/// let data = Drawings::new(16, 7);
/// let whole = data.batch(64, 8)?;
/// // The second of two processes.
/// let share = ShareOf::new(data, 4..8);
/// let batch = share.batch(64, 8)?;
/// assert_eq!(batch.images.dims(), [4, 3, 16, 16]);
/// assert_eq!(batch.targets.to_data(), whole.targets.narrow(0, 4, 4).to_data());
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ShareOf<S> {
    source: S,
    rows: Range<usize>,
}

impl<S> ShareOf<S> {
    /// These rows of the batches of a source.
    pub fn new(source: S, rows: Range<usize>) -> Self {
        Self { source, rows }
    }
}

impl<B, S: BatchSource<B>> BatchSource<B> for ShareOf<S> {
    fn batch(&self, position: u64, size: usize) -> Result<B, BatchError> {
        let Range { start, end } = self.rows.clone();
        if end > size {
            let reason = format!("rows {start} to {end} of a batch of {size}; ask for larger ones");
            return Err(BatchError::new(position, reason));
        }
        self.source.batch(position + start as u64, end - start)
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        self.source.examples_per_epoch()
    }

    fn describe(&self) -> serde_json::Value {
        self.source.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Drawings;

    #[test]
    fn a_batch_that_has_not_these_rows_is_an_error() {
        let share = ShareOf::new(Drawings::new(8, 0), 4..8);
        assert_eq!(
            share.batch(16, 6).unwrap_err().to_string(),
            "cannot make the batch that begins with example 16: rows 4 to 8 of a batch of 6; ask for \
             larger ones"
        );
    }
}

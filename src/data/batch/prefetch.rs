//! Training batches, made ahead on threads.

use std::sync::Arc;

use super::in_order::InOrder;
use super::source::{BatchError, BatchSource};

/// Consecutive batches of a [`BatchSource`], made ahead on threads so that a training step does not wait
/// for them. Their order does not depend on the number of threads.
///
/// ```
/// use std::sync::Arc;
/// use vit22b::data::{Drawings, Prefetch};
///
/// let data = Arc::new(Drawings::new(16, 7));
/// let batches = Prefetch::new(data, 0, 8, 3, 2);
/// assert_eq!(batches.collect::<Result<Vec<_>, _>>()?.len(), 3);
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
#[derive(Debug)]
pub struct Prefetch<B> {
    batches: InOrder<Result<B, BatchError>>,
    position: u64,
    size: usize,
}

impl<B: Send + 'static> Prefetch<B> {
    /// `count` batches of `size` examples from the `position`-th on, made by `threads` threads (at
    /// least one). Two more batches than there are threads are made or held at a time; [`Prefetch::bounded`] takes
    /// another number. Dropping it stops the threads.
    pub fn new(
        source: Arc<dyn BatchSource<B>>,
        position: u64,
        size: usize,
        count: u64,
        threads: usize,
    ) -> Self {
        let most = (threads.max(1) + 2).saturating_mul(size.max(1));
        Self::bounded(source, position, size, count, threads, most)
    }

    /// As [`Prefetch::new`], with at most so many examples that are made or held before they are taken, but at least those of
    /// one batch. Threads work together on the images of a batch of an [`ImageLoader`](crate::data::ImageLoader) or of
    /// [`Views`](crate::data::Views), so that two batches occupy any number of threads; of other sources each batch is made by one thread.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use vit22b::data::{Drawings, Prefetch};
    ///
    /// // Four threads, and never more than 16 drawings besides those that were taken.
    /// let batches = Prefetch::bounded(Arc::new(Drawings::new(16, 7)), 0, 8, 3, 4, 16);
    /// assert_eq!(batches.collect::<Result<Vec<_>, _>>()?.len(), 3);
    /// # Ok::<(), vit22b::data::BatchError>(())
    /// ```
    pub fn bounded(
        source: Arc<dyn BatchSource<B>>,
        position: u64,
        size: usize,
        count: u64,
        threads: usize,
        examples: usize,
    ) -> Self {
        let make = move |index: u64| source.batch(position + index * size as u64, size);
        let batches = InOrder::new(make, count, threads, examples / size.max(1));
        Self { batches, position, size }
    }
}

impl<B: Send + 'static> Iterator for Prefetch<B> {
    type Item = Result<B, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (index, batch) = self.batches.next()?;
        let position = self.position + index * self.size as u64;
        Some(batch.unwrap_or_else(|| Err(BatchError::panicked(position))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Batches that hold their position; the later ones of each four are made faster.
    #[derive(Default)]
    struct Positions(AtomicU64);

    impl BatchSource<f32> for Positions {
        fn batch(&self, position: u64, _size: usize) -> Result<f32, BatchError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(3 - position / 2 % 4));
            match position {
                90 => Err(BatchError::new(position, "no such file")),
                94 => panic!("a source that panics"),
                _ => Ok(position as f32),
            }
        }
    }

    fn first(batch: Result<f32, BatchError>) -> Result<f32, String> {
        batch.map_err(|error| error.to_string())
    }

    #[test]
    fn the_order_does_not_depend_on_the_number_of_threads() {
        for threads in [0, 1, 3, 4, 40] {
            let source = Arc::new(Positions::default());
            let got: Vec<_> = Prefetch::new(source, 10, 2, 20, threads).map(first).collect();
            let expected: Vec<_> = (0..20).map(|index| Ok((10 + 2 * index) as f32)).collect();
            assert_eq!(got, expected, "{threads} threads");
        }
    }

    #[test]
    fn errors_and_panics_come_where_the_batch_would() {
        let got: Vec<_> =
            Prefetch::new(Arc::new(Positions::default()), 88, 2, 4, 3).map(first).collect();
        let text = "cannot make the batch that begins with example";
        assert_eq!(got[0], Ok(88.0));
        assert_eq!(got[1], Err(format!("{text} 90: no such file")));
        assert_eq!(got[2], Ok(92.0));
        assert_eq!(got[3], Err(format!("{text} 94: the thread that makes it panicked")));
    }

    #[test]
    fn dropping_it_stops_the_threads() {
        let source = Arc::new(Positions::default());
        let mut batches = Prefetch::new(source.clone(), 0, 2, 40, 2);
        assert_eq!(first(batches.next().unwrap()), Ok(0.0));
        drop(batches);
        // What was given, what lay ready, and one in the hands of each thread.
        let made = source.0.load(Ordering::Relaxed);
        assert!(made <= 1 + 2 + 2, "{made}");
        assert_eq!(Arc::strong_count(&source), 1);
    }

    #[test]
    fn no_more_examples_are_held_than_it_is_told() {
        for (examples, batches) in [(0, 1), (3, 1), (4, 2), (6, 3), (20, 10)] {
            let source = Arc::new(Positions::default());
            let made = Prefetch::bounded(source.clone(), 0, 2, 30, 8, examples);
            for (taken, batch) in (0..).zip(made) {
                assert_eq!(first(batch), Ok((2 * taken) as f32));
                // Those that were begun after this one was taken are among them.
                let ahead = source.0.load(Ordering::Relaxed) - (taken + 1);
                assert!(ahead <= batches, "{ahead} batches ahead with {examples} examples");
            }
        }
    }
}

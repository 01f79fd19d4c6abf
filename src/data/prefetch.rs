//! Batches made ahead on threads.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::batch_source::{Batch, BatchError, BatchSource};

/// Consecutive batches of a [`BatchSource`], in order, however many threads make them.
///
/// ```
/// use std::sync::Arc;
/// use vit22b::data::{Prefetch, Synthetic};
///
/// let data = Arc::new(Synthetic::new(16, 7));
/// let batches = Prefetch::new(data, 0, 8, 3, 2);
/// assert_eq!(batches.collect::<Result<Vec<_>, _>>()?.len(), 3);
/// # Ok::<(), vit22b::data::BatchError>(())
/// ```
#[derive(Debug)]
pub struct Prefetch {
    workers: Vec<Worker>,
    position: u64,
    size: usize,
    given: u64,
    count: u64,
}

/// It makes every n-th batch, n being the number of threads.
#[derive(Debug)]
struct Worker {
    batches: Receiver<Result<Batch, BatchError>>,
    thread: JoinHandle<()>,
}

/// Batches that each thread makes ahead.
const AHEAD: usize = 2;

impl Prefetch {
    /// `count` batches of `size` examples from the `position`-th on, made by `threads` threads (at
    /// least one), each of which is two batches ahead. Dropping it stops them.
    pub fn new(
        source: Arc<dyn BatchSource>,
        position: u64,
        size: usize,
        count: u64,
        threads: usize,
    ) -> Self {
        let threads = threads.max(1);
        let worker = |first: usize| {
            let source = Arc::clone(&source);
            let (send, batches) = sync_channel(AHEAD);
            let thread = std::thread::spawn(move || {
                for index in (first as u64..count).step_by(threads) {
                    let batch = source.batch(position + index * size as u64, size);
                    // Sending fails when nobody wants more.
                    if send.send(batch).is_err() {
                        break;
                    }
                }
            });
            Worker { batches, thread }
        };
        let workers = (0..threads).map(worker).collect();
        Self { workers, position, size, given: 0, count }
    }
}

impl Iterator for Prefetch {
    type Item = Result<Batch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.given == self.count {
            return None;
        }
        let worker = &self.workers[(self.given % self.workers.len() as u64) as usize];
        let position = self.position + self.given * self.size as u64;
        self.given += 1;
        let panicked = |_| Err(BatchError::new(position, "the thread that makes it panicked"));
        Some(worker.batches.recv().unwrap_or_else(panicked))
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        let workers = std::mem::take(&mut self.workers).into_iter();
        // All receivers first, which is what the threads stop for.
        let threads: Vec<_> = workers.map(|worker| worker.thread).collect();
        for thread in threads {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use burn::tensor::TensorData;

    use super::*;

    /// Batches that hold their position; the later ones of each four are made faster.
    #[derive(Default)]
    struct Positions(AtomicU64);

    impl BatchSource for Positions {
        fn batch(&self, position: u64, size: usize) -> Result<Batch, BatchError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(3 - position / 2 % 4));
            match position {
                90 => Err(BatchError::new(position, "no such file")),
                94 => panic!("a source that panics"),
                _ => {
                    let images = TensorData::new(vec![position as f32; size], [size, 1, 1, 1]);
                    Ok(Batch { targets: images.clone(), images })
                }
            }
        }
    }

    fn first(batch: Result<Batch, BatchError>) -> Result<f32, String> {
        match batch {
            Ok(batch) => Ok(batch.images.iter::<f32>().next().unwrap()),
            Err(error) => Err(error.to_string()),
        }
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
        assert!(made <= 1 + 2 * (AHEAD as u64 + 1), "{made}");
        assert_eq!(Arc::strong_count(&source), 1);
    }
}

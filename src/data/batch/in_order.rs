//! Results of a function of 0, 1, 2, …, computed ahead on threads and yielded in order.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::{ThreadPool, ThreadPoolBuilder};

type Make<T> = dyn Fn(u64) -> T + Send + Sync;

/// An iterator over the numbers 0, 1, 2, … and a function's result for each, in this order for any number
/// of threads. The result is `None` where the function panicked. What the function does in parallel with rayon, all of
/// the threads do, the earlier results first. Dropping the iterator stops the threads.
pub(super) struct InOrder<T> {
    pool: ThreadPool,
    make: Arc<Make<T>>,
    is_dropped: Arc<AtomicBool>,
    /// Results that are computed or wait to be taken, in order.
    ahead: VecDeque<Receiver<T>>,
    most_ahead: usize,
    given: u64,
    count: u64,
}

impl<T> fmt::Debug for InOrder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InOrder")
            .field("given", &self.given)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> InOrder<T> {
    /// The results for the numbers below `count`, made by `threads` threads (at least one), of which so many (at least
    /// one) are made or held at a time before they are taken.
    pub(super) fn new(
        make: impl Fn(u64) -> T + Send + Sync + 'static,
        count: u64,
        threads: usize,
        most_ahead: usize,
    ) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
        let mut results = Self {
            pool: pool.expect("the system starts a few threads"),
            make: Arc::new(make),
            is_dropped: Arc::default(),
            ahead: VecDeque::new(),
            most_ahead: most_ahead.max(1),
            given: 0,
            count,
        };
        results.begin();
        results
    }

    /// Begins with the next results, as far as there is room for them.
    fn begin(&mut self) {
        while self.ahead.len() < self.most_ahead
            && self.given + (self.ahead.len() as u64) < self.count
        {
            let index = self.given + self.ahead.len() as u64;
            let (make, is_dropped) = (Arc::clone(&self.make), Arc::clone(&self.is_dropped));
            let (send, result) = sync_channel(1);
            self.pool.spawn_fifo(move || {
                let made = (!is_dropped.load(Ordering::Relaxed))
                    .then(|| catch_unwind(AssertUnwindSafe(|| make(index))));
                // Whoever waits for the channel's end may count on it that the function is not held any more.
                drop(make);
                if let Some(Ok(made)) = made {
                    let _ = send.send(made);
                }
            });
            self.ahead.push_back(result);
        }
    }
}

impl<T: Send + 'static> Iterator for InOrder<T> {
    type Item = (u64, Option<T>);

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.ahead.pop_front()?.recv().ok();
        let index = self.given;
        self.given += 1;
        self.begin();
        Some((index, result))
    }
}

impl<T> Drop for InOrder<T> {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
        for result in self.ahead.drain(..) {
            let _ = result.recv();
        }
    }
}

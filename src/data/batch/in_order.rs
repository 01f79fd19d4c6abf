//! Results of a function of 0, 1, 2, …, computed ahead on threads and yielded in order.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// Results that each thread computes ahead.
const AHEAD: usize = 2;

/// An iterator over the numbers 0, 1, 2, … and a function's result for each, in this order for any number
/// of threads. The result is `None` where the function panicked. Dropping the iterator stops the threads.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    workers: Vec<Worker<T>>,
    given: u64,
    count: u64,
}

/// A thread that computes every n-th result, with n threads in all.
#[derive(Debug)]
struct Worker<T> {
    results: Receiver<T>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> InOrder<T> {
    /// The results for the numbers below `count`, made by `threads` threads (at least one).
    pub(super) fn new(
        make: impl Fn(u64) -> T + Send + Sync + 'static,
        count: u64,
        threads: usize,
    ) -> Self {
        let (threads, make) = (threads.max(1), Arc::new(make));
        let worker = |first: usize| {
            let make = Arc::clone(&make);
            let (send, results) = sync_channel(AHEAD);
            let thread = std::thread::spawn(move || {
                for index in (first as u64..count).step_by(threads) {
                    // Sending fails when the iterator has been dropped.
                    if send.send(make(index)).is_err() {
                        break;
                    }
                }
            });
            Worker { results, thread }
        };
        Self { workers: (0..threads).map(worker).collect(), given: 0, count }
    }
}

impl<T> Iterator for InOrder<T> {
    type Item = (u64, Option<T>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.given == self.count {
            return None;
        }
        let index = self.given;
        self.given += 1;
        let worker = &self.workers[(index % self.workers.len() as u64) as usize];
        Some((index, worker.results.recv().ok()))
    }
}

impl<T> Drop for InOrder<T> {
    fn drop(&mut self) {
        let workers = std::mem::take(&mut self.workers).into_iter();
        // Threads stop when their receiver is gone, so all receivers go before a thread is joined.
        let threads: Vec<_> = workers.map(|worker| worker.thread).collect();
        for thread in threads {
            let _ = thread.join();
        }
    }
}

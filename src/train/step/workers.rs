//! Parts of a batch at the same time, each on threads of its own.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::train::error::{TrainError, invalid};

/// The processor's cores, shared out.
#[derive(Debug, Clone)]
pub(crate) struct Workers(Arc<[ThreadPool]>);

/// The memory of a thread's stack in bytes: that of a main thread.
const STACK: usize = 8 << 20;

impl Workers {
    /// So many workers, at least 1, each with its share of the cores.
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (cores / count).max(1);
        let pool = |_| ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
        let pools = (0..count).map(pool).collect::<Result<_, _>>();
        let refused = |error| invalid("workers", count, format!("the system: {error}"));
        Ok(Self(pools.map_err(refused)?))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// What a function makes of each part, of which there are as many as workers.
    pub(crate) fn each<P: Send, R: Send>(
        &self,
        parts: impl Iterator<Item = P>,
        run: impl Fn(P) -> R + Sync,
    ) -> Vec<R> {
        let run = &run;
        thread::scope(|scope| {
            let begin = |(pool, part): (_, P)| {
                let pool: &ThreadPool = pool;
                scope.spawn(move || pool.install(|| run(part)))
            };
            let begun: Vec<_> = self.0.iter().zip(parts).map(begin).collect();
            begun
                .into_iter()
                .map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }
}

//! Threads that work off a queue.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

type Task = Box<dyn FnOnce() + Send>;

/// At most so many threads, which start when there is work and end when there is none.
pub(super) struct Pool {
    name: &'static str,
    stack_bytes: usize,
    most_threads: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Task>,
    threads: usize,
    /// Tasks that a thread has taken.
    taken: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.name).finish()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(name: &'static str, most_threads: usize, stack_bytes: usize) -> Self {
        Self { name, stack_bytes, most_threads, state: Arc::default() }
    }

    /// Appends a task to the queue; [`start`](Self::start) sees to it that somebody takes it.
    pub(super) fn push(&self, task: impl FnOnce() + Send + 'static) {
        lock(&self.state).queue.push_back(Box::new(task));
    }

    /// Starts a thread if there are tasks that no thread is there for. Returns whether the tasks are in hands:
    /// `false` if the system gives no thread and none is running, so that the caller may
    /// [work](Self::work) itself.
    pub(super) fn start(&self) -> bool {
        let mut state = lock(&self.state);
        if state.queue.is_empty() || state.threads >= self.most_threads {
            return true;
        }
        state.threads += 1;
        drop(state);
        let shared = Arc::clone(&self.state);
        let made = thread::Builder::new()
            .name(self.name.into())
            .stack_size(self.stack_bytes)
            .spawn(move || work(&shared, true));
        let Err(error) = made else { return true };
        let mut state = lock(&self.state);
        state.threads -= 1;
        tracing::warn!(%error, threads = state.threads, "no further thread `{}`", self.name);
        state.threads > 0
    }

    /// Works off the queue on this thread.
    pub(super) fn work(&self) {
        work(&self.state, false);
    }

    /// How many tasks wait or are being worked at.
    pub(super) fn count_tasks(&self) -> usize {
        let state = lock(&self.state);
        state.queue.len() + state.taken
    }

    /// How many tasks wait.
    pub(super) fn count_waiting(&self) -> usize {
        lock(&self.state).queue.len()
    }
}

fn work(state: &Mutex<State>, is_thread: bool) {
    loop {
        let mut locked = lock(state);
        let Some(task) = locked.queue.pop_front() else {
            // Under the same lock as the look at the queue, so that no task is left behind.
            locked.threads -= usize::from(is_thread);
            return;
        };
        locked.taken += 1;
        drop(locked);
        // Tasks settle what others wait for, also when they panic.
        let _ = catch_unwind(AssertUnwindSafe(task));
        lock(state).taken -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn all_tasks_are_done_by_few_threads() {
        let pool = Pool::new("test", 3, 1 << 20);
        let (done, told) = mpsc::channel();
        for i in 0..200 {
            let done = done.clone();
            pool.push(move || {
                done.send((i, thread::current().id())).unwrap();
                assert!(i % 7 != 0, "a task that panics takes no thread with it");
            });
            assert!(pool.start());
        }
        let mut told: Vec<_> = told.iter().take(200).collect();
        told.sort_by_key(|(i, _)| *i);
        assert!((0..200).eq(told.iter().map(|(i, _)| *i)));
        assert_eq!(pool.count_waiting(), 0);
    }

    #[test]
    fn without_threads_the_caller_works() {
        // No system has room for such a stack.
        let pool = Pool::new("test", 3, usize::MAX / 4);
        let (done, told) = mpsc::channel();
        pool.push(move || done.send(thread::current().id()).unwrap());
        assert!(!pool.start());
        pool.work();
        assert_eq!(told.recv().unwrap(), thread::current().id());
    }
}

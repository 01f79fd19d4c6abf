//! A value that comes later; threads and tasks can wait for it.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A value that is set once and read many times.
#[derive(Debug)]
pub(super) struct Promise<T> {
    state: Mutex<State<T>>,
    kept: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    wakers: Vec<Waker>,
}

impl<T: Clone> Promise<T> {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { value: None, wakers: Vec::new() }), kept: Condvar::new() }
    }

    pub(super) fn kept(value: T) -> Self {
        let promise = Self::new();
        promise.keep(value);
        promise
    }

    /// Sets the value; a second one is ignored.
    pub(super) fn keep(&self, value: T) {
        let mut state = self.lock();
        if state.value.is_some() {
            return;
        }
        state.value = Some(value);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.kept.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The value, if it is there.
    pub(super) fn now(&self) -> Option<T> {
        self.lock().value.clone()
    }

    /// Whether the value is there.
    pub(super) fn is_kept(&self) -> bool {
        self.lock().value.is_some()
    }

    /// Blocks until the value is there.
    pub(super) fn wait(&self) -> T {
        let mut state = self.lock();
        loop {
            if let Some(value) = &state.value {
                return value.clone();
            }
            state = self.kept.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`wait`](Self::wait), for a task.
    pub(super) fn later(self: Arc<Self>) -> Later<T> {
        Later(self)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of a [`Promise`], for a task.
pub(super) struct Later<T>(Arc<Promise<T>>);

impl<T: Clone> Future for Later<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock();
        match &state.value {
            Some(value) => Poll::Ready(value.clone()),
            None => {
                if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    state.wakers.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_tasks_get_the_first_value() {
        let promise = Arc::new(Promise::new());
        assert!(!promise.is_kept());
        let waiting = Arc::clone(&promise);
        let thread = std::thread::spawn(move || waiting.wait());
        let task = Arc::clone(&promise);
        let other = std::thread::spawn(move || burn_backend::read_sync(task.later()));
        promise.keep(1);
        promise.keep(2);
        assert_eq!((thread.join().unwrap(), other.join().unwrap()), (1, 1));
        assert!(promise.is_kept());
    }
}

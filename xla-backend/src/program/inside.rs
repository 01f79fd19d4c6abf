//! Which functions are being recorded on a thread.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static RECORDED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// A function, to be told from others.
#[derive(Debug)]
pub(super) struct Identity(u64);

impl Identity {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether this thread runs the function to record it.
    pub(super) fn is_recorded(&self) -> bool {
        RECORDED.with_borrow(|recorded| recorded.contains(&self.0))
    }

    /// Calls `run`, in which this thread runs the function to record it.
    pub(super) fn recorded<T>(&self, run: impl FnOnce() -> T) -> T {
        struct Left;
        impl Drop for Left {
            fn drop(&mut self) {
                RECORDED.with_borrow_mut(|recorded| recorded.pop());
            }
        }
        RECORDED.with_borrow_mut(|recorded| recorded.push(self.0));
        let _left = Left;
        run()
    }
}

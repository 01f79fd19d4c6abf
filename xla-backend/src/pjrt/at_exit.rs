//! A process that ends while a compiler runs.
//!
//! `exit` runs the destructors of a plugin's global objects, which its compiler reads: a thread that compiles
//! then ends the process with a fault (seen with the CPU plugin, 2026-11). So the end of the process waits for
//! compilers.
//!
//! Functions that are registered with `atexit` are too late, because objects that were made after the registration
//! go first, and a compiler makes some. The destructors of the main thread's own variables come before all of them.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many are at work, and whether the process is ending.
static STATE: Mutex<(usize, bool)> = Mutex::new((0, false));
static DONE: Condvar = Condvar::new();
/// A compiler that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn state() -> MutexGuard<'static, (usize, bool)> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, the process does not end.
#[derive(Debug)]
pub(crate) struct AtWork(());

impl AtWork {
    pub(crate) fn begin() -> Self {
        state().0 += 1;
        Self(())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        state().0 -= 1;
        DONE.notify_all();
    }
}

/// Whether the process is ending, so that nothing more is begun.
#[cfg(feature = "eager")]
pub(crate) fn is_ending() -> bool {
    state().1
}

/// Waits for compilers at work, and lets no other begin: for a program that is about to call
/// [`exit`](std::process::exit) outside its main thread.
pub fn wait_at_end() {
    let mut state = state();
    state.1 = true;
    let _ = DONE.wait_timeout_while(state, PATIENCE, |(at_work, _)| *at_work > 0);
}

/// Lets the end of this thread wait, if it is the main thread: with it, the process ends.
pub(super) fn watch_main_thread() {
    if std::thread::current().name() == Some("main") {
        MAIN.with(|main| main.is_watched.set(true));
    }
}

thread_local! {
    static MAIN: Main = const { Main { is_watched: Cell::new(false) } };
}

struct Main {
    is_watched: Cell<bool>,
}

impl Drop for Main {
    fn drop(&mut self) {
        if self.is_watched.get() {
            wait_at_end();
        }
    }
}

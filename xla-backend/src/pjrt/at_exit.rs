//! A process that ends while a compiler runs.
//!
//! `exit` runs the destructors of a plugin's global objects, which its compiler reads: a thread that compiles
//! then ends the process with a fault (seen with the CPU plugin, 2026-11). So the end of the process waits for
//! compilers.

use std::ffi::c_int;
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
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
    /// To be called when the plugin is loaded: what is registered last is run first.
    pub(crate) fn begin() -> Self {
        static REGISTERED: Once = Once::new();
        REGISTERED.call_once(|| {
            // SAFETY: C's own function; the callback does not unwind, and lives as long as the process.
            let _ = unsafe { atexit(wait) };
        });
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

unsafe extern "C" {
    fn atexit(callback: extern "C" fn()) -> c_int;
}

extern "C" fn wait() {
    let mut state = state();
    state.1 = true;
    let _ = DONE.wait_timeout_while(state, PATIENCE, |(at_work, _)| *at_work > 0);
}

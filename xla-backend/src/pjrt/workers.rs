//! The plugin's threads, which help a host function with its work.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;

use super::call_abi::{self as abi, CallFrame};

/// Threads that a plugin computes with. A function that shares its work with them takes no more processors than the
/// program that calls it.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    frame: &'a CallFrame,
    schedule: Option<Schedule>,
}

type Schedule = unsafe extern "C" fn(*mut abi::ThreadPoolScheduleArgs) -> *mut abi::Error;

/// The last minor version of the interface of which it is known where its table has which call.
const KNOWN: i32 = 4;

impl std::fmt::Debug for Workers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("are_there", &self.schedule.is_some()).finish()
    }
}

impl<'a> Workers<'a> {
    /// The threads of a call, by the minor version of the interface that the plugin speaks.
    ///
    /// # Safety
    ///
    /// The frame is XLA's, of the stage of execution.
    pub(super) unsafe fn of(frame: &'a CallFrame, minor: i32) -> Self {
        // SAFETY: a frame has a table, which begins with its size; what is read is inside.
        let schedule = unsafe {
            let is_there = (*frame.api).struct_size >= size_of::<abi::Api>();
            (is_there && minor <= KNOWN).then(|| (*frame.api).thread_pool_schedule).flatten()
        };
        Self { frame, schedule }
    }

    /// Does all tasks, each once, from this thread and from others that have nothing else to do.
    ///
    /// # Panics
    ///
    /// If a task does, once no other is being done.
    pub fn each(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = available_parallelism().map_or(1, usize::from).min(tasks);
        let Some(schedule) = self.schedule.filter(|_| threads > 1) else {
            return (0..tasks).for_each(task);
        };
        // SAFETY: what is shared is closed before this function returns, and the task is not called afterwards.
        let task = unsafe {
            std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task)
        };
        let shared = Arc::new(Shared {
            task,
            tasks,
            next: AtomicUsize::new(0),
            state: Mutex::default(),
            left: Condvar::new(),
        });
        for _ in 1..threads {
            let data = Arc::into_raw(Arc::clone(&shared));
            let mut args = abi::ThreadPoolScheduleArgs {
                struct_size: size_of::<abi::ThreadPoolScheduleArgs>(),
                extension_start: std::ptr::null_mut(),
                context: self.frame.context,
                task: help,
                data: data.cast_mut().cast(),
            };
            // SAFETY: the call takes this struct. What it is given stays alive until `help` has it.
            let error = unsafe { schedule(&mut args) };
            if !error.is_null() {
                // SAFETY: what was not scheduled is ours again, and so is the error.
                unsafe {
                    drop(Arc::from_raw(data));
                    if let Some(destroy) = (*self.frame.api).error_destroy {
                        let (struct_size, extension_start) =
                            (size_of::<abi::ErrorDestroyArgs>(), std::ptr::null_mut());
                        destroy(&mut abi::ErrorDestroyArgs { struct_size, extension_start, error });
                    }
                }
                break;
            }
        }
        shared.work();
        shared.close();
    }
}

/// Tasks that several threads do.
struct Shared {
    task: &'static (dyn Fn(usize) + Sync),
    tasks: usize,
    /// The first task that nobody has taken.
    next: AtomicUsize,
    state: Mutex<State>,
    /// Told when a helper leaves.
    left: Condvar,
}

#[derive(Default)]
struct State {
    helpers: usize,
    is_closed: bool,
    panic: Option<Box<dyn Any + Send>>,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does tasks until none is left.
    fn work(&self) {
        let done = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let task = self.next.fetch_add(1, Ordering::Relaxed);
                if task >= self.tasks {
                    break;
                }
                (self.task)(task);
            }
        }));
        if let Err(panic) = done {
            self.state().panic.get_or_insert(panic);
        }
    }

    /// Waits for helpers, and lets nobody help any more.
    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        while state.helpers > 0 {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(panic) = state.panic.take() {
            drop(state);
            resume_unwind(panic);
        }
    }
}

/// What a thread of the plugin does.
unsafe extern "C" fn help(data: *mut c_void) {
    // SAFETY: `each` gave it away, to this call alone.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    let mut state = shared.state();
    if state.is_closed {
        return;
    }
    state.helpers += 1;
    drop(state);
    shared.work();
    shared.state().helpers -= 1;
    shared.left.notify_all();
}

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
            helpers: AtomicUsize::new(0),
            panic: Mutex::default(),
            waiting: Mutex::default(),
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
    /// How many threads help, and whether no more may ([`CLOSED`]).
    helpers: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    waiting: Mutex<()>,
    /// Told when the last helper leaves.
    left: Condvar,
}

const CLOSED: usize = 1 << (usize::BITS - 1);

impl Shared {
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
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
    }

    /// Does tasks, if they may still be done.
    fn help(&self) {
        let one_more = |helpers| (helpers & CLOSED == 0).then_some(helpers + 1);
        if self.helpers.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_err() {
            return;
        }
        self.work();
        if self.helpers.fetch_sub(1, Ordering::Release) == CLOSED + 1 {
            drop(self.waiting.lock());
            self.left.notify_all();
        }
    }

    /// Waits for helpers, and lets nobody help any more.
    fn close(&self) {
        self.helpers.fetch_or(CLOSED, Ordering::Relaxed);
        let is_done = || self.helpers.load(Ordering::Acquire) == CLOSED;
        // Tasks are short, and to sleep and be woken takes as long as one: some 50 µs on a virtual machine.
        const TRIES: usize = 4096;
        let mut tries = 0..TRIES;
        while !is_done() && tries.next().is_some() {
            std::hint::spin_loop();
        }
        if !is_done() {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            while !is_done() {
                waiting = self.left.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

/// What a thread of the plugin does.
unsafe extern "C" fn help(data: *mut c_void) {
    // SAFETY: `each` gave it away, to this call alone.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    shared.help();
}

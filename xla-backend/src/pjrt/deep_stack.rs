//! Room for compilers.

use std::panic::resume_unwind;
use std::thread;

use super::at_exit::AtWork;

/// The stack of a thread that compiles. Compilers walk programs by recursion, and a thread of Rust's
/// has 2 MiB where the main thread of a program, for which they are written, has 8.
const COMPILER_STACK: usize = 64 << 20;

/// Runs a compiler with room on its stack, and waits for it, as the end of the process does.
pub(super) fn with_deep_stack<T: Send>(compile: impl FnOnce() -> T + Send) -> T {
    let _at_work = AtWork::begin();
    let mut work = Some(compile);
    #[cfg(test)]
    let books = super::fake::shared_books();
    let made = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(COMPILER_STACK).name("compiler".into());
        let running = thread.spawn_scoped(scope, || {
            #[cfg(test)]
            super::fake::share_books(books);
            work.take().map(|compile| compile())
        });
        running.ok()?.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    // Where the process may have no more threads, this one's stack has to do.
    match (made, work) {
        (Some(made), _) => made,
        (None, Some(compile)) => compile(),
        (None, None) => unreachable!("the thread has returned what it made"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Needs about `depth` KiB of stack.
    fn deep(depth: usize) -> usize {
        let room = std::hint::black_box([depth; 128]);
        if depth == 0 { room[0] } else { deep(depth - 1).max(room[depth % 128]) }
    }

    #[test]
    fn there_is_room_for_what_overflows_a_thread_of_rust() {
        assert_eq!(with_deep_stack(|| deep(20_000)), 20_000);
    }
}

//! Memory of large tensors, which the C library shall keep.

/// Tells glibc to keep memory that was given back for the next tensors. Without it, each large one is given back to the
/// system, which then clears its pages again. A training step of ViT-S/16 on XLA asks for half a gigabyte at once and takes
/// a sixth longer (bf16); on Burn's CPU backend a step takes a quarter longer.
///
/// For the start of a program, before it has threads: all of them then share one pool of memory, since glibc would take a
/// tensor that does not fit into the pool of a thread from the system, and give it back. The memory of the program stays
/// what it was at most. What the environment sets (`MALLOC_ARENA_MAX`, `MALLOC_MMAP_MAX_`, `MALLOC_TRIM_THRESHOLD_`,
/// `MALLOC_TOP_PAD_`) holds. With other C libraries it does nothing.
///
/// ```
/// burn_xla::pjrt::keep_memory();
/// ```
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::keep();
}

/// Tells glibc to give so many threads pools of their own, in place of the one of [`keep_memory`]: threads that compute
/// side by side on small tensors would wait for each other at it. Two threads that trained models of 150,000 parameters
/// took a tenth less time.
///
/// For the start of a program, before it has threads: glibc asks once how many pools there may be. `MALLOC_ARENA_MAX` in the
/// environment holds.
///
/// ```
/// burn_xla::pjrt::divide_memory(2);
/// burn_xla::pjrt::keep_memory();
/// ```
pub fn divide_memory(threads: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::divide(threads);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = threads;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::c_int;
    use std::sync::atomic::{AtomicI32, Ordering};

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    /// Parameters of `mallopt` by malloc.h, with the variable that sets each: memory is never given back (-1 is no
    /// limit), is asked for in pieces of 64 MiB, no tensor has memory of its own, and there are so many pools.
    fn settings(pools: c_int) -> [(c_int, c_int, &'static str); 4] {
        [
            (-1, -1, "MALLOC_TRIM_THRESHOLD_"),
            (-2, 64 << 20, "MALLOC_TOP_PAD_"),
            (-4, 0, "MALLOC_MMAP_MAX_"),
            (-8, pools, "MALLOC_ARENA_MAX"),
        ]
    }

    static POOLS: AtomicI32 = AtomicI32::new(1);

    /// The first pool is that of the thread with which the program began.
    pub(super) fn divide(threads: usize) {
        POOLS.store(
            c_int::try_from(threads).map_or(c_int::MAX, |n| n.saturating_add(1)),
            Ordering::Relaxed,
        );
        keep();
    }

    pub(super) fn keep() {
        for (parameter, value, variable) in settings(POOLS.load(Ordering::Relaxed)) {
            if std::env::var_os(variable).is_none() {
                // SAFETY: it may be called at any time, and refuses what it does not know.
                unsafe { mallopt(parameter, value) };
            }
        }
    }
}

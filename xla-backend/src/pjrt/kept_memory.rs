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

/// Tells glibc to give so many threads, which begin after this, pools of their own: threads that compute side by side on
/// small tensors would wait for each other at the one pool of [`keep_memory`]. Two threads that trained models of 150,000 parameters took a
/// seventh less time. `MALLOC_ARENA_MAX` in the environment holds.
///
/// ```
/// burn_xla::pjrt::keep_memory();
/// burn_xla::pjrt::divide_memory(2);
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

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    /// Parameters of `mallopt` by malloc.h, with the variable that sets each: memory is never given back (-1 is no
    /// limit), is asked for in pieces of 64 MiB, no tensor has memory of its own, and there is one pool.
    const SETTINGS: [(c_int, c_int, &str); 4] = [
        (-1, -1, "MALLOC_TRIM_THRESHOLD_"),
        (-2, 64 << 20, "MALLOC_TOP_PAD_"),
        (-4, 0, "MALLOC_MMAP_MAX_"),
        (POOLS, 1, POOLS_VARIABLE),
    ];
    const POOLS: c_int = -8;
    const POOLS_VARIABLE: &str = "MALLOC_ARENA_MAX";

    pub(super) fn keep() {
        SETTINGS.into_iter().for_each(set);
    }

    /// The first pool is that of the threads that are there.
    pub(super) fn divide(threads: usize) {
        let pools = c_int::try_from(threads).unwrap_or(c_int::MAX).saturating_add(1);
        set((POOLS, pools, POOLS_VARIABLE));
    }

    fn set((parameter, value, variable): (c_int, c_int, &str)) {
        if std::env::var_os(variable).is_none() {
            // SAFETY: it may be called at any time, and refuses what it does not know.
            unsafe { mallopt(parameter, value) };
        }
    }
}

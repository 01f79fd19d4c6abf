//! Memory of large tensors, which the C library shall keep.

/// Tells glibc to keep memory that was given back for the next tensors. Without it, each large one is given back to the
/// system, which then clears its pages again: 3 to 6 % of a ViT-S/16 training step on XLA, a quarter on Burn's CPU
/// backend.
///
/// For the start of a program, whose memory then stays what it was at most. What the environment sets
/// (`MALLOC_MMAP_THRESHOLD_`, `MALLOC_TRIM_THRESHOLD_`, `MALLOC_TOP_PAD_`) holds. With other C libraries it does nothing.
///
/// ```
/// burn_xla::pjrt::keep_memory();
/// ```
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::keep();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::c_int;

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    /// Parameters of `mallopt` by malloc.h, with the variable that sets each: -1 is no limit, 32 MiB the
    /// largest threshold that glibc takes.
    const SETTINGS: [(c_int, c_int, &str); 3] = [
        (-1, -1, "MALLOC_TRIM_THRESHOLD_"),
        (-2, 64 << 20, "MALLOC_TOP_PAD_"),
        (-3, 32 << 20, "MALLOC_MMAP_THRESHOLD_"),
    ];

    pub(super) fn keep() {
        for (parameter, value, variable) in SETTINGS {
            if std::env::var_os(variable).is_none() {
                // SAFETY: it may be called at any time, and refuses what it does not know.
                unsafe { mallopt(parameter, value) };
            }
        }
    }
}

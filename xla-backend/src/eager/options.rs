//! How a device executes.

use super::memory::most_maps;

/// What runs a graph that was not seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// Burn's CPU backend, operation by operation, on the same values. What repeats is compiled, on other threads,
    /// and runs as a program from then on. On a device that is not the CPU it is as [`FirstRun::Compile`].
    Interpret,
    /// The program, for which everybody who needs it waits.
    Compile,
}

/// How a device of the eager backend executes; see [`XlaDevice::set_options`](super::XlaDevice::set_options).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EagerOptions {
    /// What runs a graph that was not seen before. Default: [`FirstRun::Interpret`].
    pub first_run: FirstRun,
    /// How many bytes the kept programs may take, by an estimate. Those that were not used for longest go first.
    /// Default: 2 GiB.
    pub program_bytes: u64,
    /// How many memory maps the process may have before programs are given up: a program of the CPU plugin takes
    /// some for each kernel, and the system lets a process have only so many (on Linux `vm.max_map_count`).
    /// Default: half of that.
    pub memory_maps: u64,
}

impl Default for EagerOptions {
    fn default() -> Self {
        let first_run = FirstRun::Interpret;
        Self { first_run, program_bytes: 2 << 30, memory_maps: most_maps() / 2 }
    }
}

impl EagerOptions {
    /// With this for graphs that were not seen before.
    #[must_use]
    pub fn with_first_run(self, first_run: FirstRun) -> Self {
        Self { first_run, ..self }
    }

    /// With another limit on the bytes of programs.
    #[must_use]
    pub fn with_program_bytes(self, program_bytes: u64) -> Self {
        Self { program_bytes, ..self }
    }

    /// With another limit on the process's memory maps.
    #[must_use]
    pub fn with_memory_maps(self, memory_maps: u64) -> Self {
        Self { memory_maps, ..self }
    }
}

//! How a plugin is loaded: with which environment, and whether its C++ code may log.

use std::ffi::OsStr;

use super::quiet;

/// Variables that C++ logging reads when a library is loaded, with the value for errors only or
/// less: TensorFlow's logging (3 leaves fatal messages), Abseil's, and libtpu's own names for it.
const QUIET: [(&str, &str); 5] = [
    ("TF_CPP_MIN_LOG_LEVEL", "3"),
    ("ABSL_MIN_LOG_LEVEL", "3"),
    ("TPU_MIN_LOG_LEVEL", "3"),
    ("TPU_STDERR_LOG_LEVEL", "3"),
    ("GRPC_VERBOSITY", "NONE"),
];

/// The variable that lets C++ code log: any value but `0`.
const VERBOSE: &str = "BURN_XLA_VERBOSE";

/// How a plugin is loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    verbose: bool,
    environment: Vec<(String, String)>,
}

impl LoadOptions {
    /// Quiet, unless `BURN_XLA_VERBOSE` is set, and with no environment of its own.
    pub fn new() -> Self {
        let verbose = std::env::var_os(VERBOSE).is_some_and(|value| value != OsStr::new("0"));
        Self { verbose, environment: Vec::new() }
    }

    /// Whether the plugin's C++ code may log to standard error.
    #[must_use]
    pub fn with_verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Sets environment variables of this process before the plugin is loaded, unless they are set.
    ///
    /// Plugins read settings from there that nothing else can give them.
    #[must_use]
    pub fn with_env<'a>(
        mut self,
        variables: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
    ) -> Self {
        self.environment.extend(
            variables.into_iter().map(|&(name, value)| (name.to_string(), value.to_string())),
        );
        self
    }

    /// Does the work of loading, with standard error put aside unless the plugin may log.
    pub(super) fn quietly<R>(&self, work: impl FnOnce() -> R) -> R {
        if self.verbose { work() } else { quiet::quietly(work) }
    }

    /// Sets the variables. The caller holds the lock of loading.
    pub(super) fn apply(&self) {
        if !self.verbose {
            for (name, value) in QUIET {
                set_if_unset(name, value);
            }
        }
        for (name, value) in &self.environment {
            set_if_unset(name, value);
        }
    }
}

/// Variables that the user has set stay as they are.
fn set_if_unset(name: &str, value: &str) {
    if std::env::var_os(name).is_none() {
        // SAFETY: Rust code that reads the environment at the same time is kept apart by the
        // standard library's lock. C code could read it on another thread: that is only
        // ours once a plugin is loaded, and the variables are set before (each once, under
        // the lock of loading). `Plugin::load` tells this to its callers.
        unsafe { std::env::set_var(name, value) };
    }
}

//! How a plugin is loaded: with which environment, and whether its C++ code may log.

use std::ffi::OsStr;
use std::path::Path;

use super::error::PjrtError;
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
    /// What plugins need that may be loaded later.
    of_others: Vec<(String, String)>,
}

impl LoadOptions {
    /// Quiet, unless `BURN_XLA_VERBOSE` is set, and with no environment of its own.
    pub fn new() -> Self {
        let verbose = std::env::var_os(VERBOSE).is_some_and(|value| value != OsStr::new("0"));
        Self { verbose, ..Self::default() }
    }

    /// Whether the plugin's C++ code may log to standard error.
    #[must_use]
    pub fn with_verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Sets environment variables of this process before the plugin is loaded, unless they are set.
    ///
    /// Plugins read settings from there that nothing else can give them. After another plugin was loaded, nothing
    /// can be set any more ([`PjrtError::Environment`]): its threads may be reading.
    #[must_use]
    pub fn with_env<'a>(
        mut self,
        variables: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
    ) -> Self {
        self.environment.extend(owned(variables));
        self
    }

    /// As [`with_env`](Self::with_env), for plugins that may be loaded later: set if this is the first.
    pub(crate) fn with_env_of_others<'a>(
        mut self,
        variables: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
    ) -> Self {
        self.of_others.extend(owned(variables));
        self
    }

    /// Does the work of loading, with standard error put aside unless the plugin may log.
    pub(super) fn quietly<R>(&self, work: impl FnOnce() -> R) -> R {
        if self.verbose { work() } else { quiet::quietly(work) }
    }

    /// Sets the variables, unless the user has set them. The caller holds the lock of loading.
    ///
    /// After a plugin was loaded its threads run, which may read the environment at any time: nothing is set then. That
    /// logging is not quiet is no reason to fail; a variable of the plugin itself is.
    pub(super) fn apply(&self, plugin_runs: bool, plugin: &Path) -> Result<(), PjrtError> {
        if plugin_runs {
            let unset = self.environment.iter().find(|(name, _)| std::env::var_os(name).is_none());
            let Some((variable, value)) = unset.cloned() else { return Ok(()) };
            let plugin = plugin.display().to_string();
            return Err(PjrtError::Environment { plugin, variable, value });
        }
        let quiet = QUIET.iter().filter(|_| !self.verbose).copied();
        let given = self.environment.iter().chain(&self.of_others);
        let given = given.map(|(name, value)| (&**name, &**value));
        for (name, value) in quiet.chain(given) {
            if std::env::var_os(name).is_none() {
                // SAFETY: Rust code that reads the environment at the same time is kept apart by the standard
                // library's lock. C code could read it on another thread: no plugin runs yet, and who else
                // has such threads is told by `Plugin::load` to load plugins before.
                unsafe { std::env::set_var(name, value) };
            }
        }
        Ok(())
    }
}

fn owned<'a>(
    variables: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
) -> impl Iterator<Item = (String, String)> {
    variables.into_iter().map(|&(name, value)| (name.to_string(), value.to_string()))
}

/// The variables from which compilers take flags.
const COMPILERS: [&str; 2] = ["XLA_FLAGS", "LIBTPU_INIT_ARGS"];

/// The compilers' variables and their values. Where XLA's names a file of flags, with the file.
pub(super) fn compiler_variables() -> String {
    let mut text = String::new();
    for name in COMPILERS {
        let Some(value) = std::env::var_os(name) else { continue };
        let value = value.to_string_lossy();
        text.push_str(&format!("{name}={value}\n"));
        if !value.trim_start().starts_with("--")
            && let Ok(flags) = std::fs::read_to_string(&*value)
        {
            text.push_str(&flags);
        }
    }
    text
}

//! What can go wrong when a plugin is looked for or installed.

use std::path::PathBuf;

use super::platform::Platform;

/// An error of finding or installing a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// No plugin was found.
    #[error(
        "no plugin for {platform}: looked in {}; run `burn-xla install {platform}`",
        looked.join(", ")
    )]
    NotFound {
        /// The platform.
        platform: Platform,
        /// The places that were searched, in order.
        looked: Vec<String>,
    },

    /// No platform works.
    #[error("no platform can run programs: {}; begin with `burn-xla install cpu`", reasons.join("; "))]
    NoPlatform {
        /// Each platform with its reason.
        reasons: Vec<String>,
    },

    /// The machine has no device of the platform.
    #[error(
        "{platform}: expected a device of this platform, got a machine without; where there is one, \
         `burn-xla install {platform}` fetches its plugin"
    )]
    NoDevice {
        /// The platform.
        platform: Platform,
    },

    /// A place that the user named has no plugin.
    #[error("{origin}: expected a file, got none at {}; correct the path, or remove it", path.display())]
    Missing {
        /// Who named the path: a variable, or the caller.
        origin: String,
        /// The path.
        path: PathBuf,
    },

    /// An installed file is not as it was installed.
    #[error(
        "{}: expected {expected}, got {got}; run `burn-xla install {platform}` to install it again",
        path.display()
    )]
    Damaged {
        /// The platform.
        platform: Platform,
        /// The file.
        path: PathBuf,
        /// The note of its installation.
        expected: String,
        /// The file as it is.
        got: String,
    },

    /// The plugin's wheel is not made for this machine.
    #[error(
        "{platform}: expected a machine with {expected}, got {os} on {arch}; build a PJRT plugin for it and name its \
         path in BURN_XLA_PLUGIN"
    )]
    NoWheel {
        /// The platform.
        platform: Platform,
        /// The machines that its wheel is made for.
        expected: String,
        /// This machine's system.
        os: &'static str,
        /// This machine's processor.
        arch: &'static str,
    },

    /// No wheel of this name is pinned.
    #[error("{name}: expected a pinned plugin for {platform}, one of {}", pins.join(", "))]
    NoPin {
        /// The platform.
        platform: Platform,
        /// What was asked for.
        name: String,
        /// The wheels that are pinned.
        pins: Vec<String>,
    },

    /// No folder for the cache is known.
    #[error(
        "no cache folder: expected HOME or BURN_XLA_CACHE to be set, got neither; set BURN_XLA_CACHE"
    )]
    NoCacheFolder,

    /// The cache folder cannot be used.
    #[error(
        "{}: {action} failed: {reason}; make the folder writable, or set BURN_XLA_CACHE to one that is",
        path.display()
    )]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The attempt.
        action: &'static str,
        /// What the system said.
        reason: String,
    },

    /// No pip was found.
    #[error(
        "pip: expected one of {}, got none that runs; install Python with pip, or fetch {requirement} elsewhere, unpack it \
         and name its library in BURN_XLA_PLUGIN",
        tried.join(", ")
    )]
    NoPip {
        /// The commands tried.
        tried: Vec<String>,
        /// The wheel.
        requirement: String,
    },

    /// Pip could not fetch the wheel.
    #[error(
        "`{command}` failed: {reason}; check the network and pip's settings, or name a plugin's path in BURN_XLA_PLUGIN"
    )]
    Download {
        /// The command.
        command: String,
        /// The end of what pip wrote.
        reason: String,
    },

    /// The wheel is not the pinned one.
    #[error(
        "{requirement}: expected the SHA-256 {expected}, got {got}; nothing was installed, as the file is not the one that \
         this version of burn-xla was tested with"
    )]
    Hash {
        /// The wheel.
        requirement: String,
        /// The pinned hash.
        expected: String,
        /// The hash of the file.
        got: String,
    },

    /// The wheel cannot be unpacked.
    #[error(
        "{requirement}: expected a wheel with {library}, got one that does not unpack: {reason}; fetch it again"
    )]
    Unpack {
        /// The wheel.
        requirement: String,
        /// The library.
        library: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl PluginError {
    /// An error of the file system, below the cache folder.
    pub(crate) fn cache(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Cache { path, action, reason: error.to_string() }
    }
}

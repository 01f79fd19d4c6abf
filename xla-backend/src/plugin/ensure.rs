//! Finding a plugin, or else installing it.

use super::error::PluginError;
use super::find::{PluginPath, Source, find};
use super::install::install;
use super::platform::Platform;

/// Finds a platform's plugin, and installs it if there is none.
///
/// # Errors
///
/// As [`find`](super::find()), except [`PluginError::NotFound`], and as [`install`](super::install()).
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

//! Finding a plugin, or else installing it.

use super::error::PluginError;
use super::find::{PluginPath, Source, find};
use super::install::{Installed, install, install_pin, pins};
use super::platform::Platform;

/// Finds a platform's plugin, and installs the pinned one if there is none, or only one in the cache folder that was
/// pinned before. Such a one is used if the pinned one cannot be fetched.
///
/// A fetch is told on standard error, or to who [watches](super::watch()).
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
            let Installed { library: path, .. } = install_or_older(platform)?;
            Ok(PluginPath { platform, path, source: Source::Cache })
        }
        Ok(older) if older.source == Source::Cache && !older.is_pinned() => {
            match install(platform) {
                Ok(Installed { library: path, .. }) => Ok(PluginPath { path, ..older }),
                Err(error) => {
                    tracing::warn!(%error, path = %older.path.display(), "an older plugin is used");
                    Ok(older)
                }
            }
        }
        found => found,
    }
}

/// Installs the pinned plugin, or where that cannot be fetched the first that can of those pinned
/// before.
fn install_or_older(platform: Platform) -> Result<Installed, PluginError> {
    let error = match install(platform) {
        Err(error @ PluginError::Download { .. }) => error,
        done => return done,
    };
    let older = pins(platform).into_iter().skip(1);
    let installed =
        older.into_iter().find_map(|pin| Some((install_pin(platform, &pin).ok()?, pin)));
    let Some((installed, pin)) = installed else { return Err(error) };
    tracing::warn!(%error, pin, "an older plugin is installed");
    Ok(installed)
}

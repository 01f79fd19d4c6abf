//! Choosing a platform.

use super::error::PluginError;
use super::find::{PluginPath, find};
use super::load::client;
use super::platform::Platform;
use crate::pjrt::{Client, ClientOptions};

/// A client on the best platform that works, and why better ones do not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Choice {
    /// The client.
    pub client: Client,
    /// The plugin that it runs on.
    pub plugin: PluginPath,
    /// The better platforms, which did not work.
    pub skipped: Vec<Skipped>,
}

/// A platform that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The platform.
    pub platform: Platform,
    /// Why not.
    pub reason: String,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.platform, self.reason)
    }
}

/// Starts the first platform that works, in the order of [`Platform::ALL`]. It installs nothing.
///
/// # Errors
///
/// [`PluginError::NoPlatform`] with the reason of each, if none works.
pub fn choose() -> Result<Choice, PluginError> {
    choose_with(&ClientOptions::new())
}

/// As [`choose`], with options of the client.
///
/// # Errors
///
/// As [`choose`].
pub fn choose_with(options: &ClientOptions) -> Result<Choice, PluginError> {
    let mut skipped = Vec::new();
    for platform in Platform::ALL {
        match try_on(platform, options) {
            Ok((client, plugin)) => {
                return Ok(Choice { client, plugin, skipped });
            }
            Err(reason) => {
                tracing::debug!(%platform, reason, "platform skipped");
                skipped.push(Skipped { platform, reason });
            }
        }
    }
    let reasons = skipped.iter().map(ToString::to_string).collect();
    Err(PluginError::NoPlatform { reasons })
}

fn try_on(platform: Platform, options: &ClientOptions) -> Result<(Client, PluginPath), String> {
    // Before the plugin is loaded: that of TPUs may wait for long where there is no TPU.
    if !platform.has_device() {
        return Err("no such device on this machine".into());
    }
    let found = find(platform).map_err(|error| error.to_string())?;
    let client = client(&found, options).map_err(|error| error.to_string())?;
    if client.num_devices() == 0 {
        return Err("the plugin offers no device".into());
    }
    Ok((client, found))
}

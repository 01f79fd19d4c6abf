//! Loading a plugin that was found.

use super::find::PluginPath;
use crate::pjrt::{Client, ClientOptions, LoadOptions, PjrtError, Plugin};

/// Loads a plugin that was found, with the settings that its platform needs.
///
/// # Errors
///
/// As [`Plugin::load`].
pub fn load(found: &PluginPath) -> Result<Plugin, PjrtError> {
    let options = LoadOptions::new().with_env(found.platform.environment());
    Plugin::load_with(&found.path, &options)
}

/// Loads a plugin that was found, and starts its client.
pub(crate) fn start(found: &PluginPath) -> Result<Client, PjrtError> {
    Client::new(&load(found)?, &ClientOptions::new())
}

//! Loading a plugin that was found.

use super::find::PluginPath;
use super::platform::Platform;
use crate::pjrt::{Client, ClientOptions, LoadOptions, PjrtError, Plugin};

/// Loads a plugin that was found, with the settings that its platform needs.
///
/// The first load sets the variables of the environment that any platform needs, since none can be set while a
/// plugin runs.
///
/// # Errors
///
/// As [`Plugin::load`].
pub fn load(found: &PluginPath) -> Result<Plugin, PjrtError> {
    let others = Platform::ALL.iter().flat_map(|platform| platform.environment());
    let options =
        LoadOptions::new().with_env(found.platform.environment()).with_env_of_others(others);
    Plugin::load_with(&found.path, &options)
}

/// Loads a plugin that was found, and starts its client.
pub(crate) fn start(found: &PluginPath) -> Result<Client, PjrtError> {
    Client::new(&load(found)?, &ClientOptions::new())
}

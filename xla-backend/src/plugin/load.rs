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

/// Loads a plugin that was found and starts a client, with the options that its platform needs besides these.
///
/// ```no_run
/// use burn_xla::pjrt::ClientOptions;
/// use burn_xla::plugin::{self, Platform};
///
/// // Half of the GPU's memory, taken when it is needed.
/// let options = ClientOptions::new().with_memory_fraction(0.5).with_preallocation(false);
/// let client = plugin::client(&plugin::find(Platform::Cuda)?, &options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`load`] and [`Client::new`].
pub fn client(found: &PluginPath, options: &ClientOptions) -> Result<Client, PjrtError> {
    let needed = found.platform.spec().client_options;
    let options = needed.iter().fold(options.clone(), |options, &(name, value)| {
        let is_given = options.options().iter().any(|(given, _)| given == name);
        if is_given { options } else { options.with(name, value) }
    });
    let options = if found.platform == Platform::Cpu { few_devices(options) } else { options };
    Client::new(&load(found)?, &options)
}

/// As many devices of the CPU as there are processors, if fewer than the four that the plugins offer by themselves. They
/// compute with a thread for each device at least, and threads that share a processor wait for each other.
fn few_devices(options: ClientOptions) -> ClientOptions {
    const OFFERED: usize = 4;
    let processors = std::thread::available_parallelism().map_or(OFFERED, usize::from);
    let is_given = options.options().iter().any(|(given, _)| given == "cpu_device_count");
    if is_given || processors >= OFFERED {
        return options;
    }
    options.with_cpu_devices(processors as u32)
}

//! Loading a plugin.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::api::Api;
use super::capabilities::Capabilities;
use super::elf;
use super::error::PjrtError;
use super::extension::Extension;
use super::ffi;
use super::load::{self, LoadOptions};
use super::options::{OptionValue, named_values};
use super::version::ApiVersion;

/// A loaded plugin; a clone is another handle to the same library.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    path: PathBuf,
    api: Api,
    /// The compiler's variables, as they were when the first client was made.
    variables: OnceLock<String>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("path", &self.0.path)
            .field("api", &self.0.api.version())
            .finish()
    }
}

/// The plugins of this process; the lock also keeps two threads from loading at once.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

#[derive(Default)]
struct Loaded {
    /// By their file.
    plugins: HashMap<PathBuf, Plugin>,
    /// Whether a library was opened, which may have started threads, even if it was no plugin.
    opened: bool,
}

impl Plugin {
    /// Loads a plugin library, or returns the one already loaded from this file.
    ///
    /// The library stays loaded until the process ends. Its C++ code is kept from logging to
    /// standard error, unless `BURN_XLA_VERBOSE` is set (or see [`LoadOptions`]): by environment
    /// variables, set if they are not, and by putting standard error aside while the library is
    /// loaded. What other threads write there in the meantime goes to `tracing`, too.
    ///
    /// Variables are set before the first plugin of the process is loaded, and never after. A program in which C code
    /// on other threads reads the environment should load a plugin before it starts them.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Library`] if the file is no shared library, [`PjrtError::NotAPlugin`] if it
    /// exports no PJRT table, [`PjrtError::ApiVersion`] if the table is of a version that this
    /// crate does not speak, [`PjrtError::Environment`] if it needs a variable and another plugin runs,
    /// [`PjrtError::Plugin`] if the plugin cannot start.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PjrtError> {
        Self::load_with(path, &LoadOptions::new())
    }

    /// As [`Plugin::load`], with options.
    ///
    /// # Errors
    ///
    /// As [`Plugin::load`].
    pub fn load_with(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self, PjrtError> {
        let path = path.as_ref();
        let library_error =
            |reason: String| PjrtError::Library { path: path.to_path_buf(), reason };
        let file = path.canonicalize().map_err(|error| library_error(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get_or_insert_default();
        if let Some(plugin) = loaded.plugins.get(&file) {
            return Ok(plugin.clone());
        }
        elf::check_whole(&file)
            .map_err(|error| library_error(error.to_string()))?
            .map_err(library_error)?;
        options.apply(loaded.opened, &file)?;
        loaded.opened = true;
        let name = file.display().to_string();
        let plugin = options.quietly(|| Self::open(&file, &name))?;
        tracing::debug!(path = %file.display(), api = %plugin.api_version(), "plugin loaded");
        loaded.plugins.insert(file, plugin.clone());
        Ok(plugin)
    }

    /// Opens the library and lets it set itself up.
    fn open(file: &Path, name: &str) -> Result<Self, PjrtError> {
        // SAFETY: loading runs the library's initialisers; that they are sound is what installing a
        // plugin trusts.
        let library = unsafe { libloading::Library::new(file) }.map_err(|error| {
            // What is missing is in the words of the loader, behind the crate's own.
            let loader = std::error::Error::source(&error).map(ToString::to_string);
            let reason = loader.unwrap_or_else(|| error.to_string());
            PjrtError::Library { path: file.to_path_buf(), reason }
        })?;
        // Never unloaded: its threads and registrations would outlive its code.
        let library = std::mem::ManuallyDrop::new(library);
        // SAFETY: the C API declares GetPjrtApi as a function without arguments that returns a
        // pointer to the table.
        let get_api =
            unsafe { library.get::<unsafe extern "C" fn() -> *const ffi::Api>(b"GetPjrtApi\0") }
                .map_err(|_| PjrtError::NotAPlugin {
                    plugin: name.into(),
                    reason: "it exports no symbol GetPjrtApi".into(),
                })?;
        // SAFETY: as above; the table is valid as long as the library is loaded, which is to the
        // end.
        let api = unsafe { Api::new(get_api(), name) }?;
        Self::initialize(api, file.to_path_buf())
    }

    /// Lets a plugin set itself up, which comes before any other call and happens once.
    pub(crate) fn initialize(api: Api, path: PathBuf) -> Result<Self, PjrtError> {
        if api.has(ffi::Call::PluginInitialize) {
            // SAFETY: the call takes no pointers.
            unsafe { api.call(&mut ffi::PluginInitializeArgs::default()) }?;
        }
        Ok(Self(Arc::new(Inner { path, api, variables: OnceLock::new() })))
    }

    /// The error of a plugin that lacks an extension.
    pub(super) fn no_extension(&self, extension: Extension) -> PjrtError {
        PjrtError::NoExtension { extension, plugin: self.path().display().to_string() }
    }

    /// The file that the plugin was loaded from.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What the plugin tells about itself, such as `stablehlo_current_version`; empty if it tells
    /// nothing.
    pub fn attributes(&self) -> Vec<(String, OptionValue)> {
        let mut args = ffi::PluginAttributesArgs::default();
        // SAFETY: the call fills in a list that lives as long as the process.
        unsafe {
            match self.api().call(&mut args) {
                Ok(()) => named_values(args.attributes, args.num_attributes),
                Err(_) => Vec::new(),
            }
        }
    }

    /// Which optional parts of the C API the plugin offers, and its versions.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::of(self)
    }

    /// The version of the C API that the plugin was built with.
    pub fn api_version(&self) -> ApiVersion {
        self.0.api.version()
    }

    /// The variables from which the compiler takes flags, as it read them.
    pub(crate) fn compiler_variables(&self) -> &str {
        self.0.variables.get_or_init(load::compiler_variables)
    }

    pub(crate) fn api(&self) -> &Api {
        &self.0.api
    }
}

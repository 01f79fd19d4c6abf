//! How XLA is started and programs are compiled, in one place for all ways to it.

use crate::pjrt::{Client, ClientOptions, OptionValue};
use crate::plugin::{self, Platform, PluginError};
use crate::types::Precision;

use super::disk::ProgramCache;
use super::error::ProgramError;

/// How XLA is started on a platform, and how programs are compiled there: the same for [`Xla`](super::Xla), for the
/// eager backend (`XlaDevice::open_with`) and for the server, which serves that.
///
/// ```no_run
/// use burn_xla::plugin::Platform;
/// use burn_xla::program::{Precision, Xla, XlaOptions};
///
/// let options = XlaOptions::new()
///     .with_memory_fraction(0.5)
///     .with_compiler_flag("xla_gpu_triton_gemm_any", true)
///     .with_precision(Precision::Fast);
/// let xla = Xla::open(Some(Platform::Cuda), &options)?;
/// # Ok::<(), burn_xla::program::ProgramError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct XlaOptions {
    client: ClientOptions,
    precision: Precision,
    cache: Caching,
}

/// Where compiled programs are kept.
#[derive(Debug, Clone, Default)]
enum Caching {
    /// As `BURN_XLA_PROGRAM_CACHE` says, or else in the user's cache folder, but for those of the CPU.
    #[default]
    Default,
    /// In this cache, or in none.
    Chosen(Option<ProgramCache>),
}

impl XlaOptions {
    /// The defaults of the platform; products of f32 with the accuracy of f32.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the options of the client, which the platform names.
    #[must_use]
    pub fn with_client(mut self, change: impl FnOnce(ClientOptions) -> ClientOptions) -> Self {
        self.client = change(self.client);
        self
    }

    /// See [`ClientOptions::with_memory_fraction`].
    #[must_use]
    pub fn with_memory_fraction(self, fraction: f32) -> Self {
        self.with_client(|client| client.with_memory_fraction(fraction))
    }

    /// See [`ClientOptions::with_preallocation`].
    #[must_use]
    pub fn with_preallocation(self, preallocates: bool) -> Self {
        self.with_client(|client| client.with_preallocation(preallocates))
    }

    /// See [`ClientOptions::with_visible_devices`].
    #[must_use]
    pub fn with_visible_devices(self, devices: impl Into<Vec<i64>>) -> Self {
        self.with_client(|client| client.with_visible_devices(devices))
    }

    /// Gives each compilation one of the compiler's flags, by its name without dashes. What a forecast was made with can
    /// be run with it.
    #[must_use]
    pub fn with_compiler_flag(
        self,
        name: impl Into<String>,
        value: impl Into<OptionValue>,
    ) -> Self {
        self.with_client(|client| client.with_compiler_flag(name, value))
    }

    /// How accurately products of f32 are computed, where a function does not say it.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Keeps compiled programs in this cache, or in none.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<ProgramCache>) -> Self {
        self.cache = Caching::Chosen(cache);
        self
    }

    /// Starts a platform; without one the best that works. The CPU's plugin is installed if it is not there, the others
    /// are not.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Plugin`], and [`ProgramError::Pjrt`] if the platform does not start, or an option is
    /// unknown to it.
    pub fn start(&self, platform: Option<Platform>) -> Result<Client, ProgramError> {
        let client = match platform {
            None => plugin::choose_with(&self.client)?.client,
            Some(platform) => {
                let found = match platform {
                    Platform::Cpu => plugin::ensure(platform)?,
                    // Asked before the plugin is loaded: that of TPUs may wait for long where there is no TPU.
                    _ if !platform.has_device() => {
                        return Err(PluginError::NoDevice { platform }.into());
                    }
                    _ => plugin::find(platform)?,
                };
                plugin::client(&found, &self.client)?
            }
        };
        client.note(self.clone());
        Ok(client)
    }

    /// The options that a client was started with.
    pub(crate) fn of(client: &Client) -> Self {
        client.noted::<Self>().cloned().unwrap_or_default()
    }

    /// How accurately products of f32 are computed.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The cache for a client's programs.
    pub(crate) fn cache_for(&self, client: &Client) -> Option<ProgramCache> {
        match &self.cache {
            Caching::Default => ProgramCache::default_for(client),
            Caching::Chosen(cache) => cache.clone(),
        }
    }
}

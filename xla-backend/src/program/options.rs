//! How XLA is started and programs are compiled, in one place for all ways to it.

use crate::pjrt::{Client, ClientOptions, OptionValue};
use crate::plugin::{self, Platform, PluginError};
use crate::types::MatmulPrecision;

use super::disk::ProgramCache;
use super::error::ProgramError;

/// How XLA is started on a platform, and how programs are compiled there: the same for [`Xla`](super::Xla), for the
/// eager backend (`XlaDevice::open_with`) and for the server, which serves that.
///
/// ```no_run
/// use burn_xla::plugin::Platform;
/// use burn_xla::program::{MatmulPrecision, Xla, XlaOptions};
///
/// let options = XlaOptions::new()
///     .with_memory_fraction(0.5)
///     .with_compiler_flag("xla_gpu_triton_gemm_any", true)
///     .with_matmul_precision(MatmulPrecision::Fast);
/// let xla = Xla::open(Some(Platform::Cuda), &options)?;
/// # Ok::<(), burn_xla::program::ProgramError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct XlaOptions {
    client: ClientOptions,
    matmul_precision: MatmulPrecision,
    cache: Caching,
    kept_programs: Option<usize>,
    limit: Option<usize>,
    kernels: Option<bool>,
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
    pub fn with_matmul_precision(mut self, precision: MatmulPrecision) -> Self {
        self.matmul_precision = precision;
        self
    }

    /// Keeps compiled programs in this cache, or in none.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<ProgramCache>) -> Self {
        self.cache = Caching::Chosen(cache);
        self
    }

    /// Keeps so many programs of a function, where it does not [say it itself](super::Jit::keep). The eager backend
    /// keeps programs by what they take (`EagerOptions`).
    #[must_use]
    pub fn with_kept_programs(mut self, programs: usize) -> Self {
        self.kept_programs = Some(programs);
        self
    }

    /// Compiles a function at most so often, where it does not [say it itself](super::Jit::limit). Of the eager
    /// backend a device compiles at most so many programs: graphs that come after them run on Burn's CPU backend
    /// where the device is the CPU, and are an error elsewhere. What changed is told.
    #[must_use]
    pub fn with_limit(mut self, compilations: impl Into<Option<usize>>) -> Self {
        self.limit = compilations.into();
        self
    }

    /// Whether programs on the CPU call kernels of this library for attention and linear layers, in place of what the
    /// compiler makes of them. They do, unless `BURN_XLA_KERNELS` is `off`.
    #[must_use]
    pub fn with_kernels(mut self, kernels: bool) -> Self {
        self.kernels = Some(kernels);
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
        self.clone().note(&client);
        Ok(client)
    }

    /// Notes the options at their client, with the cache that they mean there.
    fn note(mut self, client: &Client) {
        if let Caching::Default = self.cache {
            self.cache = Caching::Chosen(ProgramCache::default_for(client));
        }
        client.note(self);
    }

    /// The options that a client was started with.
    pub(crate) fn of(client: &Client) -> Self {
        if client.noted::<Self>().is_none() {
            Self::default().note(client);
        }
        client.noted::<Self>().cloned().unwrap_or_default()
    }

    /// How accurately products of f32 are computed.
    pub fn matmul_precision(&self) -> MatmulPrecision {
        self.matmul_precision
    }

    /// How many programs of a function are kept.
    pub(super) fn kept_programs(&self) -> Option<usize> {
        self.kept_programs
    }

    /// How often a function is compiled at most.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether programs may call kernels.
    pub(crate) fn kernels(&self) -> bool {
        self.kernels
            .unwrap_or_else(|| std::env::var_os("BURN_XLA_KERNELS").is_none_or(|v| v != "off"))
    }

    /// The cache for programs, once it is [noted](Self::note) at a client.
    pub(crate) fn cache(&self) -> Option<&ProgramCache> {
        match &self.cache {
            Caching::Default => None,
            Caching::Chosen(cache) => cache.as_ref(),
        }
    }
}

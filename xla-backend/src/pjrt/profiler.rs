//! Profiles of what a plugin's devices did.

use std::ptr::NonNull;

use prost::Message;

use super::api::{list, string};
use super::error::{ErrorCode, PjrtError};
use super::extension::Extension;
use super::plugin::Plugin;
use super::profiler_abi as abi;
use crate::hlo::Profile;

impl Plugin {
    /// Does some work, and records what the devices of the plugin do in the meantime.
    ///
    /// ```no_run
    /// # fn step() {}
    /// use burn_xla::plugin::{self, Platform};
    ///
    /// let plugin = plugin::load(&plugin::find(Platform::Cuda)?)?;
    /// let (_, profile) = plugin.profile(|| step())?;
    /// // For https://ui.perfetto.dev, or chrome://tracing.
    /// std::fs::write("step.trace.json", profile.to_trace()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Executions return before they are done: let the work read a result, so that it is in the profile.
    ///
    /// # Errors
    ///
    /// [`PjrtError::NoExtension`] if the plugin has no profiler, as those of the CPU; [`PjrtError::Plugin`] if it fails.
    /// The work is done in any case but the first, and its result lost if the profiler fails.
    pub fn profile<T>(&self, work: impl FnOnce() -> T) -> Result<(T, Profile), PjrtError> {
        let profiler = Profiler::new(self)?;
        profiler.run("PLUGIN_Profiler_Start", |api| api.start)?;
        let done = work();
        profiler.run("PLUGIN_Profiler_Stop", |api| api.stop)?;
        Ok((done, Profile::new(profiler.collect()?)))
    }
}

/// A profiler that is alive.
struct Profiler<'a> {
    plugin: &'a Plugin,
    api: NonNull<abi::Api>,
    handle: NonNull<abi::Profiler>,
}

/// The options of a profile, as the message `ProfileOptions` that profilers read.
#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(uint32, tag = "2")]
    host_tracer_level: u32,
    #[prost(uint32, tag = "3")]
    device_tracer_level: u32,
    #[prost(uint32, tag = "5")]
    version: u32,
    #[prost(bool, tag = "7")]
    enable_hlo_proto: bool,
}

type Call<A> = Option<unsafe extern "C" fn(*mut A) -> *mut abi::Error>;

impl<'a> Profiler<'a> {
    fn new(plugin: &'a Plugin) -> Result<Self, PjrtError> {
        let none = || plugin.no_extension(Extension::Profiler);
        let extension = plugin.api().extension(Extension::Profiler).ok_or_else(none)?;
        // SAFETY: an extension begins with its size, and one of this kind that is as large has this type.
        let api = unsafe {
            let is_whole = (*extension.as_ptr()).struct_size >= size_of::<abi::Extension>();
            is_whole.then(|| (*extension.as_ptr().cast::<abi::Extension>()).api)
        };
        let api = api.and_then(|api| NonNull::new(api.cast_mut())).ok_or_else(none)?;
        // SAFETY: the table begins with its size.
        if unsafe { (*api.as_ptr()).struct_size } < size_of::<abi::Api>() {
            return Err(none());
        }
        let options = Options {
            host_tracer_level: 2,
            device_tracer_level: 1,
            version: 1,
            enable_hlo_proto: false,
        }
        .encode_to_vec();
        let mut args = abi::CreateArgs {
            struct_size: size_of::<abi::CreateArgs>(),
            options: options.as_ptr().cast(),
            options_size: options.len(),
            profiler: std::ptr::null_mut(),
        };
        // SAFETY: the table is whole; the options outlive the call.
        unsafe {
            call(api, "PLUGIN_Profiler_Create", (*api.as_ptr()).create, &mut args, none)?;
        }
        let handle = NonNull::new(args.profiler).ok_or_else(none)?;
        Ok(Self { plugin, api, handle })
    }

    fn none(&self) -> PjrtError {
        self.plugin.no_extension(Extension::Profiler)
    }

    fn args(&self) -> abi::ProfilerArgs {
        let struct_size = size_of::<abi::ProfilerArgs>();
        abi::ProfilerArgs { struct_size, profiler: self.handle.as_ptr() }
    }

    fn run(
        &self,
        name: &'static str,
        function: impl FnOnce(&abi::Api) -> Call<abi::ProfilerArgs>,
    ) -> Result<(), PjrtError> {
        // SAFETY: the table is whole and lives as long as the plugin; the profiler is alive.
        unsafe {
            let function = function(self.api.as_ref());
            call(self.api, name, function, &mut self.args(), || self.none())
        }
    }

    fn collect(&self) -> Result<Vec<u8>, PjrtError> {
        const NAME: &str = "PLUGIN_Profiler_CollectData";
        let mut args = abi::CollectArgs {
            struct_size: size_of::<abi::CollectArgs>(),
            profiler: self.handle.as_ptr(),
            buffer: std::ptr::null_mut(),
            buffer_size: 0,
        };
        // SAFETY: the table is whole; the profiler is alive.
        unsafe {
            let collect = self.api.as_ref().collect;
            call(self.api, NAME, collect, &mut args, || self.none())?;
            if !args.buffer.is_null() {
                // The plugin's own, until the profiler goes.
                return Ok(list(args.buffer, args.buffer_size).to_vec());
            }
            let mut bytes = vec![0u8; args.buffer_size];
            if !bytes.is_empty() {
                args.buffer = bytes.as_mut_ptr();
                call(self.api, NAME, collect, &mut args, || self.none())?;
            }
            Ok(bytes)
        }
    }
}

impl Drop for Profiler<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.run("PLUGIN_Profiler_Destroy", |api| api.destroy) {
            tracing::warn!(%error, "freeing a profiler failed");
        }
    }
}

/// Makes a call of the profiler's table.
///
/// # Safety
///
/// The table must be whole, and `args` be as the call demands.
unsafe fn call<A>(
    api: NonNull<abi::Api>,
    name: &'static str,
    function: Call<A>,
    args: &mut A,
    none: impl FnOnce() -> PjrtError,
) -> Result<(), PjrtError> {
    let Some(function) = function else { return Err(none()) };
    // SAFETY: the caller vouches for the arguments.
    let Some(error) = NonNull::new(unsafe { function(args) }) else { return Ok(()) };
    let mut message = abi::ErrorMessageArgs {
        struct_size: size_of::<abi::ErrorMessageArgs>(),
        private: std::ptr::null_mut(),
        error: error.as_ptr(),
        message: std::ptr::null(),
        message_size: 0,
    };
    let mut destroyed = abi::ErrorArgs {
        struct_size: size_of::<abi::ErrorArgs>(),
        private: std::ptr::null_mut(),
        error: error.as_ptr(),
    };
    // SAFETY: the error is ours, its message lives as long as it, and it is destroyed once.
    let message = unsafe {
        if let Some(tell) = api.as_ref().error_message {
            tell(&mut message);
        }
        let text = string(message.message, message.message_size);
        if let Some(destroy) = api.as_ref().error_destroy {
            destroy(&mut destroyed);
        }
        text
    };
    Err(PjrtError::Plugin { call: name, code: ErrorCode::Unknown, message })
}

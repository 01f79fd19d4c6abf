//! A client: the devices of a plugin, ready for programs and data.

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, OnceLock};

use super::api::{Api, Handle, list, string};
use super::at_exit;
use super::buffer::Buffer;
use super::compile_options::CompileOptions;
use super::device::{Device, DeviceDescription, DeviceInfo, describe};
use super::error::PjrtError;
use super::event::Event;
use super::executable::Executable;
use super::ffi::{self, Call};
use super::key_value::{self, KeyValueStore};
use super::options::{ClientOptions, OptionValue};
use super::plugin::Plugin;
use super::raw;
use crate::types::{ElementType, TensorType};

/// The devices of a plugin; a clone is another handle to the same client.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    plugin: Plugin,
    handle: Handle<ffi::Client>,
    platform: String,
    platform_version: String,
    devices: Vec<DeviceInfo>,
    process: i32,
    all_devices: Vec<DeviceDescription>,
    /// The compiler's settings of each compilation.
    flags: BTreeMap<String, OptionValue>,
    /// What a layer above has noted about the client.
    note: OnceLock<Box<dyn Any + Send + Sync>>,
    /// What the runtime shares with other processes; it may ask as long as it lives, and is destroyed before.
    _store: Option<key_value::Shared>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("platform", &self.0.platform)
            .field("devices", &self.0.devices.len())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts the platform's runtime.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] with the plugin's words, if there is no such device or an option is
    /// unknown.
    pub fn new(plugin: &Plugin, options: &ClientOptions) -> Result<Self, PjrtError> {
        at_exit::watch_main_thread();
        Self::create(plugin, options, None)
    }

    /// As [`new`](Self::new), with a store that this process shares with others, through which a runtime of several
    /// hosts finds its peers. Which options tell it how many there are and which this one is, is the platform's
    /// affair: for GPUs `num_nodes` and `node_id`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); what the store fails with is in the plugin's words.
    pub fn with_store(
        plugin: &Plugin,
        options: &ClientOptions,
        store: Arc<dyn KeyValueStore>,
    ) -> Result<Self, PjrtError> {
        Self::create(plugin, options, Some(Box::new(store)))
    }

    fn create(
        plugin: &Plugin,
        options: &ClientOptions,
        store: Option<key_value::Shared>,
    ) -> Result<Self, PjrtError> {
        let api = *plugin.api();
        let raw_options = options.to_raw();
        let mut args = ffi::ClientCreateArgs {
            create_options: raw_options.as_ptr(),
            num_options: raw_options.len(),
            ..ffi::ClientCreateArgs::for_minor(api.version().minor)
        };
        // The compiler reads its variables once, now or later: what they are now is noted.
        plugin.compiler_variables();
        if let Some(store) = &store {
            key_value::pass(store, &mut args);
        }
        // SAFETY: the options outlive the call, which copies them; the store outlives the client.
        unsafe { api.call(&mut args) }?;
        // From here on `Inner` destroys the client, also when a question below fails.
        let mut inner = Inner {
            plugin: plugin.clone(),
            handle: Handle::new(args.client, Call::ClientCreate)?,
            platform: String::new(),
            platform_version: String::new(),
            devices: Vec::new(),
            process: 0,
            all_devices: Vec::new(),
            flags: options.flags().clone(),
            note: OnceLock::new(),
            _store: store,
        };
        inner.describe(&api)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The plugin that the client came from.
    pub fn plugin(&self) -> &Plugin {
        &self.0.plugin
    }

    /// The platform, such as `cpu`, `cuda` or `tpu`.
    pub fn platform(&self) -> &str {
        &self.0.platform
    }

    /// What the platform says of its version, for people.
    pub fn platform_version(&self) -> &str {
        &self.0.platform_version
    }

    /// The devices of this process, on which it can run programs.
    pub fn devices(&self) -> Vec<Device> {
        (0..self.num_devices()).map(|index| Device::new(self.clone(), index)).collect()
    }

    /// The number of this process among those that the runtime has joined; 0 where it runs alone.
    pub fn process(&self) -> i32 {
        self.0.process
    }

    /// The devices of all processes, in the runtime's order.
    pub fn all_devices(&self) -> &[DeviceDescription] {
        &self.0.all_devices
    }

    /// How many devices this process has.
    pub fn num_devices(&self) -> usize {
        self.0.devices.len()
    }

    /// One of the devices.
    ///
    /// # Errors
    ///
    /// [`PjrtError::NoSuchDevice`].
    pub fn device(&self, index: usize) -> Result<Device, PjrtError> {
        let count = self.num_devices();
        if index >= count {
            return Err(PjrtError::NoSuchDevice { index, count });
        }
        Ok(Device::new(self.clone(), index))
    }

    /// Compiles a program, given as StableHLO text (or MLIR bytecode).
    ///
    /// # Errors
    ///
    /// [`PjrtError::Compile`] with the compiler's message, which names the line and the op.
    pub fn compile(
        &self,
        program: impl AsRef<[u8]>,
        options: &CompileOptions,
    ) -> Result<Executable, PjrtError> {
        Executable::compile(self, program.as_ref(), &self.with_flags(options))
    }

    /// The options with the compiler's settings of this client, before which those of the options go.
    pub(crate) fn with_flags(&self, options: &CompileOptions) -> CompileOptions {
        let mut options = options.clone();
        for (name, value) in &self.0.flags {
            options.env_option_overrides.entry(name.clone()).or_insert_with(|| value.clone());
        }
        options
    }

    /// Loads an executable from the bytes that [`CompiledProgram::serialize`] made.
    ///
    /// Only the plugin that made the bytes can be relied on to read them: the same library, of the
    /// same version, on the same kind of device. Whoever stores them must store that beside them.
    ///
    /// It need not be quick: the CPU plugin 0.0.1 generates the machine code again, which took 9.1 s
    /// for a program of 6,000 operations that compiled in 12.9 s.
    ///
    /// [`CompiledProgram::serialize`]: super::CompiledProgram::serialize
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] if the plugin cannot read the bytes.
    pub fn deserialize(&self, bytes: &[u8]) -> Result<Executable, PjrtError> {
        Executable::deserialize(self, bytes)
    }

    /// Copies data to a device. The slice is free again when the call returns; the copy to the
    /// device may take longer.
    ///
    /// The data lies row after row, in the byte order of this machine; a bool is a byte, 0 or 1.
    ///
    /// # Errors
    ///
    /// [`PjrtError::HostSize`] if the slice has not the size that type and dimensions ask for,
    /// [`PjrtError::Plugin`] if the device has no room.
    pub fn buffer_from_host(
        &self,
        data: &[u8],
        element_type: ElementType,
        dims: &[usize],
        device: &Device,
    ) -> Result<Buffer, PjrtError> {
        let ty = TensorType::new(element_type, dims);
        // SAFETY: with these semantics the plugin reads the data only during the call.
        let (buffer, _done) =
            unsafe { self.upload(data, ty, device, ffi::IMMUTABLE_ONLY_DURING_CALL) }?;
        Ok(buffer)
    }

    /// Hands data over to a device, without a copy on the host where the plugin can do without one.
    ///
    /// The data is dropped, on a thread of the plugin's choice, when the plugin no longer reads it.
    /// On the CPU that is when the buffer is gone, since the buffer *is* the data if it is
    /// aligned to 64 bytes; elsewhere when it has been transferred.
    ///
    /// # Errors
    ///
    /// As [`Client::buffer_from_host`].
    pub fn buffer_from_owned<T>(
        &self,
        data: T,
        element_type: ElementType,
        dims: &[usize],
        device: &Device,
    ) -> Result<Buffer, PjrtError>
    where
        T: AsRef<[u8]> + Send + Sync + 'static,
    {
        let ty = TensorType::new(element_type, dims);
        let semantics = match self.platform() {
            // Without a call back nothing would tell when the data may go.
            _ if !self.api().has(Call::EventOnReady) => ffi::IMMUTABLE_ONLY_DURING_CALL,
            "cpu" => ffi::IMMUTABLE_ZERO_COPY,
            _ => ffi::IMMUTABLE_UNTIL_TRANSFER_COMPLETES,
        };
        // Boxed first, so that a slice into `data` itself stays where it is.
        let data = Box::new(data);
        let bytes: *const [u8] = (*data).as_ref();
        // SAFETY: `data` owns the bytes and is kept, untouched, until the event says that the
        // plugin is done with them.
        let (buffer, done) = unsafe { self.upload(&*bytes, ty, device, semantics) }?;
        match done {
            _ if semantics == ffi::IMMUTABLE_ONLY_DURING_CALL => {}
            Some(done) => keep_until(done, data)?,
            None => {
                // Nothing will tell when the plugin is done: never freeing is the only safe way.
                tracing::warn!(
                    "the plugin gives no event for a transfer; its host memory is kept for good"
                );
                std::mem::forget(data);
            }
        }
        Ok(buffer)
    }

    /// Starts a transfer; the event fires when the plugin is done with `data`.
    ///
    /// # Safety
    ///
    /// `data` must stay valid and unchanged for as long as `semantics` says.
    unsafe fn upload(
        &self,
        data: &[u8],
        ty: TensorType,
        device: &Device,
        semantics: i32,
    ) -> Result<(Buffer, Option<Event>), PjrtError> {
        if !self.is_same(device.client()) {
            return Err(PjrtError::ForeignObject { what: "device" });
        }
        let expected = raw::bytes(&ty)?;
        if data.len() != expected {
            return Err(PjrtError::HostSize { ty, expected, got: data.len() });
        }
        let dims = raw::dims(&ty)?;
        let mut args = ffi::BufferFromHostArgs {
            client: self.handle().as_ptr(),
            data: data.as_ptr().cast::<c_void>(),
            element_type: ty.element.to_raw(),
            dims: dims.as_ptr(),
            num_dims: dims.len(),
            host_buffer_semantics: semantics,
            device: device.handle().as_ptr(),
            ..ffi::BufferFromHostArgs::default()
        };
        // SAFETY: client and device are alive and belong together; `dims` outlives the call; `data`
        // has the size that type and dimensions ask for and lives as the caller promises.
        unsafe { self.api().call(&mut args) }?;
        let done = Handle::new(args.done_with_host_buffer, Call::ClientBufferFromHostBuffer)
            .ok()
            .map(|handle| Event::new(*self.api(), handle));
        let handle = Handle::new(args.buffer, Call::ClientBufferFromHostBuffer)?;
        Ok((Buffer::new(self.clone(), handle, Arc::new(ty)), done))
    }

    /// Notes something about the client, once: how it was started.
    pub(crate) fn note(&self, note: impl Any + Send + Sync) {
        let _ = self.0.note.set(Box::new(note));
    }

    /// What was noted, if it has this type.
    pub(crate) fn noted<T: Any>(&self) -> Option<&T> {
        self.0.note.get().and_then(|note| note.downcast_ref())
    }

    pub(crate) fn api(&self) -> &Api {
        self.0.plugin.api()
    }

    pub(crate) fn handle(&self) -> Handle<ffi::Client> {
        self.0.handle
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn device_info(&self, index: usize) -> &DeviceInfo {
        &self.0.devices[index]
    }

    /// The device with this handle.
    pub(crate) fn find_device(&self, handle: Handle<ffi::Device>) -> Option<Device> {
        let index =
            self.0.devices.iter().position(|info| info.handle.as_ptr() == handle.as_ptr())?;
        Some(Device::new(self.clone(), index))
    }
}

/// Drops `data` when `done` fires. If that cannot be arranged, the data is kept for good: freeing
/// it would not be safe.
fn keep_until<T: Send + Sync + 'static>(done: Event, data: Box<T>) -> Result<(), PjrtError> {
    // Shared, because a registration that fails drops its callback and with it what the callback
    // holds.
    let data = Arc::new(data);
    let kept = Arc::clone(&data);
    let registered = done.on_ready(move |_| drop(kept));
    if registered.is_err() {
        std::mem::forget(data);
    }
    registered
}

impl Inner {
    fn describe(&mut self, api: &Api) -> Result<(), PjrtError> {
        let client = self.handle.as_ptr();
        let mut name =
            ffi::ClientPlatformNameArgs { client, ..ffi::ClientPlatformNameArgs::default() };
        let mut version =
            ffi::ClientPlatformVersionArgs { client, ..ffi::ClientPlatformVersionArgs::default() };
        let mut devices = ffi::ClientAddressableDevicesArgs {
            client,
            ..ffi::ClientAddressableDevicesArgs::default()
        };
        let mut process =
            ffi::ClientProcessIndexArgs { client, ..ffi::ClientProcessIndexArgs::default() };
        let mut all = ffi::ClientDevicesArgs { client, ..ffi::ClientDevicesArgs::default() };
        // SAFETY: the client is alive; strings, devices and their list live as long as it does.
        unsafe {
            api.call(&mut name)?;
            self.platform = string(name.platform_name, name.platform_name_size);
            if api.call(&mut version).is_ok() {
                self.platform_version =
                    string(version.platform_version, version.platform_version_size);
            }
            api.call(&mut devices)?;
            for &device in list(devices.devices, devices.num_devices) {
                let handle = Handle::new(device, Call::ClientAddressableDevices)?;
                let description = description(api, device)?;
                self.devices.push(DeviceInfo { handle, description });
            }
            // A plugin that does not tell has the devices of one process.
            if api.call(&mut process).is_ok() {
                self.process = process.process_index;
            }
            self.all_devices = match api.call(&mut all) {
                Ok(()) => list(all.devices, all.num_devices)
                    .iter()
                    .map(|&device| description(api, device))
                    .collect::<Result<_, _>>()?,
                Err(_) => self.devices.iter().map(|info| info.description.clone()).collect(),
            };
        }
        Ok(())
    }
}

/// The description of a device.
///
/// # Safety
///
/// `device` must be a device of this plugin whose client is alive.
unsafe fn description(api: &Api, device: *mut ffi::Device) -> Result<DeviceDescription, PjrtError> {
    let mut args =
        ffi::DeviceGetDescriptionArgs { device, ..ffi::DeviceGetDescriptionArgs::default() };
    // SAFETY: the device is alive, says the caller, and its description lives as long as it does.
    unsafe {
        api.call(&mut args)?;
        describe(api, args.description)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut args = ffi::ClientDestroyArgs {
            client: self.handle.as_ptr(),
            ..ffi::ClientDestroyArgs::default()
        };
        // SAFETY: buffers and executables hold the client, so it is the last of its objects.
        unsafe { self.plugin.api().call_in_drop(&mut args) };
    }
}

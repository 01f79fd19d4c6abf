//! The devices of a client.

use super::api::{Handle, string};
use super::client::Client;
use super::error::PjrtError;
use super::ffi;
use super::options::{OptionValue, named_values};

/// A device that a client can run programs on; it keeps its client alive.
#[derive(Clone)]
pub struct Device {
    client: Client,
    index: usize,
}

/// What never changes about a device, read once.
pub(crate) struct DeviceInfo {
    pub(crate) handle: Handle<ffi::Device>,
    pub(crate) description: DeviceDescription,
}

/// What a plugin tells about a device, present or only described by a topology.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviceDescription {
    /// The number that device assignments use.
    pub id: i32,
    /// The number of the process that the device belongs to; 0 where that is not told.
    pub process: i32,
    /// The model, such as `TPU v4` or `cpu`.
    pub kind: String,
    /// A short text for people.
    pub display: String,
    /// What the platform tells besides, such as coordinates.
    pub attributes: Vec<(String, OptionValue)>,
}

impl Device {
    pub(crate) fn new(client: Client, index: usize) -> Self {
        Self { client, index }
    }

    fn info(&self) -> &DeviceInfo {
        self.client.device_info(self.index)
    }

    pub(crate) fn handle(&self) -> Handle<ffi::Device> {
        self.info().handle
    }

    /// The client that the device belongs to.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The position of the device in [`Client::devices`].
    pub fn index(&self) -> usize {
        self.index
    }

    /// The number that device assignments use.
    pub fn id(&self) -> i32 {
        self.info().description.id
    }

    /// What the plugin tells about the device.
    pub fn description(&self) -> &DeviceDescription {
        &self.info().description
    }

    /// The memory in use and the limit, where the platform counts it.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] where it does not.
    pub fn memory(&self) -> Result<DeviceMemory, PjrtError> {
        let mut args = ffi::DeviceMemoryStatsArgs {
            device: self.handle().as_ptr(),
            ..ffi::DeviceMemoryStatsArgs::default()
        };
        // SAFETY: the device lives as long as its client, which `self` holds.
        unsafe { self.client.api().call(&mut args) }?;
        let bytes =
            |value: i64, is_set: bool| is_set.then_some(value).and_then(|v| v.try_into().ok());
        Ok(DeviceMemory {
            bytes_in_use: bytes(args.bytes_in_use, true).unwrap_or(0),
            peak_bytes_in_use: bytes(args.peak_bytes_in_use, args.peak_bytes_in_use_is_set),
            bytes_limit: bytes(args.bytes_limit, args.bytes_limit_is_set),
        })
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.client.is_same(&other.client)
    }
}

impl Eq for Device {}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Device").field(&self.description().display).finish()
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.description().display)
    }
}

/// The state of a device's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceMemory {
    /// Bytes in use now.
    pub bytes_in_use: u64,
    /// The most bytes that were in use at once, if counted.
    pub peak_bytes_in_use: Option<u64>,
    /// The bytes that programs may use, if limited.
    pub bytes_limit: Option<u64>,
}

/// Reads a description. Only the id is demanded of a plugin; the rest is left empty where it is not
/// told.
///
/// # Safety
///
/// `description` must be a description of this plugin that is alive.
pub(crate) unsafe fn describe(
    api: &super::api::Api,
    description: *mut ffi::DeviceDescription,
) -> Result<DeviceDescription, PjrtError> {
    let mut id = ffi::DeviceIdArgs { description, ..ffi::DeviceIdArgs::default() };
    let mut process =
        ffi::DeviceProcessIndexArgs { description, ..ffi::DeviceProcessIndexArgs::default() };
    let mut kind = ffi::DeviceKindArgs { description, ..ffi::DeviceKindArgs::default() };
    let mut display = ffi::DeviceToStringArgs { description, ..ffi::DeviceToStringArgs::default() };
    let mut attributes =
        ffi::DeviceAttributesArgs { description, ..ffi::DeviceAttributesArgs::default() };
    // SAFETY: the description is alive, says the caller; strings and lists live as long as it does
    // and are copied.
    unsafe {
        api.call(&mut id)?;
        let process = api.call(&mut process).map(|()| process.process_index);
        let kind = api.call(&mut kind).map(|()| string(kind.kind, kind.kind_size));
        let display =
            api.call(&mut display).map(|()| string(display.to_string, display.to_string_size));
        let attributes = api
            .call(&mut attributes)
            .map(|()| named_values(attributes.attributes, attributes.num_attributes));
        Ok(DeviceDescription {
            id: id.id,
            process: process.unwrap_or(0),
            kind: kind.unwrap_or_default(),
            display: display.unwrap_or_else(|_| format!("device {}", id.id)),
            attributes: attributes.unwrap_or_default(),
        })
    }
}

//! Devices of the backend, and their clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn_backend::{BoolStore, DType, DeviceId, DeviceOps};
use burn_std::DeviceSettings;

use super::error::EagerError;
use crate::error::Error;
use crate::pjrt::{self, Client};
use crate::plugin::Platform;
use crate::program::{ProgramError, XlaOptions};

/// A device of [`XlaBackend`](super::XlaBackend): a platform, and the number of a device there.
///
/// The platform's runtime starts once for a process, when a device is first used. If it does not start, each
/// read gives the reason as its error; [`open`](Self::open) gives it beforehand.
///
/// ```no_run
/// use burn_xla::eager::XlaDevice;
/// use burn_xla::plugin::Platform;
///
/// let devices = XlaDevice::open(Platform::Cpu)?;
/// println!("{devices:?}");
/// # Ok::<(), burn_xla::eager::EagerError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XlaDevice {
    /// The platform.
    pub platform: Platform,
    /// The position of the device in [`Client::devices`].
    pub index: usize,
}

/// The first device of the CPU.
impl Default for XlaDevice {
    fn default() -> Self {
        Self { platform: Platform::Cpu, index: 0 }
    }
}

impl std::fmt::Display for XlaDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.platform, self.index)
    }
}

impl burn_std::device::Device for XlaDevice {
    fn from_id(id: DeviceId) -> Self {
        let platform = match id.type_id {
            1 => Platform::Cuda,
            2 => Platform::Tpu,
            3 => Platform::Rocm,
            4 => Platform::Oneapi,
            5 => Platform::Metal,
            6 => Platform::Tenstorrent,
            _ => Platform::Cpu,
        };
        Self { platform, index: id.index_id.into() }
    }

    fn to_id(&self) -> DeviceId {
        let type_id = match self.platform {
            Platform::Cpu => 0,
            Platform::Cuda => 1,
            Platform::Tpu => 2,
            Platform::Rocm => 3,
            Platform::Oneapi => 4,
            Platform::Metal => 5,
            Platform::Tenstorrent => 6,
        };
        DeviceId { type_id, index_id: u16::try_from(self.index).unwrap_or(u16::MAX) }
    }
}

/// f32, i32 and bools of a byte, as on Burn's CPU backend.
impl DeviceOps for XlaDevice {
    fn defaults(&self) -> DeviceSettings {
        let bools = DType::Bool(BoolStore::Native);
        DeviceSettings::new(DType::F32, DType::I32, bools, burn_std::QuantConfig::default())
    }
}

/// The clients of this process.
static CLIENTS: Mutex<Option<HashMap<Platform, Client>>> = Mutex::new(None);

impl XlaDevice {
    /// Starts the platform's runtime, if it does not run yet, and names its devices. The CPU's
    /// plugin is installed if it is not there.
    ///
    /// # Errors
    ///
    /// [`EagerError::Start`].
    pub fn open(platform: Platform) -> Result<Vec<Self>, EagerError> {
        Self::open_with(platform, &XlaOptions::new())
    }

    /// As [`open`](Self::open), with options; those of a runtime that was started before stay.
    ///
    /// # Errors
    ///
    /// [`EagerError::Start`].
    pub fn open_with(platform: Platform, options: &XlaOptions) -> Result<Vec<Self>, EagerError> {
        let source = match client(platform, options) {
            Ok(client) => return Ok(Self::all(platform, &client)),
            Err(source) => source,
        };
        Err(EagerError::Start { platform, index: 0, source })
    }

    /// Makes the devices of this client those of the platform, unless its runtime was started before, and
    /// returns the platform's devices. So a client can have options, such as a CPU with several devices.
    pub fn open_on(platform: Platform, client: Client) -> Vec<Self> {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.get_or_insert_default().entry(platform).or_insert(client);
        Self::all(platform, client)
    }

    fn all(platform: Platform, client: &Client) -> Vec<Self> {
        (0..client.num_devices()).map(|index| Self { platform, index }).collect()
    }

    /// The device itself.
    pub(super) fn start(self) -> Result<pjrt::Device, Arc<EagerError>> {
        let device = client(self.platform, &XlaOptions::new())
            .and_then(|client| Ok(client.device(self.index).map_err(Error::from)?));
        device.map_err(|source| {
            Arc::new(EagerError::Start { platform: self.platform, index: self.index, source })
        })
    }
}

/// The client of a platform, which is started at the first call.
fn client(platform: Platform, options: &XlaOptions) -> Result<Client, Box<Error>> {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let clients = clients.get_or_insert_default();
    if let Some(client) = clients.get(&platform) {
        return Ok(client.clone());
    }
    let client = options.start(Some(platform)).map_err(of_start)?;
    clients.insert(platform, client.clone());
    Ok(client)
}

/// An error of a plugin as one, not as one of a function.
fn of_start(error: ProgramError) -> Error {
    match error {
        ProgramError::Plugin(error) => error.into(),
        ProgramError::Pjrt(error) => error.into(),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use burn_std::device::Device as _;

    use super::*;

    #[test]
    fn ids_go_there_and_back() {
        for platform in Platform::ALL {
            let device = XlaDevice { platform, index: 3 };
            assert_eq!(XlaDevice::from_id(device.to_id()), device);
        }
        assert_eq!(XlaDevice::default().to_string(), "cpu:0");
    }
}

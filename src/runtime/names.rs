//! Devices by name.

use burn::tensor::{Device, DeviceType};

/// All names of runtimes, as errors list them.
pub(super) const KNOWN: &str =
    "auto, flex, cuda[:n], rocm[:n], wgpu, vulkan, metal, tch[:n] or xla[:cpu|cuda|tpu]";

/// Burn's CPU backend, on which batches are made.
pub(crate) fn host() -> Device {
    Device::flex()
}

/// The device of Burn with this name, if this build has it.
pub(super) fn burn_device(name: &str) -> Option<Device> {
    let (backend, number) = parse(name)?;
    let _used_by_some_builds = number;
    match backend {
        "flex" => Some(host()),
        #[cfg(feature = "cuda")]
        "cuda" => Some(Device::cuda(number.unwrap_or(0))),
        #[cfg(feature = "rocm")]
        "rocm" => Some(Device::rocm(number.unwrap_or(0))),
        #[cfg(feature = "wgpu")]
        "wgpu" => Some(Device::wgpu(Default::default())),
        #[cfg(feature = "vulkan")]
        "vulkan" => Some(Device::vulkan(Default::default())),
        #[cfg(feature = "metal")]
        "metal" => Some(Device::metal(Default::default())),
        #[cfg(feature = "tch")]
        #[allow(deprecated, reason = "Burn 0.22 still has it")]
        "tch" => Some(number.map_or_else(Device::libtorch, Device::libtorch_cuda)),
        _ => None,
    }
}

/// A backend and the number of its device, if the name has the form of one.
fn parse(name: &str) -> Option<(&str, Option<usize>)> {
    match name.split_once(':') {
        None => Some((name, None)),
        Some((backend @ ("cuda" | "rocm" | "tch"), number)) => {
            Some((backend, Some(number.parse().ok()?)))
        }
        Some(_) => None,
    }
}

/// The platform in a name of XLA: none in `xla`, `cpu` in `xla:cpu`.
pub(super) fn xla_platform(name: &str) -> Option<Option<&str>> {
    match name.split_once(':') {
        None => (name == "xla").then_some(None),
        Some(("xla", platform @ ("cpu" | "cuda" | "tpu"))) => Some(Some(platform)),
        Some(_) => None,
    }
}

/// The feature of this crate that a name needs and this build lacks.
pub(super) fn missing_feature(name: &str) -> Option<&'static str> {
    if xla_platform(name).is_some() {
        return Some("xla");
    }
    let (backend, _) = parse(name)?;
    ["cuda", "rocm", "wgpu", "vulkan", "metal", "tch"].into_iter().find(|name| *name == backend)
}

/// The backends of GPUs that are built in.
fn gpu_backends() -> Vec<(&'static str, DeviceType)> {
    let built_in: &[(&str, DeviceType)] = &[
        #[cfg(feature = "cuda")]
        ("cuda", DeviceType::Cuda),
        #[cfg(feature = "metal")]
        ("metal", DeviceType::Metal),
        #[cfg(feature = "rocm")]
        ("rocm", DeviceType::Rocm),
        #[cfg(feature = "vulkan")]
        ("vulkan", DeviceType::Vulkan),
        #[cfg(feature = "wgpu")]
        ("wgpu", DeviceType::Wgpu),
    ];
    built_in.to_vec()
}

/// Whether a name is of a backend of GPUs that is built in and finds no such device here. Its first use would panic.
pub(super) fn is_absent(name: &str) -> bool {
    let Some((backend, number)) = parse(name) else { return false };
    let of_name = gpu_backends().into_iter().find(|(name, _)| *name == backend);
    let found = |of: DeviceType| Device::enumerate(of).into_vec().len();
    of_name.is_some_and(|(_, of)| found(of) <= number.unwrap_or(0))
}

/// The first device of a GPU backend that is built in and finds a GPU, with the backend's name.
pub(super) fn gpu() -> Option<(&'static str, Device)> {
    gpu_backends().into_iter().find_map(|(name, backend)| {
        let devices = Device::enumerate(backend).into_vec();
        Some((name, devices.into_iter().find(|device| !is_software(device))?))
    })
}

/// Whether a device is the CPU, which a driver such as Mesa's software Vulkan offers as a GPU: slower than all else that is here,
/// so it is taken where it is named.
#[allow(unused_variables, reason = "some builds have no such backend")]
fn is_software(device: &Device) -> bool {
    #[cfg(feature = "wgpu")]
    if *device == Device::wgpu(burn::tensor::DeviceKind::Cpu) {
        return true;
    }
    #[cfg(feature = "vulkan")]
    if *device == Device::vulkan(burn::tensor::DeviceKind::Cpu) {
        return true;
    }
    false
}

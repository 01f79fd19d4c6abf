//! The plugin for AMD's GPUs. **Untried**: nobody has reported how it goes.
//!
//! The wheel comes from AMD, for JAX 0.12. What was checked without such a GPU: hash, contents, and that the library
//! does not load without ROCm 7, of which it names twelve libraries as its own dependencies. It looks for them in
//! `/opt/rocm/lib`, among other folders. As JAX does, its client is told that its platform is ROCm; a plugin of
//! XLA for GPUs does not know by itself.

use super::spec::{Device, Need, Spec};
use super::wheel::{Machine, Wheel};

const fn rocm_library(library: &'static str, purpose: &'static str) -> Need {
    Need {
        library,
        purpose,
        remedy: "install ROCm 7 by AMD's packages, so that it is in /opt/rocm",
    }
}

pub(crate) const SPEC: Spec = Spec {
    name: "rocm",
    wheels: &[Wheel {
        project: "jax-rocm7-pjrt",
        version: "0.12.0",
        sha256: "4551d0714523355f2946ca1958c3f584e95661e467a641d36b726f718a1c7934",
        size: 133_415_872,
        unpacked: 459_001_112,
        library: "jax_plugins/xla_rocm7/xla_rocm_plugin.so",
        platform_tag: "manylinux_2_27_x86_64",
        python_version: None,
        machine: Machine::LINUX,
    }],
    is_untried: true,
    site_packages: &["jax_plugins/xla_rocm7/xla_rocm_plugin.so"],
    variables: &["BURN_XLA_ROCM_PLUGIN"],
    jax_names: &["rocm"],
    file_words: &["rocm"],
    environment_without_device: &[],
    client_options: &[("platform_name", "ROCM")],
    devices: &[Device::File("/dev/kfd")],
    needs: &[
        rocm_library("libamdhip64.so.7", "the HIP runtime"),
        rocm_library("libhsa-runtime64.so.1", "the driver's interface"),
        rocm_library("librocblas.so.5", "matrix products"),
        rocm_library("libhipblaslt.so.1", "matrix products"),
        rocm_library("libMIOpen.so.1", "convolutions"),
        rocm_library("libhipfft.so.0", "Fourier transforms"),
        rocm_library("librccl.so.1", "collectives between GPUs"),
        rocm_library("librocprofiler-sdk.so.1", "profiling"),
        rocm_library("libamd_smi.so.26", "what the GPUs are"),
    ],
};

//! The plugin for Intel's GPUs. **Untried**: nobody has reported how it goes.
//!
//! The wheel comes from Intel, for JAX 0.11.2. What was checked without such a GPU: hash, contents, and that the
//! library does not load without oneAPI 2025: it names SYCL, MKL, Level Zero, OpenCL and MPI as its own
//! dependencies, and looks for them where a Python environment has them, or where `LD_LIBRARY_PATH` says. As JAX
//! does, its client is told that its platform is SYCL.

use super::spec::{Device, Need, Spec};
use super::wheel::{Machine, Wheel};

const fn library(library: &'static str, purpose: &'static str) -> Need {
    Need {
        library,
        purpose,
        remedy: "install Intel's oneAPI 2025 (base toolkit and MPI), and run `source /opt/intel/oneapi/setvars.sh`",
    }
}

pub(crate) const SPEC: Spec = Spec {
    name: "oneapi",
    wheels: &[Wheel {
        project: "jax-oneapi-pjrt",
        version: "0.11.2",
        sha256: "ae7250c5d4459dcfedf4de1bf683edfef0502861e44b6e9bfaa7d8133b4292c1",
        size: 135_149_983,
        unpacked: 521_495_584,
        library: "jax_plugins/xla_oneapi/xla_oneapi_plugin.so",
        platform_tag: "manylinux_2_27_x86_64",
        python_version: None,
        machine: Machine::LINUX,
    }],
    is_untried: true,
    site_packages: &["jax_plugins/xla_oneapi/xla_oneapi_plugin.so"],
    variables: &["BURN_XLA_ONEAPI_PLUGIN"],
    jax_names: &["oneapi"],
    file_words: &["oneapi"],
    environment_without_device: &[],
    client_options: &[("platform_name", "SYCL")],
    devices: &[Device::PciVendor("0x8086")],
    needs: &[
        library("libze_loader.so.1", "Level Zero, the driver's interface"),
        library("libsycl.so.8", "the SYCL runtime"),
        library("libur_loader.so.0", "the SYCL runtime"),
        library("libmkl_sycl_blas.so.5", "matrix products"),
        library("libmkl_sycl_dft.so.5", "Fourier transforms"),
        library("libOpenCL.so.1", "OpenCL"),
        library("libmpi.so.12", "collectives between GPUs"),
        library("libhwloc.so.15", "what the machine is"),
    ],
};

//! The plugin for Apple's GPUs. **Untried**: nobody has reported how it goes.
//!
//! The wheel holds the library of jax-graft's `metal-pjrt-plugin`, for macOS 26 on Apple's own processors. It needs nothing
//! beside it but the system's frameworks. What was checked elsewhere: hash and contents.

use super::spec::{Device, Spec};
use super::wheel::{Machine, Wheel};

pub(crate) const SPEC: Spec = Spec {
    name: "metal",
    wheels: &[Wheel {
        project: "metal-pjrt-core",
        version: "0.0.5",
        sha256: "6f6cde411b7b2ef08bd3afc48b68bf09df52ef20007ff3321bf13ab885e7bbfe",
        size: 60_901_578,
        unpacked: 236_829_256,
        library: "metal_pjrt_core/pjrt_c_api_mtl_plugin.dylib",
        platform_tag: "macosx_26_0_arm64",
        // The wheel wants 3.12 or later, although it holds no Python code that is used here.
        python_version: Some("3.12"),
        machine: Machine { os: "macos", arch: "aarch64" },
    }],
    is_untried: true,
    site_packages: &["metal_pjrt_core/pjrt_c_api_mtl_plugin.dylib"],
    variables: &["BURN_XLA_METAL_PLUGIN"],
    jax_names: &["metal", "mps"],
    file_words: &["metal", "mtl"],
    environment_without_device: &[],
    client_options: &[],
    devices: &[Device::File("/System/Library/Frameworks/Metal.framework")],
    needs: &[],
};

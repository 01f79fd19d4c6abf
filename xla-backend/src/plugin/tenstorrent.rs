//! The plugin for Tenstorrent's accelerators. **Untried**: nobody has reported how it goes.
//!
//! The library needs nothing beside it but the kernel module, whose devices are in `/dev/tenstorrent`. It speaks C API
//! 0.114 and reads StableHLO up to 1.14. It names the extension for profiles, but has no profiler behind it. Checked without
//! such a device: hash, contents, and that it loads.

use super::spec::{Device, Spec};
use super::wheel::{Machine, Wheel};

pub(crate) const SPEC: Spec = Spec {
    name: "tt",
    wheels: &[Wheel {
        project: "jax-tt-plugin",
        version: "0.1.3",
        sha256: "10f2fe2f77b3f0d25a68a9fbf53dab713b1edd854f1ab50bf973783c9be9da83",
        size: 83_550_265,
        unpacked: 142_519_864,
        library: "jax_plugins/libtt/libtt.so",
        platform_tag: "manylinux_2_34_x86_64",
        // The wheel wants 3.11 or later, although it holds no Python code that is used here.
        python_version: Some("3.12"),
        machine: Machine::LINUX,
    }],
    is_untried: true,
    site_packages: &["jax_plugins/libtt/libtt.so"],
    variables: &["BURN_XLA_TT_PLUGIN"],
    jax_names: &["tt"],
    file_words: &["libtt"],
    environment_without_device: &[],
    client_options: &[],
    devices: &[Device::Numbered { folder: "/dev/tenstorrent", prefix: "" }],
    needs: &[],
};

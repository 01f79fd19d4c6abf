//! The plugins for this machine's processor.
//!
//! To change the plugin, put its wheel before the others, and see what became faster, slower or wrong:
//! `benches/plugins.py` runs the recorded operations, the fixtures and the times on the first two.
//!
//! **lammps-jax-pjrt-cpu 0.11.2** (October 2026, C API 0.115) holds XLA's own CPU plugin, with the XLA of JAX
//! 0.11.2; nothing of LAMMPS is in it. It estimates no costs. Its products of bf16 are twice as fast as
//! those of the one below where the processor has them, and it compiles faster.
//!
//! **xla-cpu-pjrt 0.0.1** (2025, C API 0.81) comes from the OpenXLA project and brings the header that
//! `pjrt/ffi.rs` transcribes. By itself it offers four devices.
//!
//! With the client option `cpu_device_count` both offer any number of devices.

use super::spec::Spec;
use super::wheel::{Machine, Wheel};

pub(crate) const SPEC: Spec = Spec {
    name: "cpu",
    wheels: &[
        Wheel {
            project: "lammps-jax-pjrt-cpu",
            version: "0.11.2",
            sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
            size: 62_711_338,
            unpacked: 201_600_336,
            library: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
            platform_tag: "manylinux_2_27_x86_64",
            python_version: None,
            machine: Machine::LINUX,
        },
        Wheel {
            project: "xla-cpu-pjrt",
            version: "0.0.1",
            sha256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
            size: 63_461_052,
            unpacked: 259_284_552,
            library: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
            platform_tag: "manylinux_2_27_x86_64",
            python_version: None,
            machine: Machine::LINUX,
        },
    ],
    is_untried: false,
    site_packages: &[
        "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
        "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
    ],
    variables: &["BURN_XLA_CPU_PLUGIN"],
    jax_names: &["cpu"],
    file_words: &["cpu"],
    environment_without_device: &[],
    client_options: &[],
    devices: &[],
    needs: &[],
};

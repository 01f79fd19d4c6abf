//! The plugin for this machine's processor.
//!
//! The wheel comes from the OpenXLA project, speaks C API 0.81 and brings the header that
//! `pjrt/ffi.rs` transcribes. By itself it offers four devices; the client option
//! `cpu_device_count` makes it any number.

use super::spec::Spec;
use super::wheel::Wheel;

pub(crate) const SPEC: Spec = Spec {
    name: "cpu",
    wheel: Wheel {
        project: "xla-cpu-pjrt",
        version: "0.0.1",
        sha256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
        size: 63_461_052,
        library: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
        platform_tag: "manylinux_2_27_x86_64",
        python_version: None,
    },
    site_packages: &["xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"],
    variables: &["BURN_XLA_CPU_PLUGIN"],
    jax_names: &["cpu"],
    environment_without_device: &[],
    device_files: &[],
    needs: &[],
};

//! The plugin for Google's TPUs.
//!
//! Two habits of `libtpu` shape this file. While it is loaded it asks the metadata server of Google
//! Cloud about the machine, and elsewhere waits for an answer that does not come: hence
//! `TPU_SKIP_MDS_QUERY` where no device file shows a TPU. And without a TPU creating a client
//! fails, but topologies and ahead-of-time compilation work, so a missing device is no reason not
//! to load it.
//!
//! Its wheels are tagged by the version of Python although they hold no Python code, hence a fixed
//! tag.

use super::spec::{Device, Spec};
use super::wheel::{Machine, Wheel};

pub(crate) const SPEC: Spec = Spec {
    name: "tpu",
    wheels: &[Wheel {
        project: "libtpu",
        version: "0.0.52",
        sha256: "f5e2e596eaea9357fbb5a6755a7a9007c6ab75bfde4a55191b03eff402971140",
        size: 137_064_406,
        unpacked: 467_479_448,
        library: "libtpu/libtpu.so",
        platform_tag: "manylinux_2_31_x86_64",
        python_version: Some("3.11"),
        machine: Machine::LINUX,
    }],
    is_untried: false,
    site_packages: &["libtpu/libtpu.so"],
    variables: &["BURN_XLA_TPU_PLUGIN", "TPU_LIBRARY_PATH"],
    jax_names: &["tpu"],
    file_words: &["tpu"],
    environment_without_device: &[
        ("TPU_SKIP_MDS_QUERY", "1"),
        // What the metadata server would have told; without them it complains on standard error.
        ("TPU_ACCELERATOR_TYPE", "v4-8"),
        ("TPU_WORKER_HOSTNAMES", "localhost"),
    ],
    client_options: &[],
    devices: &[
        Device::Numbered { folder: "/dev", prefix: "accel" },
        Device::Numbered { folder: "/dev/vfio", prefix: "" },
    ],
    needs: &[],
};

//! The plugin for NVIDIA's GPUs.
//!
//! JAX's wheel and not OpenXLA's `xla-cuda13-pjrt`: that one names CUDA's libraries as its own
//! dependencies and does not even load where one is missing, so all that a user sees is the word of
//! the dynamic loader. JAX's looks for them when a client is created, also in `nvidia/*/lib` one and
//! two folders above its own, as the wheels of CUDA lay themselves out.
//!
//! The wheel's hash and contents were checked and the library was loaded, on a machine without a
//! GPU; it has not run a program yet.

use super::spec::{Device, Need, Spec};
use super::wheel::{Machine, Wheel};

/// NVIDIA's wheels, put where the plugin looks: `nvidia/*/lib`, two folders above its own. They are
/// what JAX's `jax-cuda13-plugin[with-cuda]` asks for, which itself wants Python 3.12.
const WITH_CUDA: &str = "python3 -m pip install --target {folder} 'nvidia-cublas<14' \
    'nvidia-cuda-cupti<14' 'nvidia-cuda-nvcc<14' 'nvidia-cuda-nvrtc<14' 'nvidia-cuda-runtime<14' \
    'nvidia-cudnn-cu13<10' 'nvidia-cufft<13' 'nvidia-cusolver<13' 'nvidia-cusparse<13' \
    'nvidia-nvjitlink<14' 'nvidia-nvvm<14' nvidia-nccl-cu13 nvidia-nvshmem-cu13";

const fn cuda_library(library: &'static str, purpose: &'static str) -> Need {
    Need { library, purpose, remedy: WITH_CUDA }
}

pub(crate) const SPEC: Spec = Spec {
    name: "cuda",
    wheels: &[Wheel {
        project: "jax-cuda13-pjrt",
        version: "0.12.0.1",
        sha256: "5899bb6177eda86ea532afb9a26794f2bdd04966f6a01f9028266b16c2b6cf90",
        size: 134_922_808,
        unpacked: 395_967_648,
        library: "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
        platform_tag: "manylinux_2_27_x86_64",
        python_version: None,
        machine: Machine::LINUX,
    }],
    is_untried: false,
    site_packages: &[
        "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
        "jax_plugins/xla_cuda12/xla_cuda_plugin.so",
        "xla_plugins/xla_cuda13_pjrt/xla_gpu_pjrt.so",
    ],
    variables: &["BURN_XLA_CUDA_PLUGIN"],
    jax_names: &["cuda", "gpu"],
    file_words: &["cuda", "gpu"],
    environment_without_device: &[],
    // The second is where Windows' subsystem for Linux has its driver; it shows no device file.
    client_options: &[],
    devices: &[
        Device::Numbered { folder: "/dev", prefix: "nvidia" },
        Device::Numbered { folder: "/usr/lib/wsl/lib", prefix: "libcuda.so." },
    ],
    needs: &[
        Need {
            library: "libcuda.so.1",
            purpose: "the driver",
            remedy: "install NVIDIA's driver, version 580 or later, for CUDA 13",
        },
        cuda_library("libcudart.so.13", "the CUDA runtime"),
        cuda_library("libcublas.so.13", "matrix products"),
        cuda_library("libcublasLt.so.13", "matrix products"),
        cuda_library("libcudnn.so.9", "convolutions and attention"),
        cuda_library("libcufft.so.12", "Fourier transforms"),
        cuda_library("libcusolver.so.12", "decompositions"),
        cuda_library("libcusparse.so.12", "sparse products"),
        cuda_library("libcupti.so.13", "profiling"),
        cuda_library("libnvrtc.so.13", "run-time compilation"),
        cuda_library("libnccl.so.2", "collectives between GPUs"),
    ],
};

//! Burn functions compiled as one XLA program, through PJRT: on CPUs, GPUs and TPUs.
//!
//! ```no_run
//! use burn::tensor::{Device, Tensor};
//! use burn_xla::Xla;
//!
//! let xla = Xla::cpu()?;
//! let step = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| x.matmul(w).tanh());
//! let device = Device::flex();
//! println!("{}", step.call((Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)))?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `docs/guide` of the repository has pages on XLA and TPUs (plugins, training as one program, meshes), on serving a machine's
//! devices, and on operations of one's own.
//!
//! - [`Xla`]: a device and its compiled functions; [`program`] has more of both
//! - [`plugin`]: finding, installing and describing PJRT plugins
//! - [`pjrt`]: the PJRT C API
//! - [`lower`], [`stablehlo`]: how recorded operations become a program; lowerings of one's own
//! - [`hlo`]: programs as the compiler gives them back
//! - `cost` and `eager`, with the features of these names: what a program will take of TPUs, and Burn programs that know
//!   nothing of XLA. The package `burn-xla-cli` serves them

#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::panic,
        clippy::todo,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::exit
    )
)]

#[cfg(feature = "cost")]
pub mod cost;
#[cfg(feature = "eager")]
pub mod eager;
mod error;
pub mod hlo;
pub mod lower;
#[allow(unsafe_code, reason = "the calls to plugins; nowhere else")]
pub mod pjrt;
pub mod plugin;
pub mod program;
pub mod stablehlo;
pub mod types;

pub use burn_trace::impl_tensor_tree;
pub use error::Error;
pub use program::Xla;

/// Trees and recordings, by their old names; they are [`burn_trace`]'s.
pub mod capture {
    pub use burn_trace::{
        CaptureError, Grads, Kind, Leaf, LeafSpec, LeafType, Leaves as Source, Params, Recorded,
        Recording, Stacked, TensorLeaf, TensorTree, Traced, TreeError, Visitor, checkpoint_name,
        describe, materialize, rebuild_module, record, scan, softmax, value_and_grad,
        value_and_grad_of, visit_module,
    };
}

/// Meshes of devices, by their old names; they are [`burn_trace`]'s. From a mesh and a layout XLA
/// makes one program for all devices, with the communication that it needs:
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::mesh::{Layout, Mesh};
/// use burn_xla::Xla;
/// use burn_xla::pjrt::{Client, ClientOptions};
/// use burn_xla::plugin::{self, Platform};
///
/// let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
/// let client = Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8))?;
/// let mesh: Mesh = "data=4,model=2".parse()?;
/// let layout = Layout::new(|leaf| match leaf.path.as_str() {
///     "0" => "data".parse(),
///     _ => "-,model".parse(),
/// });
/// let xla = Xla::over(&client, mesh)?.with_layout(layout);
/// let product = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| x.matmul(w));
/// let device = Device::default();
/// let y = product.call((Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)))?;
/// println!("{y}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod mesh {
    pub use burn_trace::mesh::{Layout, Mesh, MeshError, Spec};
    pub use burn_trace::{Ring, constrain, constrain_as, constrain_used, ring_linear};
}

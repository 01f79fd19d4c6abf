//! What can go wrong with a runtime.

use burn_trace::TreeError;
use thiserror::Error;

use super::names::KNOWN;

/// A runtime that is not to be had, or a function that it cannot run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No runtime has this name.
    #[error("device {got:?} is not known: it is {KNOWN}")]
    Unknown {
        /// The name that was asked for.
        got: String,
    },
    /// The runtime of this name is not in this build.
    #[error(
        "device {got:?} is not in this build: build with the feature `{feature}`, as in \
         `cargo run --release --features {feature}`"
    )]
    NotBuilt {
        /// The name that was asked for.
        got: String,
        /// The feature of `vit22b` that brings it.
        feature: &'static str,
    },
    /// The backend of this name is in this build, and finds no such device.
    #[error(
        "device {got:?} is not here: its backend is built in and finds no such device; check the driver, or take another device, \
         such as flex"
    )]
    Absent {
        /// The name that was asked for.
        got: String,
    },
    /// A mesh of devices that are not XLA's.
    #[error(
        "a mesh is of devices of XLA, and {name} is none; take xla, xla:cpu, xla:cuda or xla:tpu"
    )]
    NoMesh {
        /// The runtime.
        name: String,
    },
    /// A device that does not compute in bf16, which was asked of it.
    #[error("precision = bf16: {device} has no bf16; take f32")]
    NoBf16 {
        /// The runtime.
        device: String,
    },
    /// Arguments or a state that cannot be brought to the device.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// XLA has no plugin, or could not compile or run the function.
    #[cfg(feature = "xla")]
    #[error(transparent)]
    Xla(#[from] super::xla::ProgramError),
}

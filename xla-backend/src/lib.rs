//! Burn functions compiled as one XLA program, through PJRT.

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

pub mod capture;
#[cfg(feature = "cost")]
pub mod cost;
#[cfg(feature = "eager")]
pub mod eager;
mod error;
pub mod lower;
pub mod mesh;
#[allow(unsafe_code, reason = "the calls to plugins; nowhere else")]
pub mod pjrt;
pub mod plugin;
pub mod program;
#[cfg(feature = "serve")]
pub mod serve;
pub mod stablehlo;

pub use error::Error;
pub use program::Xla;

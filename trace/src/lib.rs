//! Burn functions recorded as graphs, with marks for compilers.
//!
//! A [`TensorTree`] is anything built of tensors: a tensor, a tuple, a `Vec`, an `Option`, a
//! module in [`Params`]. [`record`] runs a function on placeholders that have the shapes of its
//! argument tree, and gives the recorded graph with the ids of arguments and results.
//!
//! Nothing is computed and nothing takes memory: placeholders have no values, and the parameters of
//! a module that were not drawn yet are not drawn, so that models of any size can be recorded.
//!
//! Whatever is not a tensor of the argument tree is a constant of the recording: numbers, fields of
//! modules that are not parameters, tensors that the function makes from values.

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

pub mod compile;
mod error;
mod leaf_type;
mod mark;
pub mod mesh;
mod record;
mod recorder;
mod tree;
mod wire;

pub use error::{CaptureError, TreeError};
pub use leaf_type::{Kind, LeafSpec, LeafType};
pub use mark::{
    Ring, Save, checkpoint_name, constrain, constrain_as, constrain_used, materialize, ring_linear,
    scan, softmax,
};
pub use record::{Recorded, Recording, record, value_and_grad, value_and_grad_of};
pub use recorder::Traced;
pub use tree::{
    Grads, Leaf, Leaves, Params, Stacked, TensorLeaf, TensorTree, Visitor, describe,
    rebuild_module, rows, to_device, visit_module,
};

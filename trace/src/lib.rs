#![doc = include_str!("../README.md")]
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
mod optim;
mod record;
mod recorder;
mod tree;
mod wire;

pub use burn_trace_derive::TensorTree;
pub use error::{CaptureError, TreeError};
pub use leaf_type::{Kind, LeafSpec, LeafType};
pub use mark::{
    Ring, Save, checkpoint_name, constrain, constrain_as, constrain_used, materialize,
    materialize_int, ring_linear, scan, scan_as_loop, softmax,
};
pub use optim::{OptimizerState, Rate, TreeOptimizer};
pub use record::{
    Recorded, Recording, custom, custom_with_gradient, record, value_and_grad, value_and_grad_of,
};
pub use recorder::Traced;
pub use tree::{
    Grads, Leaf, Leaves, Params, Stacked, Static, StaticValue, TensorLeaf, TensorTree, Visitor,
    describe, rebuild_module, rows, to_device, visit_module,
};

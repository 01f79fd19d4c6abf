//! Recording a Burn function.
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

mod error;
mod grad;
mod identity;
mod leaf;
mod module;
mod record;
mod scan;
mod softmax;
mod stack;
mod stacked;
mod tap;
mod traced;
mod tree;

pub use error::{CaptureError, TreeError};
pub use grad::{Grads, value_and_grad, value_and_grad_of};
pub(crate) use identity::{MATERIALIZE, NAMED, identity};
pub use identity::{checkpoint_name, materialize};
pub use leaf::{Kind, Leaf, LeafSpec, LeafType, TensorLeaf};
pub use module::{Params, rebuild_module, visit_module};
pub(crate) use record::{Arguments, placeholders, placeholders_like, record_with};
pub use record::{Recorded, Recording, record};
pub use scan::scan;
pub(crate) use scan::{LANE, REGION, SCAN, SCAN_BACKWARD, rolling};
pub use softmax::softmax;
pub(crate) use softmax::{SOFTMAX, SOFTMAX_BACKWARD};
pub(crate) use stack::{STACK, UNSTACK};
pub use stacked::Stacked;
pub use traced::Traced;
pub(crate) use traced::{Primitive, Tracking, record_op};
pub use tree::{Source, TensorTree, Visitor, describe};
pub(crate) use tree::{described, join_structures, spec, walk};

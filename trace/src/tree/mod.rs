//! Trees of tensors: how they are visited, and rebuilt of other tensors.

mod composed;
mod fixed;
mod leaf;
mod lift;
mod module;
mod rows;
mod running;
mod source;
mod stacked;
mod structure;
mod tensor_tree;
mod traced;

pub use fixed::{Fixed, Opaque, Static, StaticValue, What};
pub use leaf::{Leaf, TensorLeaf};
pub use lift::Grads;
pub use module::{Params, rebuild_module, visit_module};
pub(crate) use rows::each;
pub use rows::{rows, to_device};
pub use source::Leaves;
pub use stacked::Stacked;
pub use structure::Structure;
pub(crate) use tensor_tree::seen;
pub use tensor_tree::{TensorTree, Visitor, describe, join_structures, spec, walk};
pub(crate) use traced::{primitives, rebuilt, traced};

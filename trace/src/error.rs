//! Why a function could not be recorded.

use crate::leaf_type::{Kind, LeafType};

/// A tree that cannot be walked, or rebuilt from the tensors that it is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A leaf of another kind or rank than its value.
    #[error(
        "leaf {index} of the tree is {kind} of rank {rank}, its value {got}; `TensorTree::visit` and \
         `rebuild` must name the same leaves in the same order"
    )]
    Leaf {
        /// The number of the leaf.
        index: usize,
        /// The kind that the leaf asks for.
        kind: Kind,
        /// The rank that the leaf asks for.
        rank: usize,
        /// The type of the value.
        got: LeafType,
    },
    /// There are fewer values than leaves.
    #[error(
        "the tree has more than {count} leaves; `TensorTree::visit` and `rebuild` must name the same \
         leaves in the same order"
    )]
    Missing {
        /// How many values there are.
        count: usize,
    },
    /// An optimizer for matrices is to update something else.
    #[error(
        "`{path}` has the shape {shape:?}, and Muon updates matrices; choose them by \
         `TreeOptimizer::only`, and update the other parameters with another optimizer"
    )]
    NoMatrix {
        /// The path of the parameter.
        path: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A gradient, or a tensor of an optimizer's state, that does not belong to its parameter.
    #[error(
        "the gradient or the state of `{path}` is not {param}, as the parameter is; pass the gradients of \
         these parameters, and a state that was made for them"
    )]
    Gradient {
        /// The path of the parameter.
        path: String,
        /// The type of the parameter.
        param: LeafType,
    },
    /// A program returns a module with tensors that are no parameters. In the recording they are constants, and
    /// Burn cannot move them back.
    #[error(
        "{module} holds tensors that are no parameters, so a program cannot return it; return its \
         parameters, or make a `Param` of these tensors"
    )]
    NoParameter {
        /// The type of the module.
        module: &'static str,
    },
    /// A tree is asked for without values on a device that computes.
    #[error(
        "{device} does not record, so there are no tensors without values on it; call this on the device that \
         `record_with` gives"
    )]
    NoRecording {
        /// The device.
        device: String,
    },
}

/// A function that cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The function panicked.
    #[error("the function panicked while it was recorded: {message}")]
    Function {
        /// What the panic said.
        message: String,
    },
    /// The function reads values, which there are none of.
    #[error(
        "the function reads the values of a tensor, and has none while it is recorded: {message}; leave out what \
         reads them (`into_data`, `into_scalar`, `argwhere`, `mask_select`, checks of values), or do it outside of \
         the function"
    )]
    Values {
        /// What the panic said.
        message: String,
    },
    /// The function joins its tensors with others, or moves them.
    #[error(
        "the function joins its tensors with tensors of another device, or moves them to one: {message}; pass the \
         others as arguments, or make them on the device of an argument"
    )]
    Elsewhere {
        /// What the panic said.
        message: String,
    },
    /// A result was not computed on the device of the arguments.
    #[error(
        "result `{path}` was not computed from the arguments but lives on {device}; create it on the \
         device of an argument"
    )]
    Foreign {
        /// Where the result is in the tree of results.
        path: String,
        /// The device.
        device: String,
    },
    /// Burn refuses to record.
    #[error("Burn refused to record the function: {reason}")]
    Scope {
        /// What Burn says.
        reason: String,
    },
    /// Arguments or results do not form a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

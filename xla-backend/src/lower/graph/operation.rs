//! What kind of operation one is, and how reports name it.

use burn_ir::{
    BaseOperationIr, FloatOperationIr, IntOperationIr, MatmulOpIr, ModuleOperationIr,
    NumericOperationIr, OperationIr, TensorIr,
};

use crate::lower::error::{Fault, LowerError};
use crate::lower::support::name_of;

/// The operation with its types, for errors and logs:
/// `BaseFloat::Gather of F32[2, 3], I32[2, 1] -> F32[2, 1]`.
#[cfg(feature = "eager")]
pub(crate) fn describe(op: &OperationIr) -> String {
    let (family, variant) = name_of(op);
    format!("{family}::{variant} of {}", types_of(op))
}

/// The dtypes and shapes of an operation's tensors: `F32[2, 3], I32[3] -> F32[2, 3]`.
pub(crate) fn types_of(op: &OperationIr) -> String {
    let list = |tensors: Vec<&TensorIr>| {
        tensors
            .iter()
            .map(|t| format!("{:?}{:?}", t.dtype, t.shape.to_vec()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!("{} -> {}", list(op.inputs().collect()), list(op.outputs().collect()))
}

/// The error that names the operation at which a fault was found.
pub(crate) fn fault_at(op: &OperationIr, fault: Fault) -> LowerError {
    let (family, variant) = name_of(op);
    fault.at(format!("{family}::{variant}"), types_of(op))
}

/// Whether the operation draws random numbers, so that its program needs a seed.
pub(crate) fn is_random(op: &OperationIr) -> bool {
    matches!(
        op,
        OperationIr::Float(_, FloatOperationIr::Random(_))
            | OperationIr::NumericInt(_, NumericOperationIr::IntRandom(_))
            | OperationIr::NumericFloat(_, NumericOperationIr::IntRandom(_))
    )
}

/// Whether the operation is one of those that take most of a model's time: a product of matrices, a
/// convolution, or attention.
pub(crate) fn is_product(op: &OperationIr) -> bool {
    matches!(
        op,
        OperationIr::Float(_, FloatOperationIr::Matmul(_))
            | OperationIr::Module(
                ModuleOperationIr::Linear(_)
                    | ModuleOperationIr::Attention(_)
                    | ModuleOperationIr::Conv1d(_)
                    | ModuleOperationIr::Conv2d(_)
                    | ModuleOperationIr::Conv3d(_)
            )
    )
}

/// The product of matrices that an operation is.
pub(crate) fn matmul(op: &OperationIr) -> Option<&MatmulOpIr> {
    match op {
        OperationIr::Float(_, FloatOperationIr::Matmul(d))
        | OperationIr::Int(IntOperationIr::Matmul(d)) => Some(d),
        _ => None,
    }
}

/// Whether the operation costs nothing, or makes a tensor out of a smaller one, so that computing it
/// again is cheaper than keeping its result.
pub(crate) fn rearranges(op: &OperationIr) -> bool {
    match op {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            match op {
                BaseOperationIr::Reshape(_)
                | BaseOperationIr::SwapDims(_)
                | BaseOperationIr::Permute(_)
                | BaseOperationIr::Flip(_)
                | BaseOperationIr::Expand(_)
                | BaseOperationIr::Slice(_) => true,
                BaseOperationIr::Cast(op) => op.out.dtype.size() >= op.input.dtype.size(),
                _ => false,
            }
        }
        _ => op.inputs().next().is_none(),
    }
}

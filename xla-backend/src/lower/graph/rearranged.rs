//! Operations that give the elements of their input in another arrangement.

use burn_ir::{BaseOperationIr, OperationIr, TensorIr};
use burn_trace::compile::{Hint, Mark};

use crate::types::ElementType;

/// Input and output of an operation that gives its input as it is, a constraint apart.
pub(crate) fn identity(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    if let Some(Mark::Identity { hint: Hint::Named(_), tensor }) = Mark::of(op) {
        return Some((tensor, op.outputs().next()?));
    }
    if let Some((input, out, order)) = reordered(op) {
        return order.iter().copied().eq(0..order.len()).then_some((input, out));
    }
    match base(op)? {
        BaseOperationIr::Expand(d) => (d.input.shape == d.out.shape).then_some((&d.input, &d.out)),
        BaseOperationIr::Reshape(d) => (d.input.shape == d.out.shape).then_some((&d.input, &d.out)),
        BaseOperationIr::Cast(d) => {
            let element = |t: &TensorIr| ElementType::from_dtype(t.dtype);
            (element(&d.input) == element(&d.out)).then_some((&d.input, &d.out))
        }
        _ => None,
    }
}

/// Input and output of a reshape.
pub(crate) fn reshaped(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    match base(op)? {
        BaseOperationIr::Reshape(d) => Some((&d.input, &d.out)),
        _ => None,
    }
}

/// Input, output and new order of axes.
pub(crate) fn reordered(op: &OperationIr) -> Option<(&TensorIr, &TensorIr, Vec<usize>)> {
    match base(op)? {
        BaseOperationIr::SwapDims(d) => {
            let mut order: Vec<_> = (0..d.input.shape.num_dims()).collect();
            order.swap(d.dim1, d.dim2);
            Some((&d.input, &d.out, order))
        }
        BaseOperationIr::Permute(d) => Some((&d.input, &d.out, d.axes.clone())),
        _ => None,
    }
}

fn base(op: &OperationIr) -> Option<&BaseOperationIr> {
    match op {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            Some(op)
        }
        _ => None,
    }
}

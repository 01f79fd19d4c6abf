//! Which tensors are other ones with their axes rearranged.
//!
//! A product can read the original of a transposed matrix, and so needs no copy. A matrix of rows is
//! known by the tensor that it was, so that products of the same rows are found.

use std::collections::BTreeMap;

use burn_ir::{BaseOperationIr, OperationIr, TensorId, TensorIr};
use burn_trace::compile::{Hint, Mark};

use super::placement::Placement;
use crate::types::ElementType;

/// Tensors of a block as views of others.
#[derive(Debug, Default)]
pub(crate) struct Views {
    /// For a tensor that is another one, that one.
    same: BTreeMap<TensorId, TensorId>,
    /// For a tensor that is another one with its last two axes swapped, that one.
    transposed: BTreeMap<TensorId, TensorId>,
    /// For a matrix whose rows had several axes, the tensor with these axes.
    flattened: BTreeMap<TensorId, TensorId>,
}

impl Views {
    /// The views among operations.
    pub(crate) fn new(operations: &[&OperationIr], placement: &Placement) -> Self {
        let mut views = Self::default();
        for op in operations {
            let unplaced = constrained(op).filter(|(_, out)| !placement.is_constraint(out.id));
            if let Some((input, out)) = unplaced.or_else(|| identity(op)) {
                views.same.insert(out.id, views.original(input.id));
            } else if let Some((input, out, order)) = reordered(op) {
                let batch = order.len().saturating_sub(2);
                if order[..batch].iter().copied().eq(0..batch) {
                    views.transposed.insert(out.id, views.original(input.id));
                }
            } else if let Some((input, out)) = reshaped(op)
                && let (before, [_, columns]) = (&input.shape[..], &out.shape[..])
                && before.len() > 2
                && before.last() == Some(columns)
            {
                views.flattened.insert(out.id, views.original(input.id));
            }
        }
        views
    }

    /// The tensor that a tensor is.
    fn original(&self, id: TensorId) -> TensorId {
        self.same.get(&id).copied().unwrap_or(id)
    }

    /// What a tensor is with its last two axes swapped, if there is such a tensor already.
    pub(crate) fn transposed(&self, id: TensorId) -> Option<TensorId> {
        self.transposed.get(&self.original(id)).copied()
    }

    /// The tensor that a matrix of rows was before its first axes became one; for other tensors
    /// themselves.
    pub(crate) fn rows_of(&self, id: TensorId) -> TensorId {
        let id = self.original(id);
        self.flattened.get(&id).copied().unwrap_or(id)
    }

    /// Says that a pass makes `id` by swapping the last two axes of `original`.
    pub(crate) fn add_transposed(&mut self, id: TensorId, original: TensorId) {
        self.transposed.insert(id, original);
    }
}

/// Input and output of a constraint.
fn constrained(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    use Hint::{Constrain, ConstrainAs, ConstrainLeaf, ConstrainUsed};
    match Mark::of(op)? {
        Mark::Identity {
            hint: Constrain(_) | ConstrainAs(_) | ConstrainLeaf(_) | ConstrainUsed(_),
            tensor,
        } => Some((tensor, op.outputs().next()?)),
        _ => None,
    }
}

/// Input and output of an operation that gives its input as it is, a constraint apart.
pub(super) fn identity(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
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
pub(super) fn reshaped(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    match base(op)? {
        BaseOperationIr::Reshape(d) => Some((&d.input, &d.out)),
        _ => None,
    }
}

/// Input, output and new order of axes.
fn reordered(op: &OperationIr) -> Option<(&TensorIr, &TensorIr, Vec<usize>)> {
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

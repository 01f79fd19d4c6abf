//! Which tensors have the elements of another one, which is called their original.
//!
//! Two passes want to know it. A product reads the original of a transposed matrix, along its other axis,
//! and so needs no transposed copy. And products of the same rows are found although each was recorded with
//! a reshape of its own, from `[b, n, d]` to `[b n, d]`: all these matrices have one original.

use std::collections::BTreeMap;

use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_trace::compile::{Hint, Mark};

use super::placement::Placement;
use crate::lower::graph::rearranged::{identity, reordered, reshaped};

/// The tensors of a block that have originals, with these.
#[derive(Debug, Default)]
pub(crate) struct Views {
    /// Tensors that are their originals under another name.
    same: BTreeMap<TensorId, TensorId>,
    /// Tensors that are their originals with the last two axes swapped.
    transposed: BTreeMap<TensorId, TensorId>,
    /// Matrices that are their originals with all axes but the last joined to one.
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

#[cfg(test)]
mod tests {
    use burn_backend::DType;
    use burn_ir::{BaseOperationIr, CustomOpIr, ShapeOpIr, SwapDimsOpIr};

    use super::*;

    fn tensor(id: u64, dims: &[usize]) -> TensorIr {
        TensorIr::uninit(TensorId::new(id), dims.to_vec().into(), DType::F32)
    }

    #[test]
    fn a_view_is_known_under_all_names() {
        let (x, out, named) = (tensor(1, &[2, 3, 4]), tensor(2, &[2, 4, 3]), tensor(3, &[2, 4, 3]));
        let swap = SwapDimsOpIr { input: x.clone(), out: out.clone(), dim1: 1, dim2: 2 };
        let name = CustomOpIr::new("burn_xla.name scores", &[out], std::slice::from_ref(&named));
        let (batch, rows) = (tensor(4, &[3, 2, 4]), tensor(5, &[6, 4]));
        let swap_batch = SwapDimsOpIr { input: x.clone(), out: batch.clone(), dim1: 0, dim2: 1 };
        let flatten = ShapeOpIr { input: batch.clone(), out: rows.clone() };
        let operations = [
            OperationIr::BaseFloat(BaseOperationIr::SwapDims(swap)),
            OperationIr::Custom(name),
            OperationIr::BaseFloat(BaseOperationIr::SwapDims(swap_batch)),
            OperationIr::BaseFloat(BaseOperationIr::Reshape(flatten)),
        ];
        let operations: Vec<_> = operations.iter().collect();
        let views = Views::new(&operations, &Placement::default());
        assert_eq!(views.transposed(named.id), Some(x.id));
        assert_eq!(views.transposed(batch.id), None);
        assert_eq!(views.rows_of(rows.id), batch.id);
        assert_eq!(views.rows_of(x.id), x.id);
    }
}

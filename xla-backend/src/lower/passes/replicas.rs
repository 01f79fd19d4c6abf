//! Gradients that stay unsummed over replicas of the parameters.
//!
//! Each replica computes a weight's gradient from its share of the batch. Replicas' gradients stay
//! unsummed, stacked along a new first axis, until an operation other than a reshape or a constraint
//! reads them. Devices that share a weight then reduce-scatter first, and replicas sum only shards. In
//! one sum over all devices each would receive all of the gradient before it keeps its shard.

use std::collections::BTreeMap;

use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_trace::mesh::{Layout, Mesh, Spec};

use super::Fresh;
use super::contraction::Contractions;
use super::placement::Placement;
use super::views::Views;
use crate::lower::graph::operation::matmul;
use crate::lower::graph::rearranged::reshaped;

/// The tensors of a block that stay unsummed.
#[derive(Debug, Default)]
pub(crate) struct Replicas {
    /// How many replicas there are.
    pub(crate) count: usize,
    unsummed: BTreeMap<TensorId, Unsummed>,
}

/// A tensor as the sum over the first axis of another one, its addends.
#[derive(Debug)]
pub(crate) struct Unsummed {
    /// The addends.
    pub(crate) addends: TensorId,
    /// What makes them.
    pub(crate) origin: Origin,
}

/// What makes addends.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A product over the rows of each replica.
    Product,
    /// A reshape of other addends.
    Reshape(TensorId),
    /// A constraint of other addends.
    Constraint(TensorId, Spec),
}

impl Replicas {
    /// Finds the products over rows of a batch that replicas share, and what is read of them.
    pub(crate) fn new(
        operations: &[&OperationIr],
        over: Option<(&Mesh, &Layout)>,
        contractions: &Contractions<'_>,
        (views, placement): (&Views, &Placement),
        shape_of: &dyn Fn(TensorId) -> Vec<usize>,
        fresh: &Fresh,
    ) -> Self {
        let Some((mesh, layout)) = over else { return Self::default() };
        let axes = layout.replicas();
        let count = axes.iter().filter_map(|axis| mesh.size(axis)).product();
        let mut replicas = Self { count, unsummed: BTreeMap::new() };
        if axes.is_empty() || count == 1 {
            return replicas;
        }
        let is_shared = |operands: [TensorId; 2]| {
            operands.iter().all(|&id| shape_of(id).first().is_some_and(|n| n.is_multiple_of(count)))
        };
        for op in operations.iter().filter(|op| !contractions.replaces(op)) {
            let Some(out) = op.outputs().next() else { continue };
            let origin = if let Some(product) = contractions.of_sum(op) {
                is_shared([product.lhs.id, product.rhs.id]).then_some(Origin::Product)
            } else if let Some(product) = matmul(op).filter(|product| product.out.shape.len() == 2)
            {
                let rows = views.transposed(product.lhs.id);
                rows.filter(|&rows| is_shared([rows, product.rhs.id])).map(|_| Origin::Product)
            } else if let Some((input, _)) = reshaped(op) {
                replicas.addends(input).map(Origin::Reshape)
            } else if placement.is_constraint(out.id) {
                let addends = op.inputs().next().and_then(|input| replicas.addends(input));
                let spec = placement.spec(out.id).and_then(|spec| spec.stacked_over(axes).ok());
                addends.zip(spec).map(|(addends, spec)| Origin::Constraint(addends, spec))
            } else {
                None
            };
            if let Some(origin) = origin {
                replicas.unsummed.insert(out.id, Unsummed { addends: fresh.id(), origin });
            }
        }
        replicas
    }

    fn addends(&self, tensor: &TensorIr) -> Option<TensorId> {
        self.of(tensor.id).map(|unsummed| unsummed.addends)
    }

    /// What a tensor is the sum of, if it stays unsummed.
    pub(crate) fn of(&self, id: TensorId) -> Option<&Unsummed> {
        self.unsummed.get(&id)
    }
}

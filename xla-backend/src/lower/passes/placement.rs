//! How tensors are sharded, as far as constraints say.

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_trace::compile::{Hint, Mark};
use burn_trace::mesh::{Layout, Mesh, MeshError, Spec};
use burn_trace::{Kind, LeafSpec, LeafType};

use crate::lower::error::{Fault, LowerError};
use crate::lower::graph::operation::fault_at;
use crate::lower::graph::rearranged::{identity, reshaped};

/// The specs of a block's tensors.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    specs: BTreeMap<TensorId, Spec>,
    /// The results of constraints that the layout gives a spec.
    constraints: BTreeSet<TensorId>,
}

impl Placement {
    /// Follows constraints through operations that leave the elements of a tensor where they are.
    ///
    /// # Errors
    ///
    /// [`LowerError::Unsupported`] for a spec that does not fit its tensor.
    pub(crate) fn new(
        operations: &[&OperationIr],
        over: Option<(&Mesh, &Layout)>,
    ) -> Result<Self, LowerError> {
        let mut placement = Self::default();
        let Some((mesh, layout)) = over else { return Ok(placement) };
        for op in operations {
            if let Some(Mark::Identity { hint, tensor }) = Mark::of(op)
                && let Some(out) = op.outputs().next()
            {
                match spec((mesh, layout), &hint, tensor) {
                    Ok(Some(spec)) => {
                        placement.specs.insert(out.id, spec);
                        placement.constraints.insert(out.id);
                    }
                    Ok(None) => placement.follow(tensor, out),
                    Err(error) => return Err(fault_at(op, Fault::Unsupported(error.to_string()))),
                }
            } else if let Some((input, out)) = reshaped(op).or_else(|| identity(op)) {
                placement.follow(input, out);
            }
        }
        Ok(placement)
    }

    /// The spec of a tensor, if it is known.
    pub(crate) fn spec(&self, id: TensorId) -> Option<&Spec> {
        self.specs.get(&id)
    }

    /// Whether a tensor is the result of a constraint that the layout gives a spec.
    pub(crate) fn is_constraint(&self, id: TensorId) -> bool {
        self.constraints.contains(&id)
    }

    /// Gives `out` the spec of `input` where it has the same shape, but for axes of size 1 in front.
    fn follow(&mut self, input: &TensorIr, out: &TensorIr) {
        let Some(mut spec) = self.specs.get(&input.id).cloned() else { return };
        let Some(in_front) = out.shape.len().checked_sub(input.shape.len()) else { return };
        let (front, rest) = out.shape.split_at(in_front);
        if rest == &input.shape[..] && front.iter().all(|&size| size == 1) {
            for _ in 0..in_front {
                spec = spec.stacked();
            }
            self.specs.insert(out.id, spec);
        }
    }
}

/// The spec that a mark asks for; none if it is no constraint, or if the layout does not know the name.
fn spec(
    (mesh, layout): (&Mesh, &Layout),
    hint: &Hint,
    tensor: &TensorIr,
) -> Result<Option<Spec>, MeshError> {
    let shape = tensor.shape.to_vec();
    let leaf = |path: &str| LeafSpec {
        path: path.to_owned(),
        ty: LeafType { kind: Kind::Float, dtype: tensor.dtype, shape: shape.clone() },
    };
    let (place, spec) = match hint {
        Hint::Named(_) | Hint::Materialize => return Ok(None),
        Hint::Constrain(spec) => ("a constraint", Some(spec.clone())),
        Hint::ConstrainAs(name) => (name.as_str(), layout.named(name).cloned()),
        Hint::ConstrainLeaf(path) => (path.as_str(), layout.spec(&leaf(path)).ok()),
        Hint::ConstrainUsed(path) => (path.as_str(), layout.used(&leaf(path)).ok()),
    };
    if let Some(spec) = &spec {
        mesh.shard_shape(place, spec, &shape)?;
    }
    Ok(spec)
}

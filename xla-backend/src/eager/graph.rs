//! A graph in normal form, without the values that it reads.

use std::collections::{HashMap, HashSet};

use burn_ir::{OperationIr, TensorId, TensorIr};

use super::error::Failure;
use super::normal::{Constant, Fold, Lift};

/// Operations whose tensors have numbers instead of ids, and what goes in and comes out.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub(super) operations: Vec<OperationIr>,
    pub(super) constants: Vec<Constant>,
    pub(super) inputs: Vec<TensorIr>,
    /// For each input, whether the graph is its last reader.
    pub(super) donated: Vec<bool>,
    pub(super) outputs: Vec<TensorId>,
    /// How many tensors the graph has.
    pub(super) numbers: u64,
    /// Of the operations, and of constants that are never arguments.
    pub(super) hash: u64,
}

impl Graph {
    /// A hash of all that [`Self::is_alike`] compares.
    pub(super) fn key(&self) -> u64 {
        let inputs: Vec<_> = self.inputs.iter().map(|input| input.id).collect();
        Fold::of(&(self.hash, &self.outputs, &self.donated, inputs))
    }

    /// Whether the two differ at most in constants that can be arguments.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        self.operations == other.operations
            && self.donated == other.donated
            && self.outputs == other.outputs
            && self.inputs == other.inputs
            && self.constants.iter().zip(&other.constants).all(|(constant, other)| {
                constant.lift != Lift::Never || constant.literal.is(other.literal)
            })
    }

    /// Takes operations that depend on failed tensors out of the graph. Returns for each output the failure
    /// that it has then, and for each input whether it is still read.
    pub(super) fn leave_out(
        &mut self,
        mut failed: HashMap<TensorId, Failure>,
    ) -> (Vec<Option<Failure>>, Vec<bool>) {
        for op in &self.operations {
            if let Some(failure) = op.inputs().find_map(|input| failed.get(&input.id)).cloned() {
                for output in op.outputs() {
                    failed.entry(output.id).or_insert_with(|| Failure::clone(&failure));
                }
            }
        }
        let failures: Vec<_> = self.outputs.iter().map(|id| failed.get(id).cloned()).collect();
        self.outputs.retain(|id| !failed.contains_key(id));
        let needed = self.needed();
        let kept: Vec<_> = self.inputs.iter().map(|input| needed.contains(&input.id)).collect();
        retain(&mut self.inputs, &kept);
        retain(&mut self.donated, &kept);
        (failures, kept)
    }

    /// The tensors that the outputs depend on, the outputs among them.
    pub(super) fn needed(&self) -> HashSet<TensorId> {
        let mut needed: HashSet<TensorId> = self.outputs.iter().copied().collect();
        for op in self.operations.iter().rev() {
            if op.outputs().any(|output| needed.contains(&output.id)) {
                needed.extend(op.inputs().map(|input| input.id));
            }
        }
        needed
    }
}

/// Keeps those that are marked.
pub(super) fn retain<T>(list: &mut Vec<T>, kept: &[bool]) {
    let mut each = kept.iter();
    list.retain(|_| each.next() == Some(&true));
}

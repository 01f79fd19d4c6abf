//! A graph to be executed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use burn_ir::{OperationIr, TensorId, TensorIr};

use super::error::Failure;
use super::normal::Constant;
use super::promise::Promise;
use super::value::{Outcome, Value};

/// A graph in normal form, with the values that it reads and promises for its results.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) operations: Vec<OperationIr>,
    pub(super) constants: Vec<Constant>,
    pub(super) inputs: Vec<(TensorIr, Arc<Value>)>,
    /// For each input, whether the graph is its last reader.
    pub(super) donated: Vec<bool>,
    pub(super) outputs: Vec<(TensorId, Arc<Promise<Outcome>>)>,
    /// How many tensors the graph has.
    pub(super) numbers: u64,
    pub(super) hash: u64,
    pub(super) seed: Option<u64>,
}

impl Job {
    /// Whether all inputs have values.
    pub(super) fn is_ready(&self) -> bool {
        self.inputs.iter().all(|(_, value)| value.outcome.is_kept())
    }

    /// Makes this failure the outcome of all results.
    pub(super) fn fail(&self, failure: &Failure) {
        for (_, outcome) in &self.outputs {
            outcome.keep(Err(Arc::clone(failure)));
        }
    }

    /// Takes operations that depend on these tensors out of the graph; their results fail as the tensors did.
    pub(super) fn leave_out(&mut self, mut failed: HashMap<TensorId, Failure>) {
        for op in &self.operations {
            if let Some(failure) = op.inputs().find_map(|input| failed.get(&input.id)).cloned() {
                for output in op.outputs() {
                    failed.entry(output.id).or_insert_with(|| Arc::clone(&failure));
                }
            }
        }
        self.outputs.retain(|(id, outcome)| match failed.get(id) {
            Some(failure) => {
                outcome.keep(Err(Arc::clone(failure)));
                false
            }
            None => true,
        });
        let mut needed: HashSet<TensorId> = self.outputs.iter().map(|(id, _)| *id).collect();
        for op in self.operations.iter().rev() {
            if op.outputs().any(|output| needed.contains(&output.id)) {
                needed.extend(op.inputs().map(|input| input.id));
            }
        }
        let kept: Vec<_> =
            self.inputs.iter().map(|(tensor, _)| needed.contains(&tensor.id)).collect();
        let mut each = kept.iter();
        self.inputs.retain(|_| each.next() == Some(&true));
        let mut each = kept.iter();
        self.donated.retain(|_| each.next() == Some(&true));
    }
}

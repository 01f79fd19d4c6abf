//! A graph to be executed.

use std::collections::HashMap;
use std::sync::Arc;

use burn_ir::TensorId;

use super::error::{EagerError, Failure};
use super::graph::{Graph, retain};
use super::promise::Promise;
use super::value::{Outcome, Value};

/// A graph with the values that it reads and promises for its results.
///
/// A job that is dropped without having been executed fails: nobody waits for it in vain.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) graph: Arc<Graph>,
    /// The values of the graph's inputs.
    pub(super) inputs: Vec<Arc<Value>>,
    /// What the graph's outputs become.
    pub(super) outputs: Vec<Arc<Promise<Outcome>>>,
    pub(super) seed: Option<u64>,
}

impl Job {
    /// Whether all inputs have values.
    pub(super) fn is_ready(&self) -> bool {
        self.inputs.iter().all(|value| value.outcome.is_kept())
    }

    /// Makes this failure the outcome of all results.
    pub(super) fn fail(&self, failure: &Failure) {
        for outcome in &self.outputs {
            outcome.keep(Err(Arc::clone(failure)));
        }
    }

    /// Takes operations that depend on these tensors out of the graph; their results fail as the tensors did.
    pub(super) fn leave_out(&mut self, failed: HashMap<TensorId, Failure>) {
        let (failures, read) = Arc::make_mut(&mut self.graph).leave_out(failed);
        for (outcome, failure) in self.outputs.iter().zip(&failures) {
            if let Some(failure) = failure {
                outcome.keep(Err(Arc::clone(failure)));
            }
        }
        let good: Vec<_> = failures.iter().map(Option::is_none).collect();
        retain(&mut self.outputs, &good);
        retain(&mut self.inputs, &read);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.outputs.iter().any(|outcome| !outcome.is_kept()) {
            self.fail(&Arc::new(EagerError::Dropped { operations: self.graph.operations.len() }));
        }
    }
}

//! Operations of a stream that wait to be executed.

use std::collections::HashMap;
use std::sync::Arc;

use burn_ir::{FloatOperationIr, IntOperationIr, OperationIr, TensorId, TensorIr, TensorStatus};
use smallvec::SmallVec;

use super::graph::Graph;
use super::job::Job;
use super::normal::{self, BuildFold, Constant, Fold, Give, Lift, Tensors};
use super::value::Value;

/// A graph that is being recorded, in normal form: tensors are numbered in the order in which they occur.
#[derive(Debug, Default)]
pub(super) struct Queue {
    operations: Vec<OperationIr>,
    constants: Vec<Constant>,
    inputs: Vec<TensorIr>,
    /// The values of the inputs.
    values: Vec<Arc<Value>>,
    /// The numbers of inputs.
    captured: HashMap<TensorId, u64, BuildFold>,
    /// By number, the tensors that the graph makes and that are still alive.
    living: Vec<Option<TensorId>>,
    count_living: usize,
    /// By number, the length of the chain of operations since the last product.
    depths: Vec<usize>,
    depth: usize,
    hash: u64,
    seed: Option<u64>,
}

/// The longest chain of operations without a product.
///
/// XLA makes one kernel of such a chain. If each result is used twice, the time to compile it explodes: the CPU
/// plugin 0.0.1 takes less than a second for 256, and 23 s for 512.
const DEEPEST: usize = 128;

/// An input of an operation.
pub(super) enum Source {
    /// A tensor of this graph.
    Number(u64),
    /// A tensor from before the graph.
    Value(Arc<Value>),
}

/// Tensors that an operation makes, with their numbers.
pub(super) type Made = SmallVec<[(TensorId, u64); 2]>;

/// An input is not there.
pub(super) struct Missing {
    pub(super) input: TensorId,
    /// The results of the operation.
    pub(super) outputs: Vec<TensorId>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether the graph must end.
    pub(super) fn is_deep(&self) -> bool {
        self.depth >= DEEPEST
    }

    pub(super) fn needs_seed(&self) -> bool {
        self.seed.is_none()
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.seed = Some(seed);
    }

    /// Adds an operation with so many inputs, which `source` finds. Returns the hash of its structure and the
    /// numbers of its outputs.
    ///
    /// # Errors
    ///
    /// The input that `source` does not find.
    pub(super) fn push(
        &mut self,
        mut op: OperationIr,
        inputs: usize,
        mut source: impl FnMut(TensorId) -> Option<Source>,
    ) -> Result<(u64, Made), Missing> {
        let first_constant = self.constants.len();
        let tensors: Tensors = normal::take(&mut op, self.operations.len(), &mut self.constants);
        let structure = Fold::of(&op);

        let resets = is_product(&op);
        let mut depth = 0;
        let mut numbers = SmallVec::<[u64; 8]>::new();
        let mut made = Made::new();
        for (position, &(id, _)) in tensors.iter().enumerate() {
            let number = if position >= inputs {
                let number = self.number();
                self.depths[number as usize] = if resets { 0 } else { depth + 1 };
                self.depth = self.depth.max(depth + 1);
                self.living[number as usize] = Some(id);
                self.count_living += 1;
                made.push((id, number));
                number
            } else if let Some(&number) = self.captured.get(&id) {
                number
            } else {
                match source(id) {
                    Some(Source::Number(number)) => number,
                    Some(Source::Value(value)) => {
                        let number = self.number();
                        if let Some(input) = op.inputs().nth(position) {
                            let (id, status) = (TensorId::new(number), TensorStatus::ReadOnly);
                            self.inputs.push(TensorIr { id, status, ..input.clone() });
                            self.values.push(value);
                        }
                        self.captured.insert(id, number);
                        number
                    }
                    None => {
                        self.constants.truncate(first_constant);
                        let outputs = tensors[inputs..].iter().map(|(id, _)| *id).collect();
                        return Err(Missing { input: id, outputs });
                    }
                }
            };
            depth = depth.max(self.depths[number as usize]);
            numbers.push(number);
        }
        op.visit_mut(&mut Give {
            tensors: numbers.iter().map(|&number| TensorId::new(number)),
            constants: std::iter::empty(),
        });
        let mut hasher = Fold::of(&(self.hash, structure, &numbers[..]));
        for constant in &self.constants[first_constant..] {
            if constant.lift == Lift::Never {
                hasher = Fold::of(&(hasher, constant.literal.passed()));
            }
        }
        self.hash = hasher;
        self.operations.push(op);
        Ok((structure, made))
    }

    fn number(&mut self) -> u64 {
        self.living.push(None);
        self.depths.push(0);
        self.living.len() as u64 - 1
    }

    /// Drops a tensor. Returns whether none is alive any more.
    pub(super) fn forget(&mut self, number: u64) -> bool {
        if self.living.get_mut(number as usize).is_some_and(|living| living.take().is_some()) {
            self.count_living -= 1;
        }
        self.count_living == 0
    }

    /// Ends the graph. Returns it, and the values of the tensors that are its results.
    pub(super) fn close(self) -> (Job, Vec<(TensorId, Arc<Value>)>) {
        let mut made = Vec::with_capacity(self.count_living);
        let mut outputs = Vec::with_capacity(self.count_living);
        let mut outcomes = Vec::with_capacity(self.count_living);
        for (number, id) in self.living.iter().enumerate() {
            if let Some(id) = id {
                let value = Arc::new(Value::new());
                outputs.push(TensorId::new(number as u64));
                outcomes.push(Arc::clone(&value.outcome));
                made.push((*id, value));
            }
        }
        let graph = Graph {
            numbers: self.living.len() as u64,
            operations: self.operations,
            constants: self.constants,
            donated: self.values.iter().map(|value| Arc::strong_count(value) == 1).collect(),
            inputs: self.inputs,
            outputs,
            hash: self.hash,
        };
        let (graph, inputs) = (Arc::new(graph), self.values);
        let job = Job { graph, inputs, outputs: outcomes, seed: self.seed };
        (job, made)
    }
}

fn is_product(op: &OperationIr) -> bool {
    match op {
        OperationIr::Float(_, op) => matches!(op, FloatOperationIr::Matmul(_)),
        OperationIr::Int(op) => matches!(op, IntOperationIr::Matmul(_)),
        OperationIr::Module(_) => true,
        _ => false,
    }
}

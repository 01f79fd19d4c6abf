//! A recording in a form in which equal ones are equal.

use std::collections::BTreeMap;

use burn_backend::TensorData;
use burn_ir::{GraphIr, IrVisitorMut, OperationIr, ScalarIr, TensorId, TensorIr, TensorStatus};
use burn_trace::compile::regions_of;
use burn_trace::{LeafSpec, Recording};

use super::words::difference;

/// The operations of a function, with its arguments, results and constants. Tensors are numbered from 0 in the
/// order in which they were made, so that two recordings of one function are equal.
///
/// This is what a program is lowered from, and nothing else is: programs of equal graphs are equal.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) graph: GraphIr,
    pub(super) constants: BTreeMap<TensorId, TensorData>,
    pub(super) arguments: Vec<(LeafSpec, TensorIr)>,
    pub(super) results: Vec<(LeafSpec, TensorIr)>,
    /// The numbers in the operations, bit by bit: as floats, zeros of both signs are equal and NaN is not.
    numbers: Vec<u64>,
}

impl Graph {
    pub(super) fn new(recording: Recording) -> Self {
        let Recording { mut graph, constants, mut arguments, mut results } = recording;
        let mut ids: Vec<u64> = Vec::with_capacity(graph.operations.len() + constants.len());
        for op in &mut graph.operations {
            ids.extend(op.outputs().map(|tensor| tensor.id.value()));
            regions_of(op, |region| ids.push(*region));
        }
        ids.extend(constants.keys().map(|id| id.value()));
        let boundary = arguments.iter().chain(&results);
        ids.extend(boundary.map(|(_, tensor)| tensor.id.value()));
        // As good as sorted: tensors are numbered where they are made.
        ids.sort_unstable();
        ids.dedup();
        let mut rename = Rename { ids: &ids, numbers: Vec::new() };
        for op in &mut graph.operations {
            regions_of(op, |region| *region = rename.number(*region));
            op.visit_mut(&mut rename);
        }
        for (_, tensor) in arguments.iter_mut().chain(&mut results) {
            rename.visit_tensor_mut(tensor);
        }
        let constants = constants.into_iter().map(|(mut id, data)| {
            rename.id(&mut id);
            (id, data)
        });
        let constants = constants.collect();
        let numbers = rename.numbers;
        Self { graph, constants, arguments, results, numbers }
    }

    /// What differs first, in words.
    pub(super) fn changes(&self, now: &Self) -> String {
        let changed = changed_operation(&self.graph.operations, &now.graph.operations);
        if let Some(changed) = changed {
            return changed;
        }
        if self.constants != now.constants {
            return "the values of a tensor that the function holds".into();
        }
        "the results of the function".into()
    }
}

/// The first operation that differs, in words; [`None`] if all are the same.
pub(crate) fn changed_operation(before: &[OperationIr], now: &[OperationIr]) -> Option<String> {
    for (index, (a, b)) in before.iter().zip(now).enumerate() {
        let (a, b) = (format!("{a:?}"), format!("{b:?}"));
        if let Some((old, new)) = difference(&a, &b) {
            return Some(format!("operation {index} of the recording had {old} and has {new}"));
        }
    }
    let (before, now) = (before.len(), now.len());
    (before != now).then(|| format!("{before} operations were recorded, and now {now}"))
}

impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.graph.operations, &other.graph.operations);
        self.numbers == other.numbers
            && a.len() == b.len()
            && self.arguments == other.arguments
            && self.results == other.results
            && a.iter().zip(b).all(|(a, b)| alike(a, b))
            && self.constants.len() == other.constants.len()
            && self.constants.iter().zip(&other.constants).all(|((id, a), (other_id, b))| {
                let (same_type, bytes) = (a.dtype() == b.dtype(), a.as_bytes() == b.as_bytes());
                id == other_id && a.shape() == b.shape() && same_type && bytes
            })
    }
}

/// Whether operations with the same numbers are the same.
fn alike(a: &OperationIr, b: &OperationIr) -> bool {
    // As text NaN is like itself.
    a == b || (has_nan(a) && format!("{a:?}") == format!("{b:?}"))
}

fn has_nan(op: &OperationIr) -> bool {
    struct Nan(bool);
    impl IrVisitorMut for Nan {
        fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
            self.0 |= matches!(scalar, ScalarIr::Float(value) if value.is_nan());
        }
    }
    let mut nan = Nan(false);
    op.clone().visit_mut(&mut nan);
    nan.0
}

struct Rename<'a> {
    ids: &'a [u64],
    numbers: Vec<u64>,
}

impl Rename<'_> {
    fn number(&self, id: u64) -> u64 {
        // What no operation makes keeps a number of its own, above the others.
        self.ids.binary_search(&id).map_or(u64::MAX - id, |number| number as u64)
    }

    fn id(&self, id: &mut TensorId) {
        *id = TensorId::new(self.number(id.value()));
    }
}

impl IrVisitorMut for Rename<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        self.id(&mut tensor.id);
        tensor.status = TensorStatus::ReadOnly;
    }

    fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
        self.numbers.push(match *scalar {
            ScalarIr::Float(value) => value.to_bits(),
            ScalarIr::Int(value) => value as u64,
            ScalarIr::UInt(value) => value,
            ScalarIr::Bool(value) => u64::from(value),
        });
    }
}

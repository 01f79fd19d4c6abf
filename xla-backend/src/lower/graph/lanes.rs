//! Whether all lanes of a rolled loop are computed alike.
//!
//! A loop is lowered from its body on the first lane. The body is recorded on the other lanes as well,
//! between marks, only to be compared here: from what it makes back to what it is given, operation by
//! operation. Tensors may have other ids, and operations may be in another order.

use std::collections::{BTreeMap, HashMap};

use burn_backend::TensorData;
use burn_ir::{IrVisitorMut, OperationIr, ScalarIr, TensorId, TensorIr, TensorStatus};
use burn_trace::compile::{Lane, Mark};

use super::operation::types_of;
use crate::lower::error::LowerError;
use crate::lower::support::name_of;

/// The operations without those that were recorded to be compared.
pub(crate) fn checked<'a>(
    operations: &'a [OperationIr],
    constants: &BTreeMap<TensorId, TensorData>,
) -> Result<Vec<&'a OperationIr>, LowerError> {
    let mut kept = Vec::with_capacity(operations.len());
    let mut marks = Vec::new();
    let mut open = 0;
    for op in operations {
        match Mark::of(op) {
            Some(Mark::BeginLane) => open += 1,
            Some(Mark::EndLane(lane)) => {
                open -= 1;
                marks.push(lane);
            }
            _ if open == 0 => kept.push(op),
            _ => {}
        }
    }
    if !marks.is_empty() {
        let computed = operations.iter().filter(|op| !matches!(op, OperationIr::Drop(_)));
        let made =
            computed.flat_map(|op| op.outputs().enumerate().map(move |(n, t)| (t.id, (op, n))));
        let comparison = Comparison { made_by: made.collect(), constants };
        marks.iter().try_for_each(|lane| comparison.check(lane))?;
    }
    Ok(kept)
}

struct Comparison<'a> {
    /// The operation that makes a tensor, and which of its results it is.
    made_by: HashMap<TensorId, (&'a OperationIr, usize)>,
    constants: &'a BTreeMap<TensorId, TensorData>,
}

impl Comparison<'_> {
    fn check(&self, lane: &Lane<'_>) -> Result<(), LowerError> {
        let ids = |[first, other]: [&[TensorIr]; 2]| {
            first.iter().zip(other).map(|(a, b)| (a.id, b.id)).collect::<Vec<_>>()
        };
        let differ = |expected: String, got: String| {
            Err(LowerError::Lane { lane: lane.number, expected, got })
        };
        let [first, other] = lane.made.map(<[_]>::len);
        if first != other {
            return differ(format!("{first} results"), format!("{other} results"));
        }
        // What stands for a tensor of the first lane on the other.
        let mut same: HashMap<_, _> = ids(lane.given).into_iter().collect();
        let mut open = ids(lane.made);
        while let Some((a, b)) = open.pop() {
            if a == b {
                continue;
            }
            if let Some(known) = same.insert(a, b) {
                if known == b {
                    continue;
                }
                return differ(
                    self.described(a).0,
                    format!("another one, {}", self.described(b).0),
                );
            }
            let (Some((op, nth)), Some((op_here, nth_here))) =
                (self.made_by.get(&a), self.made_by.get(&b))
            else {
                return differ(self.described(a).0, self.described(b).0);
            };
            if self.constants.get(&a) != self.constants.get(&b) {
                return differ("a constant".into(), "a constant of other values".into());
            }
            if nth != nth_here || !alike(op, op_here) {
                let (expected, got) = (self.described(a), self.described(b));
                return match expected.0 == got.0 {
                    true => differ(
                        format!("{} with {}", expected.0, expected.1),
                        format!("{} with {}", got.0, got.1),
                    ),
                    false => differ(expected.0, got.0),
                };
            }
            open.extend(op.inputs().zip(op_here.inputs()).map(|(a, b)| (a.id, b.id)));
        }
        Ok(())
    }

    /// What computes a tensor, and the numbers in it.
    fn described(&self, id: TensorId) -> (String, String) {
        let Some((op, _)) = self.made_by.get(&id) else {
            return ("a tensor from outside".into(), String::new());
        };
        let (family, variant) = name_of(op);
        let mut numbers = Numbers::default();
        (*op).clone().visit_mut(&mut numbers);
        (format!("{family}::{variant} of {}", types_of(op)), format!("{:?}", numbers.0))
    }
}

/// Whether operations are the same but for the ids of tensors.
fn alike(a: &OperationIr, b: &OperationIr) -> bool {
    let anonymous = |op: &OperationIr| {
        let numbers_of_regions = match Mark::of(op) {
            Some(Mark::Scan(_)) => 1,
            Some(Mark::ScanBackward(_)) => 2,
            _ => 0,
        };
        let mut op = op.clone();
        op.visit_mut(&mut Anonymous);
        if let OperationIr::Custom(op) = &mut op {
            op.scalars.drain(..numbers_of_regions);
        }
        op
    };
    let (a, b) = (anonymous(a), anonymous(b));
    // As text NaN is like itself.
    a == b || format!("{a:?}") == format!("{b:?}")
}

struct Anonymous;

impl IrVisitorMut for Anonymous {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        tensor.id = TensorId::new(0);
        tensor.status = TensorStatus::NotInit;
    }
}

#[derive(Default)]
struct Numbers(Vec<ScalarIr>);

impl IrVisitorMut for Numbers {
    fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
        self.0.push(*scalar);
    }
}

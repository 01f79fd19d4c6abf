//! The form in which marks are recorded: an id, numbers, and tensors of one of Burn's custom operations.
//!
//! This file alone knows it. [`Mark::write`] gives the form that is recorded, and [`Mark::of`] reads it back,
//! side by side, so that writer and compilers cannot drift apart. Ids do not change, so that graphs that were
//! stored can be read.

use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorIr};

use super::mark::{Hint, Lane, Mark, RingProduct, Scan, ScanBackward};
use crate::mesh::Spec;

/// Makes a tensor of a loop's body.
const PLACEHOLDER: &str = "burn_xla.placeholder";
/// Stacks lanes.
const STACK: &str = "burn_xla.stack";
/// Takes a stack apart.
const UNSTACK: &str = "burn_xla.unstack";
/// Before and after a body.
const REGION: &str = "burn_xla.region";
/// Before and after a body that is recorded to be compared.
const LANE: &str = "burn_xla.lane";
/// A loop over a body.
const SCAN: &str = "burn_xla.scan";
/// A loop over the gradient of a body.
const SCAN_BACKWARD: &str = "burn_xla.scan_backward";
/// Softmax.
const SOFTMAX: &str = "burn_xla.softmax";
/// The gradient of softmax.
const SOFTMAX_BACKWARD: &str = "burn_xla.softmax_backward";
/// Before the kind and the spec of a ring.
const RING: &str = "burn_xla.ring ";
/// Keeps a tensor in memory.
const MATERIALIZE: &str = "burn_xla.materialize";
/// Before the name of a tensor.
const NAMED: &str = "burn_xla.name ";
/// Before a spec.
const CONSTRAIN: &str = "burn_xla.constrain ";
/// Before a name that the layout knows.
const CONSTRAIN_AS: &str = "burn_xla.constrain_as ";
/// Before the path of a parameter, where it is stored.
const CONSTRAIN_LEAF: &str = "burn_xla.constrain_leaf ";
/// Before the path of a parameter, where it is used.
const CONSTRAIN_USED: &str = "burn_xla.constrain_used ";

/// The form in which a mark is recorded.
#[derive(Debug, Default)]
pub(crate) struct Written<'a, T> {
    pub(crate) id: String,
    pub(crate) numbers: Vec<u64>,
    pub(crate) inputs: Vec<&'a T>,
}

impl<'a, T> Mark<'a, T> {
    /// The form in which the mark is recorded.
    pub(crate) fn write(&self) -> Written<'a, T> {
        match self {
            Self::Placeholder => written(PLACEHOLDER, [], []),
            Self::Stack { lanes } => written(STACK, [], [*lanes]),
            Self::Unstack { stack } => written(UNSTACK, [], [one(stack)]),
            Self::BeginRegion { region } => written(REGION, [0, *region], []),
            Self::EndRegion { region } => written(REGION, [1, *region], []),
            Self::BeginLane => written(LANE, [], []),
            Self::EndLane(Lane { number, given, made }) => {
                let sizes = [*number, given[0].len(), made[0].len(), made[1].len()];
                written(LANE, sizes.map(|n| n as u64), [given[0], given[1], made[0], made[1]])
            }
            Self::Scan(scan) => {
                let Scan { region, lanes, starts, stacks, carry, leaves, next, results } = *scan;
                let sizes = [lanes, starts.len(), stacks.len(), results.len()];
                let [lanes, starts_len, stacks_len, results_len] = sizes.map(|n| n as u64);
                written(
                    SCAN,
                    [region, lanes, starts_len, stacks_len, results_len],
                    [starts, stacks, carry, leaves, next, results],
                )
            }
            Self::ScanBackward(scan) => {
                let ScanBackward { forward, region, lanes, .. } = *scan;
                let ScanBackward { starts, stacks, carry, given, next, wanted, .. } = *scan;
                let sizes = [lanes, starts.len(), stacks.len(), wanted.len()];
                let [lanes, starts_len, stacks_len, wanted_len] = sizes.map(|n| n as u64);
                written(
                    SCAN_BACKWARD,
                    [forward, region, lanes, starts_len, stacks_len, wanted_len],
                    [starts, stacks, carry, given, next, wanted],
                )
            }
            Self::Identity { hint, tensor } => written(&hint.write(), [], [one(tensor)]),
            Self::Softmax { x } => written(SOFTMAX, [], [one(x)]),
            Self::SoftmaxBackward { y, gradient } => {
                written(SOFTMAX_BACKWARD, [], [one(y), one(gradient)])
            }
            Self::Ring { product, spec, left, right } => {
                written(&format!("{RING}{} {spec}", product.name()), [], [one(left), one(right)])
            }
        }
    }
}

impl<'a> Mark<'a> {
    /// The mark that an operation is; [`None`] if it is none, or not of the form that is recorded.
    pub fn of(op: &'a OperationIr) -> Option<Self> {
        let OperationIr::Custom(op) = op else { return None };
        let mark = Self::read(op)?;
        let made = match &mark {
            Self::BeginRegion { .. } | Self::EndRegion { .. } => 0,
            Self::BeginLane | Self::EndLane(_) => 0,
            Self::Unstack { stack } => *stack.shape.first()?,
            Self::Scan(scan) => scan.next.len() + scan.results.len(),
            Self::ScanBackward(scan) => scan.next.len() + scan.wanted.len(),
            _ => 1,
        };
        (op.outputs.len() == made).then_some(mark)
    }

    fn read(op: &'a CustomOpIr) -> Option<Self> {
        let numbers = op.scalars.iter().map(|scalar| match scalar {
            ScalarIr::UInt(number) => Some(*number),
            _ => None,
        });
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        Some(match (op.id.as_str(), &numbers[..], &op.inputs[..]) {
            (PLACEHOLDER, [], []) => Self::Placeholder,
            (STACK, [], lanes @ [_, ..]) => Self::Stack { lanes },
            (UNSTACK, [], [stack]) => Self::Unstack { stack },
            (REGION, &[0, region], []) => Self::BeginRegion { region },
            (REGION, &[1, region], []) => Self::EndRegion { region },
            (LANE, [], []) => Self::BeginLane,
            (LANE, [number, sizes @ ..], inputs) => {
                let [given, made, made_here] = lengths(sizes)?;
                let [first_given, given, first_made, made] =
                    cut(inputs, [given, given, made, made_here])?;
                let number = usize::try_from(*number).ok()?;
                Self::EndLane(Lane {
                    number,
                    given: [first_given, given],
                    made: [first_made, made],
                })
            }
            (SCAN, [region, sizes @ ..], inputs) => {
                let [lanes, carry, leaves, results] = lengths(sizes)?;
                let [starts, stacks, carry, leaves, next, results] =
                    cut(inputs, [carry, leaves, carry, leaves, carry, results])?;
                Self::Scan(Scan {
                    region: *region,
                    lanes,
                    starts,
                    stacks,
                    carry,
                    leaves,
                    next,
                    results,
                })
            }
            (SCAN_BACKWARD, [forward, region, sizes @ ..], inputs) => {
                let [lanes, carry, given, wanted] = lengths(sizes)?;
                let [starts, stacks, carry, given, next, wanted] =
                    cut(inputs, [carry, given, carry, given, carry, wanted])?;
                Self::ScanBackward(ScanBackward {
                    forward: *forward,
                    region: *region,
                    lanes,
                    starts,
                    stacks,
                    carry,
                    given,
                    next,
                    wanted,
                })
            }
            (SOFTMAX, [], [x]) => Self::Softmax { x },
            (SOFTMAX_BACKWARD, [], [y, gradient]) => Self::SoftmaxBackward { y, gradient },
            (id, [], [left, right]) => {
                let (product, spec) = RingProduct::parse(id)?;
                Self::Ring { product, spec, left, right }
            }
            (id, [], [tensor]) => Self::Identity { hint: Hint::read(id)?, tensor },
            _ => return None,
        })
    }
}

/// Shows the numbers of regions in an operation, to be changed.
pub fn regions_of(op: &mut OperationIr, mut change: impl FnMut(&mut u64)) {
    let OperationIr::Custom(op) = op else { return };
    let numbers = match op.id.as_str() {
        REGION => 1..2,
        SCAN => 0..1,
        SCAN_BACKWARD => 0..2,
        _ => return,
    };
    for scalar in op.scalars.get_mut(numbers).into_iter().flatten() {
        if let ScalarIr::UInt(number) = scalar {
            change(number);
        }
    }
}

impl Hint {
    fn write(&self) -> String {
        match self {
            Self::Named(name) => format!("{NAMED}{name}"),
            Self::Materialize => MATERIALIZE.to_owned(),
            Self::Constrain(spec) => format!("{CONSTRAIN}{spec}"),
            Self::ConstrainAs(name) => format!("{CONSTRAIN_AS}{name}"),
            Self::ConstrainLeaf(path) => format!("{CONSTRAIN_LEAF}{path}"),
            Self::ConstrainUsed(path) => format!("{CONSTRAIN_USED}{path}"),
        }
    }

    fn read(id: &str) -> Option<Self> {
        if id == MATERIALIZE {
            return Some(Self::Materialize);
        }
        let after = |prefix| id.strip_prefix(prefix).map(str::to_owned);
        after(NAMED)
            .map(Self::Named)
            .or_else(|| after(CONSTRAIN_AS).map(Self::ConstrainAs))
            .or_else(|| after(CONSTRAIN_LEAF).map(Self::ConstrainLeaf))
            .or_else(|| after(CONSTRAIN_USED).map(Self::ConstrainUsed))
            .or_else(|| Some(Self::Constrain(after(CONSTRAIN)?.parse().ok()?)))
    }
}

impl RingProduct {
    const ALL: [Self; 3] = [Self::Gather, Self::Scatter, Self::Outer];

    fn name(self) -> &'static str {
        match self {
            Self::Gather => "gather",
            Self::Scatter => "scatter",
            Self::Outer => "outer",
        }
    }

    fn parse(id: &str) -> Option<(Self, Spec)> {
        let (product, spec) = id.strip_prefix(RING)?.split_once(' ')?;
        Some((Self::named(product)?, spec.parse().ok()?))
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }
}

fn written<'a, T, const N: usize, const M: usize>(
    id: &str,
    numbers: [u64; N],
    inputs: [&'a [T]; M],
) -> Written<'a, T> {
    Written {
        id: id.to_owned(),
        numbers: numbers.to_vec(),
        inputs: inputs.into_iter().flatten().collect(),
    }
}

fn one<T>(tensor: &T) -> &[T] {
    std::slice::from_ref(tensor)
}

fn lengths<const N: usize>(numbers: &[u64]) -> Option<[usize; N]> {
    let lengths = numbers.iter().map(|&n| usize::try_from(n).ok()).collect::<Option<Vec<_>>>()?;
    lengths.try_into().ok()
}

/// Cuts the tensors into slices of these lengths.
fn cut<const N: usize>(mut tensors: &[TensorIr], lengths: [usize; N]) -> Option<[&[TensorIr]; N]> {
    let mut slices = [tensors; N];
    for (slice, length) in slices.iter_mut().zip(lengths) {
        (*slice, tensors) = tensors.split_at_checked(length)?;
    }
    tensors.is_empty().then_some(slices)
}

#[cfg(test)]
mod tests {
    use burn_backend::DType;
    use burn_ir::TensorId;

    use super::*;

    fn tensors(ids: std::ops::Range<u64>) -> Vec<TensorIr> {
        ids.map(|id| TensorIr::uninit(TensorId::new(id), [4, 2].into(), DType::F32)).collect()
    }

    fn operation(mark: &Mark<'_>, outputs: u64) -> OperationIr {
        let Written { id, numbers, inputs } = mark.write();
        OperationIr::Custom(CustomOpIr {
            id,
            inputs: inputs.into_iter().cloned().collect(),
            outputs: tensors(100..100 + outputs),
            scalars: numbers.into_iter().map(ScalarIr::UInt).collect(),
        })
    }

    #[test]
    fn marks_are_read_as_they_are_written() {
        let t = tensors(0..20);
        let spec: Spec = "data,-,model".parse().unwrap();
        let (x, y) = (&t[0], &t[1]);
        let identity = |hint| Mark::Identity { hint, tensor: x };
        let ring = |product| Mark::Ring { product, spec: spec.clone(), left: x, right: y };
        let marks = [
            (Mark::Placeholder, 1, "burn_xla.placeholder"),
            (Mark::Stack { lanes: &t[..3] }, 1, "burn_xla.stack"),
            (Mark::Unstack { stack: x }, 4, "burn_xla.unstack"),
            (Mark::BeginRegion { region: 7 }, 0, "burn_xla.region"),
            (Mark::EndRegion { region: 7 }, 0, "burn_xla.region"),
            (Mark::BeginLane, 0, "burn_xla.lane"),
            (
                Mark::EndLane(Lane {
                    number: 3,
                    given: [&t[..2], &t[2..4]],
                    made: [&t[4..5], &t[5..8]],
                }),
                0,
                "burn_xla.lane",
            ),
            (
                Mark::Scan(Scan {
                    region: 7,
                    lanes: 4,
                    starts: &t[..1],
                    stacks: &t[1..3],
                    carry: &t[3..4],
                    leaves: &t[4..6],
                    next: &t[6..7],
                    results: &t[7..10],
                }),
                4,
                "burn_xla.scan",
            ),
            (
                Mark::ScanBackward(ScanBackward {
                    forward: 7,
                    region: 8,
                    lanes: 4,
                    starts: &t[..2],
                    stacks: &t[2..5],
                    carry: &t[5..7],
                    given: &t[7..10],
                    next: &t[10..12],
                    wanted: &t[12..13],
                }),
                3,
                "burn_xla.scan_backward",
            ),
            (identity(Hint::Named("hidden".into())), 1, "burn_xla.name hidden"),
            (identity(Hint::Materialize), 1, "burn_xla.materialize"),
            (identity(Hint::Constrain(spec.clone())), 1, "burn_xla.constrain data,-,model"),
            (identity(Hint::ConstrainAs("hidden".into())), 1, "burn_xla.constrain_as hidden"),
            (identity(Hint::ConstrainLeaf("a.b".into())), 1, "burn_xla.constrain_leaf a.b"),
            (identity(Hint::ConstrainUsed("a.b".into())), 1, "burn_xla.constrain_used a.b"),
            (Mark::Softmax { x }, 1, "burn_xla.softmax"),
            (Mark::SoftmaxBackward { y, gradient: x }, 1, "burn_xla.softmax_backward"),
            (ring(RingProduct::Gather), 1, "burn_xla.ring gather data,-,model"),
            (ring(RingProduct::Scatter), 1, "burn_xla.ring scatter data,-,model"),
            (ring(RingProduct::Outer), 1, "burn_xla.ring outer data,-,model"),
        ];
        for (mark, outputs, id) in marks {
            let op = operation(&mark, outputs);
            assert_eq!(mark.write().id, id);
            assert_eq!(Mark::of(&op), Some(mark.clone()));
            assert_eq!(Mark::of(&operation(&mark, outputs + 1)), None, "{mark:?}");
        }
    }

    #[test]
    fn other_operations_are_no_marks() {
        let t = tensors(0..2);
        for id in ["mine", "burn_xla.other", "burn_xla.constrain a b", "burn_xla.ring round data"] {
            for inputs in 0..=2 {
                let op = CustomOpIr::new(id, &t[..inputs], &t[..1]);
                assert_eq!(Mark::of(&OperationIr::Custom(op)), None, "{id}");
            }
        }
    }
}

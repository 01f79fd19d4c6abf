//! Loops over a body that was recorded once.
//!
//! The loop forward keeps, for each lane, what the loop backward reads of it. Which tensors may be
//! kept is the caller's choice ([`Save`]); what is not kept is computed again from what is, in the
//! loop backward. Tensors that only rearrange others are always computed again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burn_ir::{
    BaseOperationIr, FloatOperationIr, ModuleOperationIr, OperationIr, TensorId, TensorIr,
};
use burn_trace::Save;
use burn_trace::compile::NAMED;

use crate::lower::context::{Context, tensor_type};
use crate::lower::error::{Fault, Lowered, unsupported};
use crate::lower::graph::regions::{Backward, Node, Scan, Stream, ids, writes};
use crate::lower::program::{is_random, lower_nodes};
use crate::stablehlo::{Builder, Comparison, ElementType, TensorType, Value};

/// Whether a loop forward may keep what the operation makes.
fn keeps(save: &Save, op: &OperationIr) -> bool {
    match save {
        Save::Nothing => false,
        Save::Everything => !rearranges(op),
        Save::Products => is_product(op),
        Save::Named(names) => match op {
            OperationIr::Custom(op) => {
                op.id.strip_prefix(NAMED).is_some_and(|name| names.iter().any(|n| n == name))
            }
            _ => false,
        },
    }
}

pub(crate) fn is_product(op: &OperationIr) -> bool {
    matches!(
        op,
        OperationIr::Float(_, FloatOperationIr::Matmul(_))
            | OperationIr::Module(
                ModuleOperationIr::Linear(_)
                    | ModuleOperationIr::Attention(_)
                    | ModuleOperationIr::Conv1d(_)
                    | ModuleOperationIr::Conv2d(_)
                    | ModuleOperationIr::Conv3d(_)
            )
    )
}

/// Costs nothing, or makes a tensor out of a smaller one.
fn rearranges(op: &OperationIr) -> bool {
    match op {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            match op {
                BaseOperationIr::Reshape(_)
                | BaseOperationIr::SwapDims(_)
                | BaseOperationIr::Permute(_)
                | BaseOperationIr::Flip(_)
                | BaseOperationIr::Expand(_)
                | BaseOperationIr::Slice(_) => true,
                BaseOperationIr::Cast(op) => op.out.dtype.size() >= op.input.dtype.size(),
                _ => false,
            }
        }
        _ => op.inputs().next().is_none(),
    }
}

/// What a loop keeps of its lanes: tensors of the body, and their stacks.
pub(crate) type Kept = BTreeMap<TensorId, Value>;

/// A loop forward. `needed` are the tensors that something reads behind it; `kept` are those of
/// the body that the loop backward reads.
pub(crate) fn forward(
    cx: &Context<'_>,
    stream: &Stream<'_>,
    node: &Node<'_>,
    scan: &Scan<'_>,
    needed: &BTreeSet<TensorId>,
    kept: &[TensorIr],
) -> Lowered<Kept> {
    let (finals, stacked) = scan.outputs.split_at(scan.next.len());
    let results: Vec<_> =
        scan.results.iter().zip(stacked).filter(|(_, out)| needed.contains(&out.id)).collect();
    let made: Vec<_> = results.iter().map(|(result, _)| *result).chain(kept).cloned().collect();
    let frame = Loop {
        stream,
        nodes: stream.nodes(node),
        lanes: scan.lanes,
        reversed: false,
        carry: scan.carry,
        next: scan.next,
        starts: values_of(cx, scan.starts)?,
        stacks: pairs(cx, scan.leaves, scan.stacks)?,
        fixed: vec![],
        made: &made,
    };
    let (values, stacks) = cx.in_phase("forward", BTreeSet::new(), || frame.lower(cx))?;
    finals.iter().zip(values).try_for_each(|(out, value)| cx.set(out, value))?;
    results.iter().zip(&stacks).try_for_each(|((_, out), &value)| cx.set(out, value))?;
    let stacks_kept = stacks[results.len()..].iter();
    cx.kept.borrow_mut().extend(stacks_kept.map(|&stack| (*cx.b.type_of(stack)).clone()));
    Ok(kept.iter().map(|t| t.id).zip(stacks[results.len()..].iter().copied()).collect())
}

/// The tensors of the body that a loop backward reads, but for those of the lane.
pub(crate) fn reads_of_forward(
    stream: &Stream<'_>,
    node: &Node<'_>,
    back: &Backward<'_>,
    needed: &BTreeSet<TensorId>,
    save: &Save,
) -> Vec<TensorIr> {
    let Some(scan) = stream.scan(back.forward) else { return vec![] };
    let mut may_keep: BTreeMap<TensorId, &TensorIr> =
        scan.carry.iter().map(|t| (t.id, t)).collect();
    for inner in stream.regions.get(&back.forward).into_iter().flatten() {
        if let Node::Op(op) = inner
            && keeps(save, op)
        {
            may_keep.extend(op.outputs().map(|t| (t.id, t)));
        }
    }
    let mut given = ids(scan.leaves.iter().chain(back.carry).chain(back.given));
    given.extend(may_keep.keys());
    let results = ids(back.next.iter().chain(&wanted(back, needed)));
    let live = stream.live(&stream.nodes(node), &given, &results);
    may_keep.into_values().filter(|t| live.needed.contains(&t.id)).cloned().collect()
}

/// The gradients by the lane that something reads.
fn wanted(back: &Backward<'_>, needed: &BTreeSet<TensorId>) -> Vec<TensorIr> {
    let stacked = &back.outputs[back.next.len()..];
    let wanted = back.wanted.iter().zip(stacked).filter(|(_, out)| needed.contains(&out.id));
    wanted.map(|(t, _)| t.clone()).collect()
}

/// A loop backward.
pub(crate) fn backward(
    cx: &Context<'_>,
    stream: &Stream<'_>,
    node: &Node<'_>,
    back: &Backward<'_>,
    needed: &BTreeSet<TensorId>,
    kept: &Kept,
) -> Lowered {
    let Some(scan) = stream.scan(back.forward) else {
        return unsupported("the gradient of a loop that was not recorded");
    };
    let made = wanted(back, needed);
    let mut stacks = pairs(cx, back.given, back.stacks)?;
    stacks.extend(kept.iter().map(|(&id, &value)| (id, value)));
    let frame = Loop {
        stream,
        nodes: stream.nodes(node),
        lanes: back.lanes,
        reversed: true,
        carry: back.carry,
        next: back.next,
        starts: values_of(cx, back.starts)?,
        stacks,
        // Parameters, which are read behind the loop.
        fixed: pairs(cx, scan.leaves, scan.stacks)?,
        made: &made,
    };
    let again = stream.regions.get(&back.forward).into_iter().flatten().flat_map(writes).collect();
    let (values, stacks) = cx.in_phase("backward", again, || frame.lower(cx))?;
    let (finals, stacked) = back.outputs.split_at(back.next.len());
    finals.iter().zip(values).try_for_each(|(out, value)| cx.set(out, value))?;
    let stacked = stacked.iter().filter(|out| needed.contains(&out.id));
    stacked.zip(stacks).try_for_each(|(out, value)| cx.set(out, value))
}

fn values_of(cx: &Context<'_>, tensors: &[TensorIr]) -> Lowered<Vec<Value>> {
    tensors.iter().map(|t| cx.get(t)).collect()
}

/// Tensors of the body with the stacks that they are lanes of, as far as these are known: what
/// nothing needs was not lowered.
fn pairs(
    cx: &Context<'_>,
    inside: &[TensorIr],
    stacks: &[TensorIr],
) -> Lowered<Vec<(TensorId, Value)>> {
    inside.iter().zip(stacks).map(|(t, stack)| Ok((t.id, cx.get(stack)?))).collect()
}

/// A loop over lanes.
struct Loop<'l, 'a> {
    stream: &'l Stream<'a>,
    nodes: Vec<&'l Node<'a>>,
    lanes: usize,
    reversed: bool,
    /// What is passed on: in the body, made by it, and at first.
    carry: &'l [TensorIr],
    next: &'l [TensorIr],
    starts: Vec<Value>,
    /// Tensors of the body that are lanes of stacks, which the loop may write over.
    stacks: Vec<(TensorId, Value)>,
    /// As `stacks`; the loop does not write over these.
    fixed: Vec<(TensorId, Value)>,
    /// What the body makes to be stacked.
    made: &'l [TensorIr],
}

impl Loop<'_, '_> {
    /// What is passed on at last, and the stacks that were made.
    fn lower(self, cx: &Context<'_>) -> Lowered<(Vec<Value>, Vec<Value>)> {
        let b = &cx.b;
        let of_lane = self.stacks.iter().chain(&self.fixed).map(|(id, _)| *id);
        let given: BTreeSet<_> = ids(self.carry).into_iter().chain(of_lane).collect();
        let results: BTreeSet<_> = ids(self.next.iter().chain(self.made));
        let live = self.stream.live(&self.nodes, &given, &results);
        if live.nodes.iter().any(|node| is_random(node.op())) {
            return unsupported(
                "a random operation in a rolled loop would draw the same numbers in each lane: pass \
                 random tensors to the lanes, or draw from a counter",
            );
        }
        let made_inside: BTreeSet<_> = live.nodes.iter().flat_map(|node| writes(node)).collect();
        let outside = live
            .needed
            .iter()
            .copied()
            .filter(|id| !given.contains(id) && !made_inside.contains(id));
        let is_read = |(id, _): &(TensorId, Value)| live.needed.contains(id);
        let mut stacks: Vec<_> = self.stacks.iter().copied().filter(is_read).collect();

        // A stack that is made takes the place of one that is read, if they are alike: a lane is
        // read before it is written, and so the loop works in place.
        let mut in_place = vec![None; self.made.len()];
        let mut accumulators = Vec::new();
        for (index, made) in self.made.iter().enumerate() {
            let lane = tensor_type(made)?;
            let ty = TensorType::new(lane.element, [&[self.lanes], lane.dims.as_slice()].concat());
            let alike = stacks.iter().position(|(_, stack)| *b.type_of(*stack) == ty);
            let start = match alike {
                Some(position) => {
                    let (id, stack) = stacks.remove(position);
                    in_place[index] = Some(id);
                    stack
                }
                None => b.splat(0.0, ty.element, &ty.dims)?,
            };
            accumulators.push(start);
        }
        stacks.extend(self.fixed.iter().copied().filter(is_read));

        // Lanes of stacks outside stay that: the stack is passed in.
        let mut outside_values = Vec::new();
        let mut positions = HashMap::new();
        let mut position_of = |value: Value| {
            *positions.entry(value).or_insert_with(|| {
                outside_values.push(value);
                outside_values.len() - 1
            })
        };
        let mut known = Vec::new();
        for id in outside {
            known.push(match cx.lane(id) {
                Some((stack, lane)) => (id, position_of(stack), Some(lane)),
                None => (id, position_of(cx.find(id)?), None),
            });
        }
        let zero = b.splat_int(0, ElementType::I32, &[])?;
        let counts = [1, self.starts.len(), accumulators.len(), stacks.len(), outside_values.len()];
        let carried: Vec<_> = std::iter::once(zero)
            .chain(self.starts.iter().copied())
            .chain(accumulators)
            .chain(stacks.iter().map(|s| s.1))
            .chain(outside_values)
            .collect();
        let ends = b.while_loop::<Fault>(
            &carried,
            |b, values| {
                let lanes = b.splat_int(self.lanes as i128, ElementType::I32, &[])?;
                Ok(b.compare(Comparison::Less, values[0], lanes)?)
            },
            |b, values| {
                let [_, passed, accumulators, stack_values, outside_values] = cut(values, counts);
                let lane = match self.reversed {
                    true => {
                        let last = b.splat_int(self.lanes as i128 - 1, ElementType::I32, &[])?;
                        b.subtract(last, values[0])?
                    }
                    false => values[0],
                };
                let mut inside: HashMap<TensorId, Value> = HashMap::new();
                inside.extend(self.carry.iter().map(|t| t.id).zip(passed.iter().copied()));
                for ((id, _), &stack) in stacks.iter().zip(stack_values) {
                    inside.insert(*id, read_lane(b, stack, lane)?);
                }
                for (id, &stack) in in_place.iter().zip(accumulators) {
                    if let Some(id) = id {
                        inside.insert(*id, read_lane(b, stack, lane)?);
                    }
                }
                let (next, made) = cx.with_values(inside, || {
                    for &(id, position, lane) in &known {
                        match lane {
                            Some(lane) => cx.define_lane(id, outside_values[position], lane),
                            None => cx.define(id, outside_values[position]),
                        }
                    }
                    lower_nodes(cx, self.stream, &live, &results)?;
                    Ok((values_of(cx, self.next)?, values_of(cx, self.made)?))
                })?;
                let one = b.splat_int(1, ElementType::I32, &[])?;
                let mut yielded = vec![b.add(values[0], one)?];
                yielded.extend(next);
                for (&stack, value) in accumulators.iter().zip(made) {
                    yielded.push(write_lane(b, stack, value, lane)?);
                }
                yielded.extend_from_slice(&values[yielded.len()..]);
                Ok(yielded)
            },
        )?;
        let [_, finals, accumulators, ..] = cut(&ends, counts);
        Ok((finals.to_vec(), accumulators.to_vec()))
    }
}

fn cut<const N: usize>(mut values: &[Value], lengths: [usize; N]) -> [&[Value]; N] {
    lengths.map(|length| {
        let (part, rest) = values.split_at(length);
        values = rest;
        part
    })
}

fn read_lane(b: &Builder, stack: Value, lane: Value) -> Lowered<Value> {
    let mut sizes = b.dims(stack);
    sizes[0] = 1;
    let slice = b.dynamic_slice(stack, &starts(b, lane, sizes.len())?, &sizes)?;
    Ok(b.reshape(slice, &sizes[1..])?)
}

fn write_lane(b: &Builder, stack: Value, value: Value, lane: Value) -> Lowered<Value> {
    let mut sizes = b.dims(stack);
    sizes[0] = 1;
    let update = b.reshape(value, &sizes)?;
    Ok(b.dynamic_update_slice(stack, update, &starts(b, lane, sizes.len())?)?)
}

/// Where the lane begins, or whatever else begins at `lane` along the first dimension.
pub(crate) fn starts(b: &Builder, lane: Value, rank: usize) -> Lowered<Vec<Value>> {
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    Ok(std::iter::once(lane).chain(vec![zero; rank - 1]).collect())
}

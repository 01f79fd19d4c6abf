//! Loops over a region that was recorded once.

use std::collections::HashMap;

use burn_ir::{TensorId, TensorIr};

use crate::lower::context::{Context, tensor_type};
use crate::lower::error::{Emitted, Fault};
use crate::lower::passes::Block;
use crate::lower::passes::step::{Loop, Stack};
use crate::stablehlo::{Builder, Comparison, ElementType, TensorType, Value};

/// Emits a loop; `emit` is what emits a block.
///
/// The loop passes on a counter, then what the body passes on, the stacks that it makes, those that it
/// reads, and what it reads of what is outside.
pub(crate) fn lower<'a>(
    cx: &Context<'a>,
    frame: &'a Loop<'a>,
    emit: &dyn Fn(&Context<'a>, &'a Block<'a>) -> Emitted,
) -> Emitted {
    let b = &cx.b;
    let starts = values_of(cx, frame.starts)?;
    let mut stacks = pairs(cx, &frame.stacks)?;
    let fixed = pairs(cx, &frame.fixed)?;
    let (accumulators, in_place) = accumulators(cx, frame, &mut stacks)?;
    stacks.extend(fixed);
    let outside = Outside::new(cx, frame)?;
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    let counts = [1, starts.len(), accumulators.len(), stacks.len(), outside.values.len()];
    let carried: Vec<_> = std::iter::once(zero)
        .chain(starts)
        .chain(accumulators)
        .chain(stacks.iter().map(|(_, stack)| *stack))
        .chain(outside.values.iter().copied())
        .collect();
    let body = |b: &Builder, values: &[Value]| {
        let [_, passed, accumulators, stack_values, outside_values] = cut(values, counts);
        let lane = match frame.is_reversed {
            true => {
                let last = b.splat_int(frame.lanes as i128 - 1, ElementType::I32, &[])?;
                b.subtract(last, values[0])?
            }
            false => values[0],
        };
        let mut inside: HashMap<TensorId, Value> = HashMap::new();
        inside.extend(frame.carry.iter().map(|t| t.id).zip(passed.iter().copied()));
        for ((id, _), &stack) in stacks.iter().zip(stack_values) {
            inside.insert(*id, b.row(stack, lane)?);
        }
        for (id, &stack) in in_place.iter().zip(accumulators) {
            if let Some(id) = id {
                inside.insert(*id, b.row(stack, lane)?);
            }
        }
        let (next, made) = cx.inside(&frame.body.views, inside, || {
            outside.define(cx, outside_values);
            cx.in_phase(frame.phase, &frame.again, || emit(cx, &frame.body))?;
            let made = frame.made.iter().map(|(t, _)| cx.get(t));
            Emitted::Ok((values_of(cx, frame.next)?, made.collect::<Emitted<Vec<_>>>()?))
        })?;
        let one = b.splat_int(1, ElementType::I32, &[])?;
        let mut yielded = vec![b.add(values[0], one)?];
        yielded.extend(next);
        for (&stack, value) in accumulators.iter().zip(made) {
            yielded.push(b.with_row(stack, value, lane)?);
        }
        yielded.extend_from_slice(&values[yielded.len()..]);
        Ok(yielded)
    };
    let ends = b.while_loop::<Fault>(
        &carried,
        |b, values| {
            let lanes = b.splat_int(frame.lanes as i128, ElementType::I32, &[])?;
            Ok(b.compare(Comparison::Less, values[0], lanes)?)
        },
        body,
    )?;
    let [_, ends, accumulators, ..] = cut(&ends, counts);
    frame.ends.iter().zip(ends).try_for_each(|(out, &value)| cx.set(out, value))?;
    for ((_, stack), &value) in frame.made.iter().zip(accumulators) {
        match stack {
            Stack::Result(out) => cx.set(out, value)?,
            Stack::Kept(id) => cx.define(*id, value),
        }
    }
    Ok(())
}

/// Tensors of the body with the stacks that they are lanes of.
type Stacks = Vec<(TensorId, Value)>;

fn pairs(cx: &Context<'_>, pairs: &[(TensorId, TensorId)]) -> Emitted<Stacks> {
    pairs.iter().map(|&(inside, stack)| Ok((inside, cx.find(stack)?))).collect()
}

fn values_of(cx: &Context<'_>, tensors: &[TensorIr]) -> Emitted<Vec<Value>> {
    tensors.iter().map(|t| cx.get(t)).collect()
}

/// The stacks that the loop makes, as they are before it; and for each the tensor of the body that it has
/// as well. A stack that is read gives its memory to one that is made, if the two are alike: a lane is read
/// before it is written, and so the loop works in place.
fn accumulators(
    cx: &Context<'_>,
    frame: &Loop<'_>,
    stacks: &mut Stacks,
) -> Emitted<(Vec<Value>, Vec<Option<TensorId>>)> {
    let mut in_place = vec![None; frame.made.len()];
    let mut accumulators = Vec::new();
    for (index, (made, _)) in frame.made.iter().enumerate() {
        let lane = tensor_type(made)?;
        let ty = TensorType::new(lane.element, [&[frame.lanes], lane.dims.as_slice()].concat());
        let alike = stacks.iter().position(|(_, stack)| *cx.b.type_of(*stack) == ty);
        accumulators.push(match alike {
            Some(position) => {
                let (id, stack) = stacks.remove(position);
                in_place[index] = Some(id);
                stack
            }
            None => cx.b.splat(0.0, ty.element, &ty.dims)?,
        });
    }
    Ok((accumulators, in_place))
}

/// What a loop reads of what is outside. A tensor that is a lane of a stack stays that: the stack is
/// passed in.
struct Outside {
    values: Vec<Value>,
    /// Tensors, which of the values each is, and which lane of it.
    known: Vec<(TensorId, usize, Option<usize>)>,
}

impl Outside {
    fn new(cx: &Context<'_>, frame: &Loop<'_>) -> Emitted<Self> {
        let (mut values, mut known) = (Vec::new(), Vec::new());
        let mut positions = HashMap::new();
        for &id in &frame.body.outside {
            let (value, lane) = match cx.lane(id) {
                Some((stack, lane)) => (stack, Some(lane)),
                None => (cx.find(id)?, None),
            };
            let position = *positions.entry(value).or_insert_with(|| {
                values.push(value);
                values.len() - 1
            });
            known.push((id, position, lane));
        }
        Ok(Self { values, known })
    }

    fn define(&self, cx: &Context<'_>, values: &[Value]) {
        for &(id, position, lane) in &self.known {
            match lane {
                Some(lane) => cx.define_lane(id, values[position], lane),
                None => cx.define(id, values[position]),
            }
        }
    }
}

fn cut<const N: usize>(mut values: &[Value], lengths: [usize; N]) -> [&[Value]; N] {
    lengths.map(|length| {
        let (slice, rest) = values.split_at(length);
        values = rest;
        slice
    })
}

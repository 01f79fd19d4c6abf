//! Stacks of lanes. A stack of all lanes of another one is that one, and a lane is cut out where
//! something reads it alone, so that taking stacks apart and joining them again costs nothing.

use burn_ir::{TensorId, TensorIr};

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::Value;

/// Takes a stack apart.
pub(crate) fn unstack(cx: &Context<'_>, stack: &TensorIr, lanes: &[TensorIr]) -> Emitted {
    let stack = cx.get(stack)?;
    lanes.iter().enumerate().for_each(|(lane, t)| cx.define_lane(t.id, stack, lane));
    Ok(())
}

/// Joins lanes.
pub(crate) fn stack(cx: &Context<'_>, lanes: &[TensorIr], out: &TensorIr) -> Emitted {
    let ids: Vec<_> = lanes.iter().map(|t| t.id).collect();
    let value = match of_all(cx, &ids) {
        Some(stack) => stack,
        None => joined(cx, &ids)?,
    };
    cx.set(out, value)
}

/// The stack whose lanes these are, all of them and in order.
fn of_all(cx: &Context<'_>, ids: &[TensorId]) -> Option<Value> {
    let (stack, _) = cx.lane(*ids.first()?)?;
    let in_order = ids.iter().enumerate().all(|(index, &id)| cx.lane(id) == Some((stack, index)));
    (in_order && cx.b.dims(stack)[0] == ids.len()).then_some(stack)
}

fn joined(cx: &Context<'_>, ids: &[TensorId]) -> Emitted<Value> {
    let lanes = ids.iter().map(|&id| {
        let lane = cx.find(id)?;
        let shape = [&[1], cx.b.dims(lane).as_slice()].concat();
        Ok(cx.b.reshape(lane, &shape)?)
    });
    Ok(cx.b.concatenate(&lanes.collect::<Emitted<Vec<_>>>()?, 0)?)
}

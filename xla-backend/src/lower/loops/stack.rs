//! Stacks of lanes. A stack of all lanes of another one is that one, and a lane is cut out where
//! something reads it alone, so that taking stacks apart and joining them again costs nothing.

use burn_ir::{CustomOpIr, TensorId};
use burn_trace::compile::{STACK, UNSTACK};

use crate::lower::context::Context;
use crate::lower::error::{Lowered, unsupported};
use crate::stablehlo::Value;

/// Whether the operation is one of this file's.
pub(crate) fn is_known(op: &CustomOpIr) -> bool {
    op.id == STACK || op.id == UNSTACK
}

pub(crate) fn lower(cx: &Context<'_>, op: &CustomOpIr) -> Lowered {
    match (op.id.as_str(), &op.inputs[..], &op.outputs[..]) {
        (UNSTACK, [stack], lanes) => {
            let stack = cx.get(stack)?;
            lanes.iter().enumerate().for_each(|(lane, t)| cx.define_lane(t.id, stack, lane));
            Ok(())
        }
        (STACK, lanes, [out]) => {
            let ids: Vec<_> = lanes.iter().map(|t| t.id).collect();
            let value = match whole(cx, &ids) {
                Some(stack) => stack,
                None => joined(cx, &ids)?,
            };
            cx.set(out, value)
        }
        _ => unsupported("a stack is one tensor, and its lanes are several"),
    }
}

/// The stack whose lanes these are, all of them and in order.
fn whole(cx: &Context<'_>, ids: &[TensorId]) -> Option<Value> {
    let (stack, _) = cx.lane(*ids.first()?)?;
    let in_order = ids.iter().enumerate().all(|(index, &id)| cx.lane(id) == Some((stack, index)));
    (in_order && cx.b.dims(stack)[0] == ids.len()).then_some(stack)
}

fn joined(cx: &Context<'_>, ids: &[TensorId]) -> Lowered<Value> {
    let lanes = ids.iter().map(|&id| {
        let lane = cx.find(id)?;
        let shape = [&[1], cx.b.dims(lane).as_slice()].concat();
        Ok(cx.b.reshape(lane, &shape)?)
    });
    Ok(cx.b.concatenate(&lanes.collect::<Lowered<Vec<_>>>()?, 0)?)
}

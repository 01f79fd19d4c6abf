//! Tensors of one type as one tensor with an axis more, and back.

use super::traced::{Primitive, Recorder, record_op, type_of};

/// The name of the operation that stacks.
pub(crate) const STACK: &str = "burn_xla.stack";
/// The name of the operation that takes a stack apart; it has a result for each lane.
pub(crate) const UNSTACK: &str = "burn_xla.unstack";

/// The lanes along a new first axis.
pub(super) fn stack(client: &Recorder, lanes: &[&Primitive]) -> Primitive {
    let (shape, dtype) = type_of(lanes[0]);
    let shape: Vec<_> = std::iter::once(lanes.len()).chain(shape.iter().copied()).collect();
    record_op(client, STACK, &[], lanes, vec![(shape.into(), dtype)]).remove(0)
}

/// The lanes of a stack.
pub(super) fn unstack(client: &Recorder, stack: &Primitive) -> Vec<Primitive> {
    let (shape, dtype) = type_of(stack);
    let lane = (shape[1..].to_vec().into(), dtype);
    record_op(client, UNSTACK, &[], &[stack], vec![lane; shape[0]])
}

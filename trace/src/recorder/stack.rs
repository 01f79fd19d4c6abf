//! Tensors of one type as one tensor with an axis more, and back.

use super::op::{Primitive, Recorder, record, record_one, type_of};
use crate::wire::Mark;

/// The lanes along a new first axis.
pub(crate) fn stack(client: &Recorder, lanes: &[Primitive]) -> Primitive {
    let (shape, dtype) = type_of(&lanes[0]);
    let shape: Vec<_> = std::iter::once(lanes.len()).chain(shape.iter().copied()).collect();
    record_one(client, &Mark::Stack { lanes }, (shape.into(), dtype))
}

/// The lanes of a stack.
pub(crate) fn unstack(client: &Recorder, stack: &Primitive) -> Vec<Primitive> {
    let (shape, dtype) = type_of(stack);
    let lane = (shape[1..].to_vec().into(), dtype);
    record(client, &Mark::Unstack { stack }, vec![lane; shape[0]])
}

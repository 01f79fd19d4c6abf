//! Tensors that a layout shards.

use burn_ir::TensorIr;
use burn_trace::mesh::Spec;

use super::shardy;
use crate::lower::context::Context;
use crate::lower::error::Emitted;

/// Gives a tensor this spec.
pub(crate) fn lower(cx: &Context<'_>, input: &TensorIr, out: &TensorIr, spec: &Spec) -> Emitted {
    let sharding = shardy::sharding(spec, input.shape.len());
    cx.set(out, cx.b.sharding_constraint(cx.get(input)?, &sharding)?)
}

//! Operations of [`crate::mesh`].

use burn_ir::CustomOpIr;

use super::context::Context;
use super::error::{Lowered, unsupported};
use crate::mesh::{CONSTRAIN, CONSTRAIN_AS, Spec};

/// Whether the operation is one of this file's.
pub(super) fn is_known(op: &CustomOpIr) -> bool {
    op.id.starts_with(CONSTRAIN) || op.id.starts_with(CONSTRAIN_AS)
}

pub(super) fn lower(cx: &Context<'_>, op: &CustomOpIr) -> Lowered {
    let ([input], [output]) = (&op.inputs[..], &op.outputs[..]) else {
        return unsupported("a constraint has one input and one output");
    };
    let x = cx.get(input)?;
    let Some((mesh, layout)) = cx.mesh else { return cx.set(output, x) };
    let (place, spec) = match op.id.strip_prefix(CONSTRAIN_AS) {
        Some(name) => match layout.named(name) {
            Some(spec) => (name, Ok(spec.clone())),
            None => return cx.set(output, x),
        },
        None => {
            let spec = op.id.strip_prefix(CONSTRAIN).unwrap_or_default();
            ("a constraint", spec.parse::<Spec>())
        }
    };
    let shape = cx.b.dims(x);
    let checked = spec.and_then(|spec| {
        mesh.shard_shape(place, &spec, &shape)?;
        Ok(spec)
    });
    match checked {
        Ok(spec) => cx.set(output, cx.b.sharding_constraint(x, &spec.to_stablehlo(shape.len()))?),
        Err(error) => unsupported(error.to_string()),
    }
}

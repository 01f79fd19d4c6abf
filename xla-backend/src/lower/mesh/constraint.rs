//! Operations of [`burn_trace::mesh`].

use burn_ir::CustomOpIr;
use burn_trace::compile::{CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED};
use burn_trace::mesh::Spec;
use burn_trace::{Kind, LeafSpec, LeafType};

use super::replicas;
use crate::lower::context::Context;
use crate::lower::error::{Lowered, unsupported};
use crate::lower::mesh::shardy;

/// Whether the operation is one of this file's.
pub(crate) fn is_known(op: &CustomOpIr) -> bool {
    let names = [CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED];
    names.iter().any(|name| op.id.starts_with(name))
}

pub(crate) fn lower(cx: &Context<'_>, op: &CustomOpIr) -> Lowered {
    let ([input], [output]) = (&op.inputs[..], &op.outputs[..]) else {
        return unsupported("a constraint has one input and one output");
    };
    let Some((mesh, layout)) = cx.mesh else { return cx.set(output, cx.get(input)?) };
    let shape = input.shape.to_vec();
    let (place, spec) = if let Some(name) = op.id.strip_prefix(CONSTRAIN_AS) {
        match layout.named(name) {
            Some(spec) => (name, Ok(spec.clone())),
            None => return cx.set(output, cx.get(input)?),
        }
    } else if let Some((path, is_used)) = leaf(&op.id) {
        let ty = LeafType { kind: Kind::Float, dtype: input.dtype, shape: shape.clone() };
        let leaf = LeafSpec { path: path.to_owned(), ty };
        match if is_used { layout.used(&leaf) } else { layout.spec(&leaf) } {
            Ok(spec) => (path, Ok(spec)),
            Err(_) => return cx.set(output, cx.get(input)?),
        }
    } else {
        let spec = op.id.strip_prefix(CONSTRAIN).unwrap_or_default();
        ("a constraint", spec.parse::<Spec>())
    };
    let checked = spec.and_then(|spec| {
        mesh.shard_shape(place, &spec, &shape)?;
        Ok(spec)
    });
    match checked {
        Ok(spec) if replicas::constrain(cx, (input, output), &spec)? => Ok(()),
        Ok(spec) => {
            let x = cx.get(input)?;
            let y = cx.b.sharding_constraint(x, &shardy::sharding(&spec, shape.len()))?;
            cx.set_lies(y, spec);
            cx.set(output, y)
        }
        Err(error) => unsupported(error.to_string()),
    }
}

/// The path of the leaf that a constraint is about, and whether it is about its use.
fn leaf(name: &str) -> Option<(&str, bool)> {
    let used = name.strip_prefix(CONSTRAIN_USED).map(|path| (path, true));
    used.or_else(|| Some((name.strip_prefix(CONSTRAIN_LEAF)?, false)))
}

//! Sums over replicas of the parameters, taken late.
//!
//! Each replica computes a weight's gradient from its part of the batch. It stays apart, along a first
//! dimension, through reshapes and constraints, until something else reads it. So the devices that share
//! the weight add up first and keep a part each, and replicas add up these parts; in one sum over all
//! devices each would receive everything before it keeps its part.

use burn_ir::{TensorId, TensorIr};
use burn_trace::mesh::{Mesh, Spec};

use crate::lower::context::{Context, element_of};
use crate::lower::error::Lowered;
use crate::lower::mesh::shardy;
use crate::lower::ops::base::reduce_keep;
use crate::stablehlo::{ElementType, ReduceKind, Value};

/// A tensor as the sum over the first dimension of another one, and the type of its elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apart {
    addends: Value,
    element: ElementType,
}

/// Cuts the first dimension of batches by replica, where there are several.
pub(crate) fn split(cx: &Context<'_>, batches: [Value; 2]) -> Lowered<Option<[Value; 2]>> {
    let Some((mesh, axes)) = axes(cx) else { return Ok(None) };
    let count: usize = axes.iter().filter_map(|axis| mesh.size(axis)).product();
    let dims = batches.map(|batch| cx.b.dims(batch));
    if count == 1 || !dims.iter().all(|dims| dims[0].is_multiple_of(count)) {
        return Ok(None);
    }
    let cut = |batch, dims: &[usize]| {
        cx.b.reshape(batch, &[&[count, dims[0] / count], &dims[1..]].concat())
    };
    Ok(Some([cut(batches[0], &dims[0])?, cut(batches[1], &dims[1])?]))
}

/// The axes of the replicas.
fn axes<'a>(cx: &Context<'a>) -> Option<(&'a Mesh, &'a [String])> {
    let (mesh, layout) = cx.mesh?;
    let axes = layout.replicas();
    (!axes.is_empty()).then_some((mesh, axes))
}

/// Makes a tensor the sum over the first dimension of `addends`.
pub(crate) fn keep_apart(cx: &Context<'_>, addends: Value, tensor: &TensorIr) -> Lowered {
    let dims = [&[cx.b.dims(addends)[0]], &*tensor.shape].concat();
    let apart =
        Apart { addends: cx.b.reshape(addends, &dims)?, element: element_of(tensor.dtype)? };
    cx.apart.borrow_mut().insert(tensor.id, apart);
    Ok(())
}

fn addends(cx: &Context<'_>, id: TensorId) -> Option<Apart> {
    cx.apart.borrow().get(&id).copied()
}

/// A reshape, if it is one of a sum that was not taken yet.
pub(crate) fn reshape(cx: &Context<'_>, input: &TensorIr, output: &TensorIr) -> Lowered<bool> {
    let Some(apart) = addends(cx, input.id) else { return Ok(false) };
    keep_apart(cx, apart.addends, output)?;
    Ok(true)
}

/// A constraint on a sum that was not taken yet, if it is one that the replicas do not cut.
pub(crate) fn constrain(
    cx: &Context<'_>,
    (input, output): (&TensorIr, &TensorIr),
    spec: &Spec,
) -> Lowered<bool> {
    let (Some(apart), Some((_, axes))) = (addends(cx, input.id), axes(cx)) else {
        return Ok(false);
    };
    let Ok(spec) = spec.stacked_over(axes) else { return Ok(false) };
    let sharding = shardy::sharding(&spec, cx.b.rank(apart.addends));
    keep_apart(cx, cx.b.sharding_constraint(apart.addends, &sharding)?, output)?;
    Ok(true)
}

/// The value of a sum that was not taken yet.
pub(crate) fn sum(cx: &Context<'_>, id: TensorId) -> Lowered<Option<Value>> {
    let Some(Apart { addends, element }) = addends(cx, id) else { return Ok(None) };
    let sum = reduce_keep(cx, addends, &[0], ReduceKind::Add)?;
    let sum = cx.b.reshape(sum, &cx.b.dims(addends)[1..])?;
    Ok(Some(cx.b.convert(sum, element)?))
}

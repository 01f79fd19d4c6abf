//! Matrix products and the linear layer.
//!
//! Products of 16-bit floats accumulate in f32 and are rounded once, by the product itself: what
//! devices add up or exchange of partial products has 16 bits, too. A matrix that all batches
//! share is contracted as it is, so that XLA sees one large product instead of a broadcast.

use burn_ir::{
    LinearBiasBackwardOpIr, LinearOpIr, LinearWeightBackwardOpIr, LinearXBackwardOpIr, MatmulOpIr,
    TensorIr,
};

use super::base::reduce_keep;
use super::context::Context;
use super::error::Lowered;
use super::replicas;
use crate::stablehlo::{DotDims, ElementType, ReduceKind, Value};

/// The product by `dims`, of the type of its operands.
pub(super) fn dot(cx: &Context<'_>, lhs: Value, rhs: Value, dims: &DotDims) -> Lowered<Value> {
    Ok(cx.b.dot_general(lhs, rhs, dims, cx.b.element(lhs))?)
}

/// The product by `dims`, in f32 for 16-bit floats.
pub(super) fn dot_wide(cx: &Context<'_>, lhs: Value, rhs: Value, dims: &DotDims) -> Lowered<Value> {
    let element = cx.b.element(lhs);
    let out = if element.is_half() { ElementType::F32 } else { element };
    Ok(cx.b.dot_general(lhs, rhs, dims, out)?)
}

pub(super) fn matmul(cx: &Context<'_>, d: &MatmulOpIr) -> Lowered {
    let b = &cx.b;
    let (lhs, rhs) = (cx.get(&d.lhs)?, cx.get(&d.rhs)?);
    let (left, right) = (b.dims(lhs), b.dims(rhs));
    let batch = d.out.shape.num_dims().saturating_sub(2);
    let transposed = |t: &TensorIr| cx.transposed.borrow().get(&t.id).copied();
    // `xᵀ y`: the gradient by a matrix that all rows share.
    if batch == 0
        && let Some(x) = transposed(&d.lhs)
        && let Some([x, y]) = replicas::split(cx, [x, rhs])?
    {
        let (batch, contract) = (vec![0], vec![1]);
        let dims = DotDims {
            lhs_batch: batch.clone(),
            rhs_batch: batch,
            lhs_contract: contract.clone(),
            rhs_contract: contract,
        };
        return replicas::keep_apart(cx, dot_wide(cx, x, y, &dims)?, &d.out);
    }
    let shared = |dims: &[usize]| dims[..dims.len().saturating_sub(2)].iter().all(|&n| n == 1);
    if batch > 0 && shared(&right) && right.len() >= 2 {
        let [rows, columns] = [right[right.len() - 2], right[right.len() - 1]];
        // A transposed matrix is contracted as it lies; XLA may copy it instead. Where it is cut, the
        // loops of hops that XLA makes are slower that way.
        let is_whole = cx.mesh.is_none_or(|(mesh, layout)| layout.gathers_all(mesh));
        let (rhs, contract) = match transposed(&d.rhs).filter(|_| is_whole) {
            Some(rhs) => (b.reshape(rhs, &[columns, rows])?, 1),
            None => (b.reshape(rhs, &[rows, columns])?, 0),
        };
        let lhs = b.broadcast_to(lhs, &with_batch(&d.out.shape, &left))?;
        let dims = DotDims {
            lhs_contract: vec![batch + 1],
            rhs_contract: vec![contract],
            ..DotDims::default()
        };
        return cx.set(&d.out, dot(cx, lhs, rhs, &dims)?);
    }
    let lhs = b.broadcast_to(lhs, &with_batch(&d.out.shape, &left))?;
    let rhs = b.broadcast_to(rhs, &with_batch(&d.out.shape, &right))?;
    let dims = DotDims {
        lhs_batch: (0..batch).collect(),
        rhs_batch: (0..batch).collect(),
        lhs_contract: vec![batch + 1],
        rhs_contract: vec![batch],
    };
    cx.set(&d.out, dot(cx, lhs, rhs, &dims)?)
}

/// The batch dimensions of `out` with the matrix dimensions of `dims`.
fn with_batch(out: &[usize], dims: &[usize]) -> Vec<usize> {
    let mut result = out[..out.len().saturating_sub(2)].to_vec();
    result.extend_from_slice(&dims[dims.len().saturating_sub(2)..]);
    result
}

/// `x w + b` over the last dimension of `x`, with `w` as `[in, out]`.
pub(super) fn linear(cx: &Context<'_>, d: &LinearOpIr) -> Lowered {
    let b = &cx.b;
    let (x, w) = (cx.get(&d.x)?, cx.get(&d.weight)?);
    let dims = DotDims {
        lhs_contract: vec![b.rank(x).saturating_sub(1)],
        rhs_contract: vec![0],
        ..DotDims::default()
    };
    let y = dot(cx, x, w, &dims)?;
    let Some(bias) = &d.bias else {
        return cx.set(&d.out, y);
    };
    let bias = b.broadcast_to(cx.get(bias)?, &b.dims(y))?;
    cx.set(&d.out, b.add(y, bias)?)
}

pub(super) fn linear_x(cx: &Context<'_>, d: &LinearXBackwardOpIr) -> Lowered {
    let (grad, w) = (cx.get(&d.output_grad)?, cx.get(&d.weight)?);
    let dims = DotDims {
        lhs_contract: vec![cx.b.rank(grad).saturating_sub(1)],
        rhs_contract: vec![1],
        ..DotDims::default()
    };
    cx.set(&d.out, dot(cx, grad, w, &dims)?)
}

pub(super) fn linear_weight(cx: &Context<'_>, d: &LinearWeightBackwardOpIr) -> Lowered {
    let (x, grad) = (cx.get(&d.x)?, cx.get(&d.output_grad)?);
    let rows: Vec<_> = (0..cx.b.rank(x).saturating_sub(1)).collect();
    let dims = DotDims { lhs_contract: rows.clone(), rhs_contract: rows, ..DotDims::default() };
    cx.set(&d.out, dot(cx, x, grad, &dims)?)
}

pub(super) fn linear_bias(cx: &Context<'_>, d: &LinearBiasBackwardOpIr) -> Lowered {
    let b = &cx.b;
    let grad = cx.get_wide(&d.output_grad)?;
    let rows: Vec<_> = (0..b.rank(grad).saturating_sub(1)).collect();
    let sum = reduce_keep(cx, grad, &rows, ReduceKind::Add)?;
    cx.set_as(&d.out, b.reshape(sum, &d.out.shape)?)
}

//! Matrix products and the linear layer.
//!
//! Products of 16-bit floats accumulate in f32 and are rounded once, by the product itself: what
//! devices add up or exchange of partial products has 16 bits, too. A matrix that all batches
//! share is contracted as it is, so that XLA sees one large product instead of a broadcast.

use burn_ir::{
    LinearBiasBackwardOpIr, LinearOpIr, LinearWeightBackwardOpIr, LinearXBackwardOpIr, TensorId,
    TensorIr,
};

use super::linear::by_kernel;
use super::reduce::reduce_keep;
use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::{DotDims, ElementType, ReduceKind, Value};

/// The product by `dims`, of the type of its operands.
pub(crate) fn dot(cx: &Context<'_>, lhs: Value, rhs: Value, dims: &DotDims) -> Emitted<Value> {
    Ok(cx.b.dot_general(lhs, rhs, dims, cx.b.element(lhs))?)
}

/// The product by `dims`, in f32 for 16-bit floats.
pub(crate) fn dot_wide(cx: &Context<'_>, lhs: Value, rhs: Value, dims: &DotDims) -> Emitted<Value> {
    Ok(cx.b.dot_general(lhs, rhs, dims, wide_element(cx, lhs))?)
}

/// The type of the elements of `x`; f32 for 16-bit floats.
pub(crate) fn wide_element(cx: &Context<'_>, x: Value) -> ElementType {
    let element = cx.b.element(x);
    if element.is_half() { ElementType::F32 } else { element }
}

/// `x: [.., k]` as one matrix of all its rows, for a sum over them: XLA's CPU compiler copies the
/// operands of a product that sums over several axes into another order first. Not over a mesh, which
/// may cut these axes in different ways.
pub(crate) fn rows(cx: &Context<'_>, x: Value) -> Emitted<Value> {
    let dims = cx.b.dims(x);
    let (&columns, rows) = dims.split_last().unwrap_or((&1, &[]));
    Ok(cx.b.reshape(x, &[rows.iter().product(), columns])?)
}

/// The product `xᵀ y` of two matrices, with elements of the type `out`.
pub(crate) fn over_rows(cx: &Context<'_>, [x, y]: [Value; 2], out: ElementType) -> Emitted<Value> {
    let b = &cx.b;
    if let Some(x) = turned(cx, x)? {
        let dims = DotDims { lhs_contract: vec![1], rhs_contract: vec![0], ..DotDims::default() };
        return Ok(b.dot_general(x, y, &dims, out)?);
    }
    let dims = DotDims { lhs_contract: vec![0], rhs_contract: vec![0], ..DotDims::default() };
    Ok(b.dot_general(x, y, &dims, out)?)
}

/// `xᵀ`, where that is faster than to let a product sum over the rows of `x`.
///
/// XLA's CPU compiler has a product of bf16 for operands that it reads row after row, twice as fast as that of f32. Of
/// other operands it makes copies in f32. A transposed matrix becomes such an operand again, because the compiler sees
/// through the transposition; it does not through one of three axes.
fn turned(cx: &Context<'_>, x: Value) -> Emitted<Option<Value>> {
    let b = &cx.b;
    let dims = b.dims(x);
    let &[rows, columns] = dims.as_slice() else { return Ok(None) };
    // The copy is small beside the product only if there are some rows.
    const FEW: usize = 64;
    let helps = cx.compiler.widens_sums_over_rows && b.element(x) == ElementType::BF16;
    // Over a mesh rows may be cut in ways that two halves are not.
    if !helps || cx.mesh.is_some() || rows < FEW || !rows.is_multiple_of(2) {
        return Ok(None);
    }
    let halves = b.reshape(x, &[2, rows / 2, columns])?;
    let turned = b.transpose(halves, &[2, 0, 1])?;
    Ok(Some(b.reshape(turned, &[columns, rows])?))
}

/// The product of two tensors, which may be others than those that the operation reads.
pub(crate) fn matmul(cx: &Context<'_>, [lhs, rhs]: [TensorId; 2], out: &TensorIr) -> Emitted {
    let b = &cx.b;
    let batch = out.shape.num_dims().saturating_sub(2);
    let (left, right) = (cx.find(lhs)?, cx.find(rhs)?);
    let dims = b.dims(right);
    let is_shared = batch > 0 && dims.len() >= 2 && dims[..dims.len() - 2].iter().all(|&n| n == 1);
    // A product reads a matrix along either axis, and XLA may copy one that is transposed first.
    // Over a mesh where matrices stay cut, the loops of hops that XLA makes are slower that way.
    let is_alone = cx.mesh.is_none();
    let is_gathered = cx.mesh.is_none_or(|(mesh, layout)| layout.gathers_all(mesh));
    let read = |id: TensorId, value: Value, may_transpose: bool| -> Emitted<(Value, bool)> {
        let original = if may_transpose { cx.transposed(id)? } else { None };
        Ok(original.map_or((value, false), |original| (original, true)))
    };
    let (lhs, lhs_transposed) = read(lhs, left, is_alone)?;
    let (rhs, rhs_transposed) = read(rhs, right, is_alone || (is_gathered && is_shared))?;
    let (left, right) = (b.dims(lhs), b.dims(rhs));
    let lhs = b.broadcast_to(lhs, &with_batch(&out.shape, &left))?;
    let lhs_contract = vec![if lhs_transposed { batch } else { batch + 1 }];
    let rhs_axis = usize::from(rhs_transposed);
    if is_shared {
        let rhs = b.reshape(rhs, &right[right.len() - 2..])?;
        if !lhs_transposed && let Some(y) = by_kernel(cx, [lhs, rhs], rhs_transposed, None)? {
            return cx.set(out, y);
        }
        let dims = DotDims { lhs_contract, rhs_contract: vec![rhs_axis], ..DotDims::default() };
        return cx.set(out, dot(cx, lhs, rhs, &dims)?);
    }
    if batch == 0
        && !lhs_transposed
        && let Some(y) = by_kernel(cx, [lhs, rhs], rhs_transposed, None)?
    {
        return cx.set(out, y);
    }
    if batch == 0 && lhs_transposed && !rhs_transposed {
        return cx.set(out, over_rows(cx, [lhs, rhs], b.element(lhs))?);
    }
    let rhs = b.broadcast_to(rhs, &with_batch(&out.shape, &right))?;
    let dims = DotDims {
        lhs_batch: (0..batch).collect(),
        rhs_batch: (0..batch).collect(),
        lhs_contract,
        rhs_contract: vec![batch + rhs_axis],
    };
    cx.set(out, dot(cx, lhs, rhs, &dims)?)
}

/// The batch dimensions of `out` with the matrix dimensions of `dims`.
fn with_batch(out: &[usize], dims: &[usize]) -> Vec<usize> {
    let mut result = out[..out.len().saturating_sub(2)].to_vec();
    result.extend_from_slice(&dims[dims.len().saturating_sub(2)..]);
    result
}

/// `x w + b` over the last dimension of `x`, with `w` as `[in, out]`.
pub(crate) fn linear(cx: &Context<'_>, d: &LinearOpIr) -> Emitted {
    let b = &cx.b;
    let (x, w) = (cx.get(&d.x)?, cx.get(&d.weight)?);
    let dims = DotDims {
        lhs_contract: vec![b.rank(x).saturating_sub(1)],
        rhs_contract: vec![0],
        ..DotDims::default()
    };
    let bias = d.bias.as_ref().map(|bias| cx.get(bias)).transpose()?;
    if let Some(y) = by_kernel(cx, [x, w], false, bias)? {
        return cx.set(&d.out, y);
    }
    let y = dot(cx, x, w, &dims)?;
    let Some(bias) = bias else {
        return cx.set(&d.out, y);
    };
    let bias = b.broadcast_to(bias, &b.dims(y))?;
    cx.set(&d.out, b.add(y, bias)?)
}

pub(crate) fn linear_x(cx: &Context<'_>, d: &LinearXBackwardOpIr) -> Emitted {
    let (grad, w) = (cx.get(&d.output_grad)?, cx.get(&d.weight)?);
    if let Some(y) = by_kernel(cx, [grad, w], true, None)? {
        return cx.set(&d.out, y);
    }
    let dims = DotDims {
        lhs_contract: vec![cx.b.rank(grad).saturating_sub(1)],
        rhs_contract: vec![1],
        ..DotDims::default()
    };
    cx.set(&d.out, dot(cx, grad, w, &dims)?)
}

pub(crate) fn linear_weight(cx: &Context<'_>, d: &LinearWeightBackwardOpIr) -> Emitted {
    let (x, grad) = (cx.get(&d.x)?, cx.get(&d.output_grad)?);
    if cx.mesh.is_none() {
        let operands = [rows(cx, x)?, rows(cx, grad)?];
        return cx.set(&d.out, over_rows(cx, operands, cx.b.element(x))?);
    }
    let rows: Vec<_> = (0..cx.b.rank(x).saturating_sub(1)).collect();
    let dims = DotDims { lhs_contract: rows.clone(), rhs_contract: rows, ..DotDims::default() };
    cx.set(&d.out, dot(cx, x, grad, &dims)?)
}

pub(crate) fn linear_bias(cx: &Context<'_>, d: &LinearBiasBackwardOpIr) -> Emitted {
    let b = &cx.b;
    let grad = cx.get_wide(&d.output_grad)?;
    let rows: Vec<_> = (0..b.rank(grad).saturating_sub(1)).collect();
    let sum = reduce_keep(cx, grad, &rows, ReduceKind::Add)?;
    cx.set_as(&d.out, b.reshape(sum, &d.out.shape)?)
}

//! Products whose batches are summed: one contraction instead of a product for each batch.
//!
//! Burn's autodiff computes the gradient by a matrix that all batches share as a batched product and
//! a sum over the batches. As one contraction over batches and rows it needs neither the memory of
//! the partial products nor their sum, and it is one large product, which devices do best.

use std::collections::{BTreeSet, HashMap};

use burn_ir::{FloatOperationIr, MatmulOpIr, NumericOperationIr, OperationIr, TensorId, TensorIr};

use super::product::{dot_wide, over_rows, rows};
use crate::lower::context::Context;
use crate::lower::error::Lowered;
use crate::lower::mesh::{replicas, ring};
use crate::stablehlo::{DotDims, Value};

/// The products that the sum behind them takes over, by the tensor that is their result.
pub(crate) fn find<'a>(
    operations: &[&'a OperationIr],
    results: &BTreeSet<TensorId>,
) -> HashMap<TensorId, &'a MatmulOpIr> {
    let mut uses: HashMap<TensorId, usize> = results.iter().map(|&id| (id, 1)).collect();
    let mut products = HashMap::new();
    let mut found = HashMap::new();
    for op in operations {
        for input in op.inputs() {
            *uses.entry(input.id).or_default() += 1;
        }
        if let OperationIr::Float(_, FloatOperationIr::Matmul(d)) = op
            && is_batched(d)
        {
            products.insert(d.out.id, d);
        }
        if let Some((input, axes)) = sum(op)
            && let Some(product) = products.get(&input.id)
            && sums_batches(product, &axes)
        {
            found.insert(input.id, *product);
        }
    }
    found.retain(|id, _| uses.get(id) == Some(&1));
    found
}

/// Both sides have all batches, so that a contraction can take them.
fn is_batched(d: &MatmulOpIr) -> bool {
    let batch = |t: &TensorIr| t.shape[..t.shape.num_dims().saturating_sub(2)].to_vec();
    let own = batch(&d.out);
    !own.is_empty() && batch(&d.lhs) == own && batch(&d.rhs) == own
}

/// What an operation sums, and along which axes.
fn sum(op: &OperationIr) -> Option<(&TensorIr, Vec<usize>)> {
    match op {
        OperationIr::NumericFloat(_, NumericOperationIr::SumDim(d)) => {
            Some((&d.input, vec![d.axis]))
        }
        OperationIr::NumericFloat(_, NumericOperationIr::SumDims(d)) => {
            Some((&d.input, d.axes.to_vec()))
        }
        _ => None,
    }
}

/// Exactly the batches, but for those of size 1, are summed.
fn sums_batches(product: &MatmulOpIr, axes: &[usize]) -> bool {
    let batch = product.out.shape.num_dims() - 2;
    axes.iter().all(|&axis| axis < batch)
        && (0..batch).all(|axis| axes.contains(&axis) || product.out.shape[axis] == 1)
}

/// Lowers the sum of a product that was found, to the tensor `out`.
pub(crate) fn lower(cx: &Context<'_>, product: &MatmulOpIr, out: &TensorIr) -> Lowered {
    let batch = product.out.shape.num_dims() - 2;
    let (mut lhs, mut rhs) = (cx.get(&product.lhs)?, cx.get(&product.rhs)?);
    // Of the axes of rows, only the first is cut then.
    let mut are_matrices = cx.mesh.is_none();
    if let Some(rows) = cx.swapped(lhs) {
        let gathered = ring::gathered(cx, [rows, rhs])?;
        are_matrices |= gathered != [rows, rhs];
        rhs = gathered[1];
        if gathered[0] != rows {
            lhs = swapped(cx, gathered[0])?;
        }
    }
    let contract = |dims: core::ops::Range<usize>, inner: usize| dims.chain([inner]).collect();
    // Devices that have other batches add up f32: there may be a thousand of them.
    if let Some([lhs, rhs]) = replicas::split(cx, [lhs, rhs])? {
        let dims = DotDims {
            lhs_batch: vec![0],
            rhs_batch: vec![0],
            lhs_contract: contract(1..batch + 1, batch + 2),
            rhs_contract: contract(1..batch + 1, batch + 1),
        };
        return replicas::keep_apart(cx, dot_wide(cx, lhs, rhs, &dims)?, out);
    }
    let y = if !are_matrices {
        let dims = DotDims {
            lhs_contract: contract(0..batch, batch + 1),
            rhs_contract: contract(0..batch, batch),
            ..DotDims::default()
        };
        dot_wide(cx, lhs, rhs, &dims)?
    } else {
        let lhs = match cx.swapped(lhs) {
            Some(lhs) => lhs,
            None => swapped(cx, lhs)?,
        };
        dot_wide(cx, rows(cx, lhs)?, rows(cx, rhs)?, &over_rows())?
    };
    cx.set_as(out, cx.b.reshape(y, &out.shape)?)
}

/// `x` with its last two axes swapped.
fn swapped(cx: &Context<'_>, x: Value) -> Lowered<Value> {
    let rank = cx.b.rank(x);
    let order: Vec<_> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    cx.permuted(x, &order)
}

/// The tensor that an operation sums into, if it sums a product that was found.
pub(crate) fn summed<'a>(
    found: &HashMap<TensorId, &'a MatmulOpIr>,
    op: &OperationIr,
) -> Option<&'a MatmulOpIr> {
    let (input, _) = sum(op)?;
    found.get(&input.id).copied()
}

#[cfg(test)]
mod tests {
    use burn_backend::DType;
    use burn_ir::{GraphIr, ReduceDimOpIr};

    use super::*;
    use crate::lower::{LowerOptions, lower as lower_graph};

    fn tensor(id: u64, dims: &[usize]) -> TensorIr {
        TensorIr::uninit(TensorId::new(id), dims.to_vec().into(), DType::F32)
    }

    /// `sum(x y)` along an axis, the program's text, with the product among the results or not.
    fn text(x: &[usize], y: &[usize], axis: usize, product_is_result: bool) -> String {
        let (x, y) = (tensor(1, x), tensor(2, y));
        let product = tensor(3, &[4, 2, 5]);
        let mut summed = [4, 2, 5];
        summed[axis] = 1;
        let out = tensor(4, &summed);
        let matmul = MatmulOpIr { lhs: x.clone(), rhs: y.clone(), out: product.clone() };
        let sum =
            ReduceDimOpIr { input: product.clone(), out: out.clone(), axis, accumulator_len: 1 };
        let graph = GraphIr::new(vec![
            OperationIr::Float(DType::F32, FloatOperationIr::Matmul(matmul)),
            OperationIr::NumericFloat(DType::F32, NumericOperationIr::SumDim(sum)),
        ]);
        let mut results = vec![out.id];
        results.extend(product_is_result.then_some(product.id));
        lower_graph(&graph, &[x.id, y.id], &results, &LowerOptions::default()).unwrap().text
    }

    #[test]
    fn a_product_that_is_only_summed_over_its_batches_is_one_contraction() {
        let fused = text(&[4, 2, 3], &[4, 3, 5], 0, false);
        assert!(
            fused.contains("(tensor<12x2xf32>, tensor<12x5xf32>) -> tensor<2x5xf32>"),
            "{fused}"
        );
        assert!(!fused.contains("stablehlo.reduce"), "{fused}");
        for kept in [
            text(&[4, 2, 3], &[4, 3, 5], 0, true),
            text(&[4, 2, 3], &[4, 3, 5], 1, false),
            text(&[4, 2, 3], &[1, 3, 5], 0, false),
        ] {
            assert!(kept.contains("stablehlo.reduce"), "{kept}");
        }
    }
}

//! Products whose batches are summed: one contraction instead of a product for each batch.
//!
//! Burn's autodiff computes the gradient with respect to a matrix that all batches share as a batched
//! product and a sum over the batches. One contraction over batches and rows needs neither the memory
//! of the partial products nor their sum, and it is one large product, which devices do best.

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{MatmulOpIr, NumericOperationIr, OperationIr, TensorId, TensorIr};

use super::live::Ids;
use crate::lower::graph::operation::matmul;

/// The products of a block that are computed with the sum of their batches.
#[derive(Debug, Default)]
pub(crate) struct Contractions<'a> {
    /// Products by the sum.
    by_sum: BTreeMap<TensorId, &'a MatmulOpIr>,
    /// The results of these products, which nothing else reads.
    products: BTreeSet<TensorId>,
}

impl<'a> Contractions<'a> {
    /// Finds the products of a block whose only reader is a sum over all their batches. `read` are
    /// tensors that are read besides: by loops, and after the block.
    pub(crate) fn new(operations: &[&'a OperationIr], read: &Ids) -> Self {
        let mut uses: BTreeMap<TensorId, usize> = read.iter().map(|&id| (id, 1)).collect();
        let mut products = BTreeMap::new();
        let mut sums = Vec::new();
        for op in operations {
            for input in op.inputs() {
                *uses.entry(input.id).or_default() += 1;
            }
            if let OperationIr::Float(..) = op
                && let Some(product) = matmul(op)
                && is_batched(product)
            {
                products.insert(product.out.id, product);
            }
            if let Some((input, axes)) = summed(op)
                && let Some(&product) = products.get(&input.id)
                && sums_batches(product, &axes)
            {
                sums.extend(op.outputs().map(|out| (out.id, product)));
            }
        }
        sums.retain(|(_, product)| uses.get(&product.out.id) == Some(&1));
        let products = sums.iter().map(|(_, product)| product.out.id).collect();
        Self { by_sum: sums.into_iter().collect(), products }
    }

    /// The product that an operation sums, if the two are one contraction.
    pub(crate) fn of_sum(&self, op: &OperationIr) -> Option<&'a MatmulOpIr> {
        op.outputs().find_map(|out| self.by_sum.get(&out.id)).copied()
    }

    /// Whether the operation is a product that its sum computes.
    pub(crate) fn replaces(&self, op: &OperationIr) -> bool {
        op.outputs().any(|out| self.products.contains(&out.id))
    }
}

/// Whether both operands have all batches, so that a contraction can take them.
fn is_batched(d: &MatmulOpIr) -> bool {
    let batch = |t: &TensorIr| t.shape[..t.shape.num_dims().saturating_sub(2)].to_vec();
    let own = batch(&d.out);
    !own.is_empty() && batch(&d.lhs) == own && batch(&d.rhs) == own
}

/// What an operation sums, and along which axes.
fn summed(op: &OperationIr) -> Option<(&TensorIr, Vec<usize>)> {
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

/// Whether exactly the batches, but for those of size 1, are summed.
fn sums_batches(product: &MatmulOpIr, axes: &[usize]) -> bool {
    let batch = product.out.shape.num_dims() - 2;
    axes.iter().all(|&axis| axis < batch)
        && (0..batch).all(|axis| axes.contains(&axis) || product.out.shape[axis] == 1)
}

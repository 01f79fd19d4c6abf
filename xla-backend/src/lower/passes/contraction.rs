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

#[cfg(test)]
mod tests {
    use burn_backend::DType;
    use burn_ir::{FloatOperationIr, GraphIr, ReduceDimOpIr};

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

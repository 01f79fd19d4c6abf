//! Linear layers with what stands beside them, for which there is a kernel.
//!
//! A layer is one of three:
//!
//! - products whose results are added up, with biases and a residual;
//! - a product with GELU by the hyperbolic tangent;
//! - a product alone.
//!
//! The first two are taken as a whole or not at all: where anything else reads what is in between, such as a gradient, all
//! operations stay as they are. Layers that read the same rows are computed together, where the first of them stands.

mod gelu;
mod layer;
mod sum;

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{ActivationOperationIr, OperationIr, TensorId};

use super::uses::Uses;
use crate::lower::kernel::Kernels;
pub(crate) use layer::Layer;

/// The layers of a block that kernels compute.
#[derive(Debug, Default)]
pub(crate) struct Linears<'a> {
    /// By the results of their operations; none where another operation does the work.
    roles: BTreeMap<TensorId, Vec<Layer<'a>>>,
}

/// A layer, with what is made on the way to it, which nothing else reads.
type Whole<'a> = (Layer<'a>, Vec<TensorId>);

impl<'a> Linears<'a> {
    /// Finds the layers among the operations of a block.
    pub(crate) fn new(
        operations: &[&'a OperationIr],
        uses: &Uses<'_, 'a>,
        kernels: Kernels,
    ) -> Self {
        let mut all: Vec<Whole<'a>> = Vec::new();
        let mut taken = BTreeSet::new();
        for op in operations {
            if let OperationIr::Activation(ActivationOperationIr::Sigmoid(sigmoid)) = op
                && let Some(found) = uses.gelu([&sigmoid.input, &sigmoid.out], kernels)
            {
                taken.extend(found.1.iter().copied().chain([found.0.out.id]));
                all.push(found);
            }
        }
        // Of additions one after the other the last.
        for op in operations.iter().rev() {
            let is_free = |id: TensorId| !taken.contains(&id);
            if op.outputs().all(|out| is_free(out.id))
                && let Some(found) = uses.sum(op, kernels, &is_free)
            {
                taken.extend(found.1.iter().copied().chain([found.0.out.id]));
                all.push(found);
            }
        }
        for op in operations {
            if op.outputs().all(|out| !taken.contains(&out.id))
                && let Some(found) = uses.product(op, kernels)
            {
                all.push((Layer::of(found), vec![]));
            }
        }
        Self { roles: roles(all, uses) }
    }

    /// The layers that are computed in place of an operation; none of them where another operation does its work.
    pub(crate) fn role(&self, op: &OperationIr) -> Option<&[Layer<'a>]> {
        op.outputs().find_map(|out| self.roles.get(&out.id)).map(Vec::as_slice)
    }
}

fn roles<'a>(all: Vec<Whole<'a>>, uses: &Uses<'_, 'a>) -> BTreeMap<TensorId, Vec<Layer<'a>>> {
    let mut roles = BTreeMap::new();
    let mut by_rows: BTreeMap<TensorId, Vec<(usize, Whole<'a>)>> = BTreeMap::new();
    for (layer, inside) in all {
        match (&layer.products[..], layer.residual) {
            (&[product], None) => {
                let at = uses.place(product.made).unwrap_or(usize::MAX);
                by_rows
                    .entry(uses.rows_of(product.rows.id))
                    .or_default()
                    .push((at, (layer, inside)));
            }
            _ => alone((layer, inside), &mut roles),
        }
    }
    for mut layers in by_rows.into_values() {
        layers.sort_by_key(|(at, _)| *at);
        let (first, rows) = (layers[0].0, layers[0].1.0.products[0]);
        let is_there = |(layer, _): &Whole<'a>| {
            let weights = layer.products.iter().map(|product| product.weight);
            let mut operands = weights.chain(layer.biases.iter().copied());
            operands.all(|tensor| uses.place(tensor.id).is_none_or(|at| at < first))
        };
        let layers = layers.into_iter().map(|(_, layer)| layer);
        let (together, others): (Vec<_>, Vec<_>) = layers.partition(is_there);
        others.into_iter().for_each(|layer| alone(layer, &mut roles));
        if together.len() < 2 {
            together.into_iter().for_each(|layer| alone(layer, &mut roles));
            continue;
        }
        let mut group = Vec::new();
        for (mut layer, inside) in together {
            roles.extend(inside.into_iter().chain([layer.out.id]).map(|id| (id, vec![])));
            layer.products[0].rows = rows.rows;
            group.push(layer);
        }
        roles.insert(rows.made, group);
    }
    roles
}

/// A layer that is computed where its last operation stands.
fn alone<'a>((layer, inside): Whole<'a>, roles: &mut BTreeMap<TensorId, Vec<Layer<'a>>>) {
    // A product alone is that of its operation.
    if inside.is_empty() {
        return;
    }
    roles.extend(inside.into_iter().map(|id| (id, vec![])));
    roles.insert(layer.out.id, vec![layer]);
}

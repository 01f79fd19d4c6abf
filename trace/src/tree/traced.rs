//! Trees on the device that records.

use std::any::Any;

use super::source::Leaves;
use super::tensor_tree::{TensorTree, walk};
use crate::recorder::{Primitive, Traced};

/// The leaves of a tree and the number of its structure, if all of them are recorded.
pub(crate) fn traced(tree: &impl TensorTree) -> Option<(Vec<Traced>, u64)> {
    let mut leaves = Vec::new();
    let structure = walk(tree, |_, leaf| leaves.push(leaf.traced())).ok()?;
    Some((leaves.into_iter().collect::<Option<_>>()?, structure))
}

/// The recorded tensors of leaves.
pub(crate) fn primitives<'t>(leaves: impl IntoIterator<Item = &'t Traced>) -> Vec<Primitive> {
    leaves.into_iter().map(|leaf| leaf.primitive().clone()).collect()
}

/// The tree with other tensors beneath.
pub(crate) fn rebuilt<T: TensorTree>(tree: &T, traced: Vec<Traced>) -> T {
    let mut traced = traced.into_iter();
    let mut tensors: Vec<Box<dyn Any>> = Vec::new();
    let walked = walk(tree, |_, leaf| {
        tensors.extend(traced.next().map(|leaf_traced| leaf.around(leaf_traced)))
    });
    walked
        .and_then(|_| tree.rebuild(&mut Leaves::tensors(tensors)))
        .expect("the tree was walked before")
}

//! Which operations a block needs, and what it reads.

use std::collections::BTreeSet;

use burn_ir::{OperationIr, TensorId, TensorIr};

use crate::lower::graph::regions::{Backward, Node, Regions};

/// A set of tensors, in the order of their ids.
pub(crate) type Ids = BTreeSet<TensorId>;

/// The ids of tensors.
pub(crate) fn ids<'t>(tensors: impl IntoIterator<Item = &'t TensorIr>) -> Ids {
    tensors.into_iter().map(|t| t.id).collect()
}

/// The nodes that a block needs, in order, and what the block and its results read.
#[derive(Debug)]
pub(crate) struct Live<'r, 'a> {
    pub(crate) nodes: Vec<&'r Node<'a>>,
    pub(crate) needed: Ids,
}

impl<'r, 'a> Live<'r, 'a> {
    /// The nodes that compute `results` from what is `given`.
    pub(crate) fn new(
        regions: &Regions<'a>,
        nodes: &[&'r Node<'a>],
        given: &Ids,
        results: &Ids,
    ) -> Self {
        let mut needed = results.clone();
        let mut live = Vec::new();
        for &node in nodes.iter().rev() {
            if matches!(node, Node::Op(OperationIr::Init(_) | OperationIr::Drop(_))) {
                continue;
            }
            if node.writes().any(|id| needed.contains(&id) && !given.contains(&id)) {
                needed.extend(reads(regions, node));
                live.push(node);
            }
        }
        live.reverse();
        Self { nodes: live, needed }
    }

    /// What the block reads of what is outside of it.
    pub(crate) fn outside(&self, given: &Ids) -> Ids {
        let made: Ids = self.nodes.iter().flat_map(|node| node.writes()).collect();
        let is_outside = |id: &TensorId| !made.contains(id) && !given.contains(id);
        self.needed.iter().copied().filter(is_outside).collect()
    }
}

/// What a node reads. A loop reads what its body does not make itself, all its results included.
pub(crate) fn reads(regions: &Regions<'_>, node: &Node<'_>) -> Ids {
    let free = |given: Ids, results: Ids| {
        Live::new(regions, &regions.body(node), &given, &results).outside(&given)
    };
    match node {
        Node::Op(op) => ids(op.inputs()),
        Node::Forward(forward) => {
            let scan = &forward.scan;
            let given = ids(scan.carry.iter().chain(scan.leaves));
            let mut reads = free(given, ids(scan.next.iter().chain(scan.results)));
            reads.extend(ids(scan.starts.iter().chain(scan.stacks)));
            reads
        }
        Node::Backward(Backward { scan, .. }) => {
            let forward = regions.forward(scan.forward);
            let of_forward = forward
                .iter()
                .flat_map(|forward| forward.scan.carry.iter().chain(forward.scan.leaves));
            let given = ids(of_forward.chain(scan.carry).chain(scan.given));
            let mut reads = free(given, ids(scan.next.iter().chain(scan.wanted)));
            reads.extend(ids(scan.starts.iter().chain(scan.stacks)));
            // A result of the loop forward, so that this loop is there: it keeps what is read here.
            reads.extend(forward.iter().flat_map(|forward| {
                ids(forward.scan.stacks.iter().chain(forward.outputs.iter().take(1)))
            }));
            reads
        }
    }
}

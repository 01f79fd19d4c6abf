//! The recorded operations as a tree: the regions of loops, and what is around them.

use std::collections::BTreeMap;

use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_trace::compile::{Mark, Scan, ScanBackward};

/// An operation, or a loop over a region.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Op(&'a OperationIr),
    Forward(Forward<'a>),
    Backward(Backward<'a>),
}

/// A loop over the region `scan.region`.
#[derive(Debug, Clone)]
pub(crate) struct Forward<'a> {
    pub(crate) op: &'a OperationIr,
    pub(crate) scan: Scan<'a>,
    /// What is passed on at last, then the results of all lanes, stacked.
    pub(crate) outputs: &'a [TensorIr],
}

/// A loop over the gradient of a region, from the last lane to the first.
#[derive(Debug, Clone)]
pub(crate) struct Backward<'a> {
    pub(crate) op: &'a OperationIr,
    pub(crate) scan: ScanBackward<'a>,
    /// The gradients with respect to what is passed on at first, then those with respect to the
    /// lanes, stacked.
    pub(crate) outputs: &'a [TensorIr],
}

/// All operations.
#[derive(Debug, Default)]
pub(crate) struct Regions<'a> {
    /// What is in no region.
    pub(crate) top: Vec<Node<'a>>,
    /// Regions by their numbers.
    regions: BTreeMap<u64, Vec<Node<'a>>>,
    /// Loops forward by their regions.
    loops: BTreeMap<u64, Forward<'a>>,
}

impl<'a> Regions<'a> {
    /// Sorts operations, in the order in which they were recorded, into regions.
    pub(crate) fn new(operations: &[&'a OperationIr]) -> Self {
        let mut regions = Self::default();
        let mut open: Vec<(u64, Vec<Node<'a>>)> = Vec::new();
        for op in operations {
            let node = match Mark::of(op) {
                Some(Mark::BeginRegion { region }) => {
                    open.push((region, Vec::new()));
                    continue;
                }
                Some(Mark::EndRegion { .. }) => {
                    regions.regions.extend(open.pop());
                    continue;
                }
                Some(Mark::Scan(scan)) => {
                    let forward = Forward { op, scan, outputs: outputs(op) };
                    regions.loops.insert(forward.scan.region, forward.clone());
                    Node::Forward(forward)
                }
                Some(Mark::ScanBackward(scan)) => {
                    Node::Backward(Backward { op, scan, outputs: outputs(op) })
                }
                _ => Node::Op(op),
            };
            open.last_mut().map_or(&mut regions.top, |(_, nodes)| nodes).push(node);
        }
        regions
    }

    /// The loop forward over a region.
    pub(crate) fn forward(&self, region: u64) -> Option<&Forward<'a>> {
        self.loops.get(&region)
    }

    /// The nodes of a region.
    pub(crate) fn region(&self, region: u64) -> &[Node<'a>] {
        self.regions.get(&region).map_or(&[], Vec::as_slice)
    }

    /// What a loop computes in each lane: a region, before its gradient where it is a loop backward.
    pub(crate) fn body<'r>(&'r self, node: &Node<'a>) -> Vec<&'r Node<'a>> {
        match node {
            Node::Op(_) => vec![],
            Node::Forward(forward) => self.region(forward.scan.region).iter().collect(),
            Node::Backward(Backward { scan, .. }) => {
                self.region(scan.forward).iter().chain(self.region(scan.region)).collect()
            }
        }
    }
}

fn outputs(op: &OperationIr) -> &[TensorIr] {
    match op {
        OperationIr::Custom(op) => &op.outputs,
        _ => &[],
    }
}

impl<'a> Node<'a> {
    /// The operation, which for a loop is its mark.
    pub(crate) fn op(&self) -> &'a OperationIr {
        match self {
            Self::Op(op) => op,
            Self::Forward(forward) => forward.op,
            Self::Backward(backward) => backward.op,
        }
    }

    /// The tensors that the node makes for those after it.
    pub(crate) fn writes(&self) -> impl Iterator<Item = TensorId> {
        self.op().outputs().map(|t| t.id)
    }
}

//! The recorded operations as a tree: bodies of loops, and what is around them.

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorId, TensorIr};
use burn_trace::compile::{REGION, SCAN, SCAN_BACKWARD};

/// An operation, or a loop over a body.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Op(&'a OperationIr),
    Scan(Scan<'a>),
    Backward(Backward<'a>),
}

/// A loop over the body `region`. See [`burn_trace::scan`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub(crate) op: &'a OperationIr,
    pub(crate) region: u64,
    pub(crate) lanes: usize,
    /// What goes in: passed on at first, and stacked.
    pub(crate) starts: &'a [TensorIr],
    pub(crate) stacks: &'a [TensorIr],
    /// What stands for it in the body.
    pub(crate) carry: &'a [TensorIr],
    pub(crate) leaves: &'a [TensorIr],
    /// What the body makes: passed on, and results.
    pub(crate) next: &'a [TensorIr],
    pub(crate) results: &'a [TensorIr],
    /// What comes out: passed on at last, and results stacked.
    pub(crate) outputs: &'a [TensorIr],
}

/// A loop over the gradient of a body, from the last lane to the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backward<'a> {
    pub(crate) op: &'a OperationIr,
    /// The body, and the operations of its gradient.
    pub(crate) forward: u64,
    pub(crate) region: u64,
    pub(crate) lanes: usize,
    /// What goes in: the gradient by what is passed on at last, and by the results, stacked.
    pub(crate) starts: &'a [TensorIr],
    pub(crate) stacks: &'a [TensorIr],
    /// What stands for it in the body.
    pub(crate) carry: &'a [TensorIr],
    pub(crate) given: &'a [TensorIr],
    /// What the body makes: the gradient by what is passed on, and by the lane.
    pub(crate) next: &'a [TensorIr],
    pub(crate) wanted: &'a [TensorIr],
    /// What comes out.
    pub(crate) outputs: &'a [TensorIr],
}

/// All operations.
#[derive(Debug, Default)]
pub(crate) struct Stream<'a> {
    pub(crate) top: Vec<Node<'a>>,
    pub(crate) regions: BTreeMap<u64, Vec<Node<'a>>>,
    /// Loops by the region of their body.
    scans: BTreeMap<u64, Scan<'a>>,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(operations: &[&'a OperationIr]) -> Self {
        let mut stream = Self::default();
        let mut open: Vec<(u64, Vec<Node<'a>>)> = Vec::new();
        for op in operations {
            if let Some((ends, region)) = mark(op) {
                if !ends {
                    open.push((region, Vec::new()));
                } else if let Some((region, nodes)) = open.pop() {
                    stream.regions.insert(region, nodes);
                }
                continue;
            }
            let node = Node::new(op);
            if let Node::Scan(scan) = &node {
                stream.scans.insert(scan.region, *scan);
            }
            open.last_mut().map_or(&mut stream.top, |(_, nodes)| nodes).push(node);
        }
        stream
    }

    pub(crate) fn scan(&self, region: u64) -> Option<&Scan<'a>> {
        self.scans.get(&region)
    }

    fn body(&self, region: u64) -> &[Node<'a>] {
        self.regions.get(&region).map_or(&[], Vec::as_slice)
    }

    /// The nodes of a body, or of its gradient behind it.
    pub(crate) fn nodes<'s>(&'s self, node: &Node<'a>) -> Vec<&'s Node<'a>> {
        match node {
            Node::Op(_) => vec![],
            Node::Scan(scan) => self.body(scan.region).iter().collect(),
            Node::Backward(back) => {
                self.body(back.forward).iter().chain(self.body(back.region)).collect()
            }
        }
    }

    /// What a node reads.
    pub(crate) fn reads(&self, node: &Node<'a>) -> BTreeSet<TensorId> {
        match node {
            Node::Op(op) => op.inputs().map(|t| t.id).collect(),
            Node::Scan(scan) => {
                let inside = ids(scan.carry.iter().chain(scan.leaves));
                let results = ids(scan.next.iter().chain(scan.results));
                let mut reads = self.free(&self.nodes(node), &inside, &results);
                reads.extend(ids(scan.starts.iter().chain(scan.stacks)));
                reads
            }
            Node::Backward(back) => {
                let scan = self.scan(back.forward);
                let of_scan = scan.iter().flat_map(|scan| scan.carry.iter().chain(scan.leaves));
                let inside = ids(of_scan.chain(back.carry).chain(back.given));
                let results = ids(back.next.iter().chain(back.wanted));
                let mut reads = self.free(&self.nodes(node), &inside, &results);
                reads.extend(ids(back.starts.iter().chain(back.stacks)));
                reads.extend(scan.iter().flat_map(|scan| ids(scan.stacks)));
                // So that the loop forward is there, which keeps what this one needs.
                reads.extend(scan.iter().flat_map(|scan| ids(scan.outputs.iter().take(1))));
                reads
            }
        }
    }

    /// What the live ones of these nodes read and nothing among them, or `inside`, gives.
    pub(crate) fn free(
        &self,
        nodes: &[&Node<'a>],
        inside: &BTreeSet<TensorId>,
        results: &BTreeSet<TensorId>,
    ) -> BTreeSet<TensorId> {
        let live = self.live(nodes, inside, results);
        let made: BTreeSet<_> = live.nodes.iter().flat_map(|node| writes(node)).collect();
        live.needed.into_iter().filter(|id| !made.contains(id) && !inside.contains(id)).collect()
    }

    /// The nodes that the results need, in order; what is in `given` needs none.
    pub(crate) fn live<'s>(
        &self,
        nodes: &[&'s Node<'a>],
        given: &BTreeSet<TensorId>,
        results: &BTreeSet<TensorId>,
    ) -> Live<'s, 'a> {
        let mut needed = results.clone();
        let mut live = Vec::new();
        for &node in nodes.iter().rev() {
            if matches!(node, Node::Op(OperationIr::Init(_) | OperationIr::Drop(_))) {
                continue;
            }
            if writes(node).any(|id| needed.contains(&id) && !given.contains(&id)) {
                needed.extend(self.reads(node));
                live.push(node);
            }
        }
        live.reverse();
        Live { nodes: live, needed }
    }
}

/// Nodes that are needed, and the tensors that they read.
#[derive(Debug)]
pub(crate) struct Live<'s, 'a> {
    pub(crate) nodes: Vec<&'s Node<'a>>,
    pub(crate) needed: BTreeSet<TensorId>,
}

/// What a node gives.
pub(crate) fn writes<'n>(node: &'n Node<'_>) -> Box<dyn Iterator<Item = TensorId> + 'n> {
    match node {
        Node::Op(op) => Box::new(op.outputs().map(|t| t.id)),
        Node::Scan(Scan { outputs, .. }) | Node::Backward(Backward { outputs, .. }) => {
            Box::new(outputs.iter().map(|t| t.id))
        }
    }
}

pub(crate) fn ids<'t>(tensors: impl IntoIterator<Item = &'t TensorIr>) -> BTreeSet<TensorId> {
    tensors.into_iter().map(|t| t.id).collect()
}

impl<'a> Node<'a> {
    fn new(op: &'a OperationIr) -> Self {
        match op {
            OperationIr::Custom(custom) if custom.id == SCAN => scan_of(op, custom).map(Self::Scan),
            OperationIr::Custom(custom) if custom.id == SCAN_BACKWARD => {
                backward_of(op, custom).map(Self::Backward)
            }
            _ => None,
        }
        .unwrap_or(Self::Op(op))
    }

    pub(crate) fn op(&self) -> &'a OperationIr {
        match self {
            Self::Op(op) => op,
            Self::Scan(scan) => scan.op,
            Self::Backward(back) => back.op,
        }
    }
}

/// Whether a mark ends a region, and which.
fn mark(op: &OperationIr) -> Option<(bool, u64)> {
    let OperationIr::Custom(op) = op else { return None };
    let [ends, region] = numbers(op)[..] else { return None };
    (op.id == REGION).then_some((ends == 1, region))
}

fn numbers(op: &CustomOpIr) -> Vec<u64> {
    let number = |scalar: &ScalarIr| match scalar {
        ScalarIr::UInt(number) => *number,
        _ => u64::MAX,
    };
    op.scalars.iter().map(number).collect()
}

/// Takes slices of these lengths off the front.
fn cut<const N: usize>(mut tensors: &[TensorIr], lengths: [usize; N]) -> Option<[&[TensorIr]; N]> {
    let mut parts = [tensors; N];
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, tensors) = tensors.split_at_checked(length)?;
    }
    tensors.is_empty().then_some(parts)
}

fn scan_of<'a>(op: &'a OperationIr, custom: &'a CustomOpIr) -> Option<Scan<'a>> {
    let [region, lanes, carry, leaves, results] = numbers(custom)[..] else { return None };
    let [lanes, carry, leaves, results] = [lanes, carry, leaves, results].map(|n| n as usize);
    let lengths = [carry, leaves, carry, leaves, carry, results];
    let [starts, stacks, carry, leaves, next, results] = cut(&custom.inputs, lengths)?;
    let outputs = &custom.outputs[..];
    Some(Scan { op, region, lanes, starts, stacks, carry, leaves, next, results, outputs })
}

fn backward_of<'a>(op: &'a OperationIr, custom: &'a CustomOpIr) -> Option<Backward<'a>> {
    let [forward, region, lanes, carry, given, wanted] = numbers(custom)[..] else { return None };
    let [lanes, carry, given, wanted] = [lanes, carry, given, wanted].map(|n| n as usize);
    let lengths = [carry, given, carry, given, carry, wanted];
    let [starts, stacks, carry, given, next, wanted] = cut(&custom.inputs, lengths)?;
    let outputs = &custom.outputs[..];
    Some(Backward {
        op,
        forward,
        region,
        lanes,
        starts,
        stacks,
        carry,
        given,
        next,
        wanted,
        outputs,
    })
}

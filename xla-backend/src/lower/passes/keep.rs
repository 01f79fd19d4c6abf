//! What a loop forward keeps of each lane for the loop backward.
//!
//! [`Save`] says which tensors may be kept. What is not kept is computed again, in the loop backward,
//! from what is. Tensors that only rearrange others are always computed again.

use std::collections::BTreeMap;

use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_trace::Save;
use burn_trace::compile::{Hint, Mark};

use super::live::{Ids, Live, ids};
use crate::lower::graph::operation::{is_product, rearranges};
use crate::lower::graph::regions::{Backward, Node, Regions};

/// The tensors of the region that a loop backward reads, without those of the lane. `needed` is what
/// the block around the loops reads.
pub(crate) fn kept<'a>(
    regions: &Regions<'a>,
    node: &Node<'a>,
    backward: &Backward<'a>,
    needed: &Ids,
    save: &Save,
) -> Vec<&'a TensorIr> {
    let Some(forward) = regions.forward(backward.scan.forward) else { return vec![] };
    let mut may_keep: BTreeMap<TensorId, &'a TensorIr> =
        forward.scan.carry.iter().map(|t| (t.id, t)).collect();
    for inner in regions.region(backward.scan.forward) {
        if let Node::Op(op) = inner
            && may_be_kept(save, op)
        {
            may_keep.extend(op.outputs().map(|t| (t.id, t)));
        }
    }
    let scan = &backward.scan;
    let mut given = ids(forward.scan.leaves.iter().chain(scan.carry).chain(scan.given));
    given.extend(may_keep.keys());
    let wanted = wanted(backward, needed);
    let results = ids(scan.next.iter().chain(wanted.into_iter().map(|(inside, _)| inside)));
    let live = Live::new(regions, &regions.body(node), &given, &results);
    may_keep.into_values().filter(|t| live.needed.contains(&t.id)).collect()
}

fn may_be_kept(save: &Save, op: &OperationIr) -> bool {
    match save {
        Save::Nothing => false,
        Save::Everything => !rearranges(op),
        Save::Products => is_product(op),
        Save::Named(names) => match Mark::of(op) {
            Some(Mark::Identity { hint: Hint::Named(name), .. }) => names.contains(&name),
            _ => false,
        },
    }
}

/// The gradients with respect to a lane that something reads: in the region, and stacked.
pub(crate) fn wanted<'a>(
    backward: &Backward<'a>,
    needed: &Ids,
) -> Vec<(&'a TensorIr, &'a TensorIr)> {
    let stacked = &backward.outputs[backward.scan.next.len()..];
    backward.scan.wanted.iter().zip(stacked).filter(|(_, out)| needed.contains(&out.id)).collect()
}

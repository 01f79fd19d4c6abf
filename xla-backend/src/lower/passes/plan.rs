//! From the nodes of a block to its steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burn_ir::{MatmulOpIr, OperationIr, TensorId, TensorIr};
use burn_trace::Save;
use burn_trace::compile::RingAxis;
use burn_trace::mesh::{Layout, Mesh};

use super::Fresh;
use super::attention::{Attentions, Role};
use super::contraction::Contractions;
use super::head_norm::NormedAttentions;
use super::keep;
use super::linear::Linears;
use super::live::{Ids, Live, ids};
use super::placement::Placement;
use super::replicas::{Origin, Replicas};
use super::rings::{self, Action};
use super::rms_norm::RmsNorms;
use super::step::{Addends, Block, Loop, Stack, Step, Work};
use super::uses::Uses;
use super::views::Views;
use crate::lower::error::{Fault, LowerError};
use crate::lower::graph::operation::{fault_at, is_random, matmul};
use crate::lower::graph::regions::{Backward, Forward, Node, Regions};
use crate::lower::kernel::Kernels;

/// What the passes read.
pub(crate) struct Plan<'p, 'a> {
    pub(crate) regions: &'p Regions<'a>,
    pub(crate) tensors: &'p HashMap<TensorId, &'a TensorIr>,
    pub(crate) over: Option<(&'p Mesh, &'p Layout)>,
    pub(crate) save: &'p Save,
    pub(crate) fresh: Fresh,
    /// The kernels that the program may call.
    pub(crate) kernels: Kernels,
}

impl<'a> Plan<'_, 'a> {
    /// The block that computes `results` outside of all loops.
    ///
    /// # Errors
    ///
    /// [`LowerError`] for a loop or a constraint that has no lowering.
    pub(crate) fn top(&self, given: &Ids, results: &[TensorId]) -> Result<Block<'a>, LowerError> {
        let nodes: Vec<_> = self.regions.top.iter().collect();
        let wanted = results.iter().copied().collect();
        self.block(&Live::new(self.regions, &nodes, given, &wanted), given, results)
    }

    fn block(
        &self,
        live: &Live<'_, 'a>,
        given: &Ids,
        results: &[TensorId],
    ) -> Result<Block<'a>, LowerError> {
        let mut operations = Vec::new();
        let mut read: Ids = results.iter().copied().collect();
        for node in &live.nodes {
            match node {
                Node::Op(op) => operations.push(*op),
                _ => read.extend(super::live::reads(self.regions, node)),
            }
        }
        let contractions = Contractions::new(&operations, &read);
        let (mut attentions, mut linears) = (Attentions::default(), Linears::default());
        let (mut normed, mut norms) = (NormedAttentions::default(), RmsNorms::default());
        if self.kernels.attention {
            let uses = Uses::new(&operations, &read);
            attentions = Attentions::new(&operations, &uses);
            normed = NormedAttentions::new(&operations, &uses);
            norms = RmsNorms::new(&operations, &uses, &|id| !normed.makes(id));
            linears = Linears::new(&operations, &uses, self.kernels);
        }
        let placement = Placement::new(&operations, self.over)?;
        let views = Views::new(&operations, &placement);
        let replicas = Replicas::new(
            &operations,
            self.over,
            &contractions,
            (&views, &placement),
            &|id| self.tensors.get(&id).map_or(vec![], |t| t.shape.to_vec()),
            &self.fresh,
        );
        let graph = rings::Graph {
            regions: self.regions,
            tensors: &|id| self.tensors.get(&id).copied(),
            contractions: &contractions,
            views: &views,
            placement: &placement,
            replicas: &replicas,
            ring: self.ring(),
            fresh: &self.fresh,
        };
        let actions = rings::order(graph, &live.nodes, results);
        let mut block = Steps {
            plan: self,
            kept: self.kept(live),
            needed: &live.needed,
            attentions,
            normed,
            norms,
            linears,
            contractions,
            placement,
            views,
            replicas,
            summed: BTreeSet::new(),
            steps: Vec::with_capacity(actions.len()),
        };
        actions.into_iter().try_for_each(|action| block.action(action))?;
        Ok(Block { steps: block.steps, views: block.views, outside: live.outside(given) })
    }

    fn ring(&self) -> Option<(&Mesh, &RingAxis)> {
        let (mesh, layout) = self.over?;
        let ring = layout.ring()?;
        mesh.size(&ring.axis).is_some_and(|size| size > 1).then_some((mesh, ring))
    }

    /// What the loops forward of a block keep, by their regions, with ids for the stacks. A loop with
    /// several gradients keeps what any of them reads.
    fn kept(&self, live: &Live<'_, 'a>) -> BTreeMap<u64, Vec<(&'a TensorIr, TensorId)>> {
        let mut all: BTreeMap<u64, Vec<(&TensorIr, TensorId)>> = BTreeMap::new();
        for node in &live.nodes {
            let Node::Backward(backward) = node else { continue };
            let stacks = all.entry(backward.scan.forward).or_default();
            for tensor in keep::kept(self.regions, node, backward, &live.needed, self.save) {
                if stacks.iter().all(|(kept, _)| kept.id != tensor.id) {
                    stacks.push((tensor, self.fresh.id()));
                }
            }
        }
        all
    }
}

/// The steps of a block, and what makes them.
struct Steps<'p, 'a> {
    plan: &'p Plan<'p, 'a>,
    kept: BTreeMap<u64, Vec<(&'a TensorIr, TensorId)>>,
    /// What the block and its results read.
    needed: &'p Ids,
    attentions: Attentions<'a>,
    normed: NormedAttentions<'a>,
    norms: RmsNorms<'a>,
    linears: Linears<'a>,
    contractions: Contractions<'a>,
    placement: Placement,
    views: Views,
    replicas: Replicas,
    /// The tensors whose sum over replicas was taken.
    summed: BTreeSet<TensorId>,
    steps: Vec<Step<'a>>,
}

impl<'a> Steps<'_, 'a> {
    fn push(&mut self, at: Option<&'a OperationIr>, work: Work<'a>) {
        self.steps.push(Step { at, work });
    }

    fn action(&mut self, action: Action<'_, 'a>) -> Result<(), LowerError> {
        match action {
            Action::Node(Node::Op(op), gathered) => self.operation(op, gathered)?,
            Action::Node(node @ Node::Forward(forward), _) => self.forward(node, forward)?,
            Action::Node(node @ Node::Backward(backward), _) => self.backward(node, backward)?,
            Action::Operand(op, operand) => self.push(Some(op), Work::Operand(operand)),
            Action::Gather(at, gather) => self.push(at, Work::Gather(gather)),
            Action::Scatter(at, scatter) => self.push(at, Work::Scatter(scatter)),
            Action::Read(at, id) => self.read(at, id),
        }
        Ok(())
    }

    /// Takes the sum over replicas of a tensor that is read, if it was not taken yet.
    fn read(&mut self, at: Option<&'a OperationIr>, id: TensorId) {
        let Some(unsummed) = self.replicas.of(id) else { return };
        let (addends, out) = (unsummed.addends, self.plan.tensors.get(&id));
        if let Some(&out) = out
            && self.summed.insert(id)
        {
            self.push(at, Work::SumAddends { addends, out });
        }
    }

    fn operation(&mut self, op: &'a OperationIr, gathered: [bool; 2]) -> Result<(), LowerError> {
        let at = Some(op);
        match self.attentions.role(op) {
            Some(Role::Inside) => return Ok(()),
            Some(Role::Forward(attention, out)) => {
                self.push(at, Work::Attention(attention, out));
                return Ok(());
            }
            Some(Role::Backward(gradient)) => {
                self.push(at, Work::AttentionBackward(gradient));
                return Ok(());
            }
            None => {}
        }
        match self.normed.role(op) {
            Some(None) => return Ok(()),
            Some(Some((attention, norms))) => {
                self.push(at, Work::NormedAttention(attention, norms));
                return Ok(());
            }
            None => {}
        }
        match self.norms.role(op) {
            Some(None) => return Ok(()),
            Some(Some(norm)) => {
                self.push(at, Work::RmsNorm(norm));
                return Ok(());
            }
            None => {}
        }
        if let Some(layers) = self.linears.role(op) {
            if !layers.is_empty() {
                let layers = layers.to_vec();
                self.push(at, Work::Linears(layers));
            }
            return Ok(());
        }
        if self.contractions.replaces(op) {
            return Ok(());
        }
        let Some(out) = op.outputs().next() else {
            self.push(at, Work::Op(op));
            return Ok(());
        };
        if let Some(product) = self.contractions.of_sum(op) {
            self.product(op, product, gathered, Some(out));
            return Ok(());
        }
        if let Some(product) = matmul(op)
            && (gathered != [false; 2] || self.replicas.of(out.id).is_some())
        {
            self.product(op, product, gathered, None);
            return Ok(());
        }
        if let Some(unsummed) = self.replicas.of(out.id) {
            let (to, count) = (unsummed.addends, self.replicas.count);
            let work = match &unsummed.origin {
                Origin::Reshape(from) => Work::ReshapeAddends { from: *from, to, count, out },
                Origin::Constraint(from, spec) => {
                    Work::ConstrainAddends { from: *from, to, spec: spec.clone() }
                }
                Origin::Product => {
                    let reason = "its result stays unsummed over replicas, as that of a product";
                    return Err(fault_at(op, Fault::Unsupported(reason.into())));
                }
            };
            self.push(at, work);
            return Ok(());
        }
        op.inputs().for_each(|input| self.read(at, input.id));
        let spec = self.placement.spec(out.id).filter(|_| self.placement.is_constraint(out.id));
        let work = match (spec.cloned(), op.inputs().next()) {
            (Some(spec), Some(input)) => Work::Constrain { input, out, spec },
            _ => Work::Op(op),
        };
        self.push(at, work);
        Ok(())
    }

    /// A product that is not computed as it was recorded. `gathered` says which operands are first brought to
    /// all devices. With `summed`, the sum over its batches is computed in its place. And where replicas keep
    /// its result unsummed, their addends are.
    fn product(
        &mut self,
        op: &'a OperationIr,
        product: &'a MatmulOpIr,
        gathered: [bool; 2],
        summed: Option<&'a TensorIr>,
    ) {
        let at = Some(op);
        let (lhs, rhs) = (product.lhs.id, product.rhs.id);
        self.read(at, lhs);
        self.read(at, rhs);
        let rows = self.views.transposed(lhs);
        let mut gather = |from: TensorId| {
            let to = self.plan.fresh.id();
            self.steps.push(Step { at, work: Work::GatherRows { from, to } });
            to
        };
        let new_rows = rows.filter(|_| gathered[0]).map(&mut gather);
        let rhs = if gathered[1] { gather(rhs) } else { rhs };
        let out = summed.unwrap_or(&product.out);
        let addends = self.replicas.of(out.id).map(|unsummed| unsummed.addends);
        let batch = product.out.shape.len() - 2;
        if summed.is_none()
            && let Some(addends) = addends
        {
            let lhs = new_rows.or(rows).unwrap_or(lhs);
            let (lhs_contract, rhs_contract) = (vec![0], vec![0]);
            let count = self.replicas.count;
            let work = Addends { lhs, rhs, lhs_contract, rhs_contract, count, addends, out };
            return self.push(at, Work::Addends(work));
        }
        let lhs = match new_rows {
            Some(from) => {
                let to = self.plan.fresh.id();
                self.push(at, Work::Transpose { from, to });
                to
            }
            None => lhs,
        };
        let work = match (summed, addends) {
            (Some(_), Some(addends)) => {
                let contract = |inner: usize| (0..batch).chain([inner]).collect();
                let (lhs_contract, rhs_contract) = (contract(batch + 1), contract(batch));
                let count = self.replicas.count;
                Work::Addends(Addends { lhs, rhs, lhs_contract, rhs_contract, count, addends, out })
            }
            (Some(out), None) => {
                // Of the axes of gathered rows, only the first is cut.
                let as_matrices = self.plan.over.is_none() || gathered != [false; 2];
                Work::Contraction { lhs, rhs, as_matrices, product, out }
            }
            (None, _) => Work::Matmul { lhs, rhs, product },
        };
        self.push(at, work);
    }

    fn forward(&mut self, node: &Node<'a>, forward: &Forward<'a>) -> Result<(), LowerError> {
        let scan = &forward.scan;
        let (ends, stacked) = forward.outputs.split_at(scan.next.len());
        let results = scan.results.iter().zip(stacked);
        let results = results.filter(|(_, out)| self.needed.contains(&out.id));
        let mut made: Vec<_> = results.map(|(t, out)| (t, Stack::Result(out))).collect();
        let kept = self.kept.get(&scan.region).into_iter().flatten();
        made.extend(kept.map(|&(t, stack)| (t, Stack::Kept(stack))));
        let stacks = pairs(scan.leaves, scan.stacks);
        let frame = Frame {
            phase: "forward",
            again: Ids::new(),
            lanes: scan.lanes,
            is_reversed: false,
            starts: scan.starts,
            carry: scan.carry,
            next: scan.next,
            ends,
        };
        self.push_loop(node, frame, (stacks, vec![]), made)
    }

    fn backward(&mut self, node: &Node<'a>, backward: &Backward<'a>) -> Result<(), LowerError> {
        let scan = &backward.scan;
        let Some(forward) = self.plan.regions.forward(scan.forward) else {
            let fault = Fault::Unsupported("the gradient of a loop that was not recorded".into());
            return Err(fault_at(backward.op, fault));
        };
        let made = keep::wanted(backward, self.needed);
        let made = made.into_iter().map(|(t, out)| (t, Stack::Result(out))).collect();
        let mut stacks = pairs(scan.given, scan.stacks);
        let kept = self.kept.get(&scan.forward).into_iter().flatten();
        stacks.extend(kept.map(|&(t, stack)| (t.id, stack)));
        // Parameters, which are read after the loop.
        let fixed = pairs(forward.scan.leaves, forward.scan.stacks);
        let region = self.plan.regions.region(scan.forward);
        let frame = Frame {
            phase: "backward",
            again: region.iter().flat_map(|node| node.writes()).collect(),
            lanes: scan.lanes,
            is_reversed: true,
            starts: scan.starts,
            carry: scan.carry,
            next: scan.next,
            ends: &backward.outputs[..scan.next.len()],
        };
        self.push_loop(node, frame, (stacks, fixed), made)
    }

    fn push_loop(
        &mut self,
        node: &Node<'a>,
        frame: Frame<'a>,
        (mut stacks, mut fixed): (Pairs, Pairs),
        made: Vec<(&'a TensorIr, Stack<'a>)>,
    ) -> Result<(), LowerError> {
        let regions = self.plan.regions;
        let of_lane = stacks.iter().chain(&fixed).map(|(id, _)| *id);
        let given: Ids = ids(frame.carry).into_iter().chain(of_lane).collect();
        let results: Vec<_> = frame.next.iter().chain(made.iter().map(|(t, _)| *t)).collect();
        let results: Vec<_> = results.into_iter().map(|t| t.id).collect();
        let wanted = results.iter().copied().collect();
        let live = Live::new(regions, &regions.body(node), &given, &wanted);
        if live.nodes.iter().any(|node| is_random(node.op())) {
            let reason = "a random operation in a rolled loop would draw the same numbers in each \
                          lane: pass random tensors to the lanes, or draw from a counter";
            return Err(fault_at(node.op(), Fault::Unsupported(reason.into())));
        }
        let body = self.plan.block(&live, &given, &results)?;
        for pairs in [&mut stacks, &mut fixed] {
            pairs.retain(|(id, _)| live.needed.contains(id));
        }
        let outer = frame.starts.iter().map(|t| t.id);
        let outer = outer.chain(stacks.iter().chain(&fixed).map(|(_, stack)| *stack));
        let read: Vec<_> = outer.chain(body.outside.iter().copied()).collect();
        read.into_iter().for_each(|id| self.read(Some(node.op()), id));
        let Frame { phase, again, lanes, is_reversed, starts, carry, next, ends } = frame;
        let work = Loop {
            phase,
            again,
            lanes,
            is_reversed,
            starts,
            carry,
            next,
            ends,
            fixed,
            stacks,
            made,
            body,
        };
        self.push(Some(node.op()), Work::Loop(Box::new(work)));
        Ok(())
    }
}

/// Tensors of a body and the stacks that they are lanes of.
type Pairs = Vec<(TensorId, TensorId)>;

fn pairs(inside: &[TensorIr], stacks: &[TensorIr]) -> Pairs {
    inside.iter().zip(stacks).map(|(t, stack)| (t.id, stack.id)).collect()
}

/// A loop without its body.
struct Frame<'a> {
    phase: &'static str,
    again: Ids,
    lanes: usize,
    is_reversed: bool,
    starts: &'a [TensorIr],
    carry: &'a [TensorIr],
    next: &'a [TensorIr],
    ends: &'a [TensorIr],
}

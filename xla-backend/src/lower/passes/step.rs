//! A block as it will be emitted: steps in their order.

use burn_ir::{AttentionOpIr, MatmulOpIr, OperationIr, TensorId, TensorIr};
use burn_trace::mesh::Spec;

use super::attention::{Attention, AttentionBackward};
use super::head_norm::Norms;
use super::linear::Layer;
use super::live::Ids;
use super::rings::{Gather, Operand, Scatter};
use super::rms_norm::Rms;
use super::views::Views;
use crate::lower::graph::operation::is_random;

/// The program, or the body of a loop.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) views: Views,
    /// What the block reads of what is outside of it.
    pub(crate) outside: Ids,
}

impl<'a> Block<'a> {
    /// The loops of the block, without those in their bodies.
    pub(crate) fn loops(&self) -> impl Iterator<Item = &Loop<'a>> {
        self.steps.iter().filter_map(|step| match &step.work {
            Work::Loop(frame) => Some(&**frame),
            _ => None,
        })
    }

    /// Whether an operation of the block draws random numbers; none of a loop's body does.
    pub(crate) fn is_random(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.work, Work::Op(op) if is_random(op)))
    }
}

/// Something that is emitted.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// The operation whose label it has, and which an error names; none for what is done after all
    /// operations of a block.
    pub(crate) at: Option<&'a OperationIr>,
    pub(crate) work: Work<'a>,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work<'a> {
    /// An operation, as the file of its family has it.
    Op(&'a OperationIr),
    /// A loop over lanes.
    Loop(Box<Loop<'a>>),
    /// A constraint with the spec that the layout gives it.
    Constrain { input: &'a TensorIr, out: &'a TensorIr, spec: Spec },
    /// A product, of operands that a pass has changed.
    Matmul { lhs: TensorId, rhs: TensorId, product: &'a MatmulOpIr },
    /// A product and the sum over its batches.
    Contraction {
        lhs: TensorId,
        rhs: TensorId,
        as_matrices: bool,
        product: &'a MatmulOpIr,
        out: &'a TensorIr,
    },
    /// Attention by a kernel.
    Attention(Attention<'a>, &'a TensorIr),
    /// Burn's attention by a kernel, which normalises queries and keys.
    NormedAttention(&'a AttentionOpIr, Norms<'a>),
    /// The gradient of attention by a kernel.
    AttentionBackward(AttentionBackward<'a>),
    /// The norm of rows by a kernel.
    RmsNorm(Rms<'a>),
    /// Linear layers of as many rows by a kernel.
    Linears(Vec<Layer<'a>>),
    /// Swaps the last two axes.
    Transpose { from: TensorId, to: TensorId },
    /// A product over the rows of each replica, whose addends stay unsummed.
    Addends(Addends<'a>),
    /// The addends of a tensor's reshape.
    ReshapeAddends { from: TensorId, to: TensorId, count: usize, out: &'a TensorIr },
    /// The addends of a constraint.
    ConstrainAddends { from: TensorId, to: TensorId, spec: Spec },
    /// The sum of addends.
    SumAddends { addends: TensorId, out: &'a TensorIr },
    /// Brings rows that a ring cuts to all its devices.
    GatherRows { from: TensorId, to: TensorId },
    /// A tensor with the shape in which a ring will read it.
    Operand(Operand),
    /// Products of the same rows, which go round a ring.
    Gather(Gather<'a>),
    /// Products whose sum goes round a ring.
    Scatter(Scatter<'a>),
}

/// A product over the rows of each replica.
#[derive(Debug)]
pub(crate) struct Addends<'a> {
    pub(crate) lhs: TensorId,
    pub(crate) rhs: TensorId,
    /// The axes over which the product sums, before the first axis is cut by replica.
    pub(crate) lhs_contract: Vec<usize>,
    pub(crate) rhs_contract: Vec<usize>,
    /// How many replicas there are.
    pub(crate) count: usize,
    /// The addends.
    pub(crate) addends: TensorId,
    /// Their sum, which is not taken here.
    pub(crate) out: &'a TensorIr,
}

/// A loop over lanes.
#[derive(Debug)]
pub(crate) struct Loop<'a> {
    /// What labels say before the name of an operation of the body: `forward` or `backward`.
    pub(crate) phase: &'static str,
    /// Tensors of the body that the loop forward has computed before.
    pub(crate) again: Ids,
    pub(crate) lanes: usize,
    /// Whether the last lane is the first.
    pub(crate) is_reversed: bool,
    /// What is passed on: at first, in the body, as the body makes it, and at last.
    pub(crate) starts: &'a [TensorIr],
    pub(crate) carry: &'a [TensorIr],
    pub(crate) next: &'a [TensorIr],
    pub(crate) ends: &'a [TensorIr],
    /// Tensors of the body that are lanes of stacks, and these. Of the second ones, the loop may take
    /// the memory.
    pub(crate) fixed: Vec<(TensorId, TensorId)>,
    pub(crate) stacks: Vec<(TensorId, TensorId)>,
    /// What the body makes of each lane, and the stack of all lanes.
    pub(crate) made: Vec<(&'a TensorIr, Stack<'a>)>,
    pub(crate) body: Block<'a>,
}

/// A stack that a loop makes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stack<'a> {
    /// A tensor of the graph.
    Result(&'a TensorIr),
    /// What the loop forward keeps for the loop backward.
    Kept(TensorId),
}

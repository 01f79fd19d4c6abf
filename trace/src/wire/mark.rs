//! The marks, with the tensors that they read.

use burn_ir::TensorIr;

use crate::mesh::Spec;

/// A mark, and the tensors that it reads: `T` is a tensor of the graph, or one that is being recorded. The
/// tensors that it makes are the outputs of its operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark<'a, T = TensorIr> {
    /// Makes a tensor that stands for another one: for a tensor that a loop's body gets in each lane, or for a
    /// stack that is an argument. In Burn every tensor is made by an operation.
    Placeholder,
    /// The lanes along a new first axis. Makes the stack.
    Stack {
        /// At least one, all of one type.
        lanes: &'a [T],
    },
    /// Takes a stack apart. Makes as many lanes as its first dimension says.
    Unstack {
        /// The stack.
        stack: &'a T,
    },
    /// The body of a loop, or the gradient of one, is recorded from here on.
    BeginRegion {
        /// The number of the region, which no other region of the graph has.
        region: u64,
    },
    /// The region that was begun last ends here.
    EndRegion {
        /// The number of the region.
        region: u64,
    },
    /// The body of a loop is recorded on another lane from here on, to be compared with the region.
    BeginLane,
    /// The body on another lane ends here.
    EndLane(Lane<'a, T>),
    /// A loop over a region. Makes the tensors that the last lane passes on, then a stack for each result.
    Scan(Scan<'a, T>),
    /// A loop over the gradient of a region, from the last lane to the first. Makes the gradients with respect to
    /// the tensors that the first lane is passed, then a stack for each gradient with respect to a lane.
    ScanBackward(ScanBackward<'a, T>),
    /// Makes the tensor itself.
    Identity {
        /// The use that a compiler may make of it.
        hint: Hint,
        /// The tensor.
        tensor: &'a T,
    },
    /// Softmax along the last axis.
    Softmax {
        /// The tensor.
        x: &'a T,
    },
    /// The gradient of softmax with respect to its input.
    SoftmaxBackward {
        /// The result of the softmax.
        y: &'a T,
        /// The gradient with respect to it.
        gradient: &'a T,
    },
    /// A product round a ring of devices.
    Ring {
        /// Which product.
        product: RingProduct,
        /// How `left` is sharded; its last dimension is cut by the axis of the ring.
        spec: Spec,
        /// The rows.
        left: &'a T,
        /// The matrix; for [`RingProduct::Outer`] rows too.
        right: &'a T,
    },
}

/// The use that a compiler may make of a tensor that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Keep it, under this name, for the backward pass: [`checkpoint_name`](crate::checkpoint_name).
    Named(String),
    /// Compute it once: [`materialize`](crate::materialize).
    Materialize,
    /// Shard it so: [`constrain`](crate::constrain).
    Constrain(Spec),
    /// Shard it as the layout says for this name: [`constrain_as`](crate::constrain_as).
    ConstrainAs(String),
    /// Shard it as the layout stores the parameter at this path: the first half of
    /// [`constrain_used`](crate::constrain_used).
    ConstrainLeaf(String),
    /// Shard it as the layout uses the parameter at this path: the second half.
    ConstrainUsed(String),
}

/// Products of [`ring_linear`](crate::ring_linear) and of its gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingProduct {
    /// `x w`, with `w` cut along its columns.
    Gather,
    /// `x w`, with `w` cut along its rows.
    Scatter,
    /// `xᵀ y` over all dimensions but the last, with the result cut along its columns: `x` goes
    /// round the ring. It is the gradient with respect to the weights.
    Outer,
}

/// A body that was recorded on another lane than the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lane<'a, T = TensorIr> {
    /// The number of the lane.
    pub number: usize,
    /// The tensors that the body is given, on the first lane and on this one; as many on both.
    pub given: [&'a [T]; 2],
    /// The tensors that it makes, on the first lane and on this one.
    pub made: [&'a [T]; 2],
}

/// A loop over the lanes of stacks, in which each lane passes tensors on to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan<'a, T = TensorIr> {
    /// The region of the body.
    pub region: u64,
    /// How many lanes there are.
    pub lanes: usize,
    /// The tensors that the first lane is passed.
    pub starts: &'a [T],
    /// The stacks that lanes are taken from.
    pub stacks: &'a [T],
    /// The tensors that stand in the body for those that a lane is passed, as many as `starts`.
    pub carry: &'a [T],
    /// The tensors that stand in the body for the lane, as many as `stacks`.
    pub leaves: &'a [T],
    /// The tensors that the body passes on, as many as `starts`.
    pub next: &'a [T],
    /// The results of the body, which are stacked.
    pub results: &'a [T],
}

/// A loop over the gradient of the body of a [`Scan`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanBackward<'a, T = TensorIr> {
    /// The region of the body.
    pub forward: u64,
    /// The region of its gradient.
    pub region: u64,
    /// How many lanes there are.
    pub lanes: usize,
    /// The gradients with respect to the tensors that the last lane passes on.
    pub starts: &'a [T],
    /// The gradients with respect to the results, stacked.
    pub stacks: &'a [T],
    /// The tensors that stand in the region for gradients that the next lane has made, as many as `starts`.
    pub carry: &'a [T],
    /// The tensors that stand in the region for gradients with respect to a lane's results, as many as `stacks`.
    pub given: &'a [T],
    /// The gradients with respect to the tensors that the lane was passed.
    pub next: &'a [T],
    /// The gradients with respect to the lane, which are stacked.
    pub wanted: &'a [T],
}

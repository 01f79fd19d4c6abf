//! Marks as operations of the recorded graph: by which names a compiler finds them.

use crate::mesh::Spec;

/// The operation that makes a tensor of the body of a loop, without inputs.
pub(crate) const PLACEHOLDER: &str = "burn_xla.placeholder";
/// The operation that stacks.
pub const STACK: &str = "burn_xla.stack";
/// The operation that takes a stack apart; it has a result for each lane.
pub const UNSTACK: &str = "burn_xla.unstack";
/// The operations between which a body is recorded; a number tells which.
pub const REGION: &str = "burn_xla.region";
/// The operations between which a body is recorded on another lane, to be compared.
pub const LANE: &str = "burn_xla.lane";
/// The loop over a body.
pub const SCAN: &str = "burn_xla.scan";
/// The loop over its gradient.
pub const SCAN_BACKWARD: &str = "burn_xla.scan_backward";
/// What the name of [`checkpoint_name`](crate::checkpoint_name) begins with; the name follows.
pub const NAMED: &str = "burn_xla.name ";
/// [`materialize`](crate::materialize).
pub const MATERIALIZE: &str = "burn_xla.materialize";
/// [`softmax`](crate::softmax); its input is the tensor.
pub const SOFTMAX: &str = "burn_xla.softmax";
/// Its gradient; its inputs are the result and the gradient by it.
pub const SOFTMAX_BACKWARD: &str = "burn_xla.softmax_backward";
/// What the name of [`constrain`](crate::constrain) begins with; the spec follows.
pub const CONSTRAIN: &str = "burn_xla.constrain ";
/// The same for a spec that the layout knows; its name follows.
pub const CONSTRAIN_AS: &str = "burn_xla.constrain_as ";
/// The same for the spec of a leaf; its path follows.
pub const CONSTRAIN_LEAF: &str = "burn_xla.constrain_leaf ";
/// The same for how a leaf lies where it is used; its path follows.
pub const CONSTRAIN_USED: &str = "burn_xla.constrain_used ";
/// What the name of the recorded operation begins with; kind and spec follow.
pub const RING: &str = "burn_xla.ring ";

/// What the recorded operations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingOp {
    /// `x w`, with `w` cut along its columns.
    Gather,
    /// `x w`, with `w` cut along its rows.
    Scatter,
    /// `xᵀ y` over all dimensions but the last, with the result cut along its columns: `x` goes
    /// round. It is the gradient by the weights.
    Outer,
}

impl RingOp {
    pub(crate) fn name(self, spec: &Spec) -> String {
        let kind = match self {
            Self::Gather => "gather",
            Self::Scatter => "scatter",
            Self::Outer => "outer",
        };
        format!("{RING}{kind} {spec}")
    }

    /// The operation of a recorded name.
    pub fn parse(name: &str) -> Option<(Self, Spec)> {
        let (kind, spec) = name.strip_prefix(RING)?.split_once(' ')?;
        let kind = match kind {
            "gather" => Self::Gather,
            "scatter" => Self::Scatter,
            "outer" => Self::Outer,
            _ => return None,
        };
        Some((kind, spec.parse().ok()?))
    }
}

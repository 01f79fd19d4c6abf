//! What is known of a graph before any of it is emitted.
//!
//! Each pass is a function of the graph and the layout. It builds no StableHLO, and gives facts by
//! tensor, which later passes read:
//!
//! - [`attention`]: which operations are attention, for which there is a kernel;
//! - [`head_norm`]: which attentions have queries and keys that are normalised, for which there is a kernel;
//! - [`linear`]: which operations are linear layers with what stands beside them, for which there is a kernel;
//! - [`rms_norm`]: which operations are norms of rows, for which there is a kernel;
//! - [`live`]: which operations a block needs;
//! - [`keep`]: what loops forward keep for loops backward;
//! - [`placement`]: how tensors are sharded;
//! - [`views`]: which tensors are others with their axes rearranged;
//! - [`contraction`]: which products are computed with the sum of their batches;
//! - [`replicas`]: which gradients stay unsummed;
//! - [`rings`]: which products go round a ring, and so in which order a block is emitted.
//!
//! [`plan`] turns them into the steps of a [`Block`], which are emitted as they are.

pub(crate) mod attention;
pub(crate) mod contraction;
pub(crate) mod head_norm;
pub(crate) mod keep;
pub(crate) mod linear;
pub(crate) mod live;
pub(crate) mod pattern;
pub(crate) mod placement;
pub(crate) mod plan;
pub(crate) mod replicas;
pub(crate) mod rings;
pub(crate) mod rms_norm;
pub(crate) mod step;
pub(crate) mod uses;
pub(crate) mod views;

use std::cell::Cell;

use burn_ir::TensorId;

pub(crate) use step::Block;

/// Ids for tensors that passes add to a graph: the largest ones, which no recording reaches.
#[derive(Debug)]
pub(crate) struct Fresh(Cell<u64>);

impl Default for Fresh {
    fn default() -> Self {
        Self(Cell::new(u64::MAX))
    }
}

impl Fresh {
    /// An id that no tensor has.
    pub(crate) fn id(&self) -> TensorId {
        self.0.set(self.0.get() - 1);
        TensorId::new(self.0.get())
    }
}

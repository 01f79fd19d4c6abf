//! Values of tensors.

use std::sync::Arc;

use super::error::Failure;
use super::promise::Promise;
use crate::pjrt::Buffer;

/// A tensor on the device, where it may still be computed, or the reason why there is none.
pub(super) type Outcome = Result<Arc<Buffer>, Failure>;

/// The value of a tensor that a graph has made, or that was uploaded.
///
/// Every handle of the tensor holds a reference. If the graph that reads it has the only one, the graph may
/// write results into its memory.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) outcome: Arc<Promise<Outcome>>,
}

impl Value {
    pub(super) fn new() -> Self {
        Self { outcome: Arc::new(Promise::new()) }
    }

    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome: Arc::new(Promise::kept(outcome)) }
    }
}

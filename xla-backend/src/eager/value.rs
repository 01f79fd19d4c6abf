//! Values of tensors that graphs give.

use std::sync::Arc;

use super::error::Failure;
use super::promise::Promise;
use crate::pjrt::Buffer;

/// The values of a tensor: on the device, on the way there, or never to come.
pub(super) type Outcome = Result<Arc<Buffer>, Failure>;

/// A tensor that a graph has given, or that was uploaded.
///
/// Whoever can still ask for the values holds it. If that is nobody but the graph that reads them,
/// the graph may write its results into their memory.
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

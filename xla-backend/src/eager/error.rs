//! Why an operation has no result.

use std::any::Any;
use std::sync::Arc;

use burn_backend::ExecutionError;
use burn_ir::TensorId;
use burn_trace::compile::panic_text;

use crate::error::Error;
use crate::lower::LowerError;
use crate::pjrt::PjrtError;
use crate::plugin::Platform;

/// Why a tensor of the eager backend has no value.
///
/// Operations are executed when a value is read. An error of the execution is stored with all tensors that
/// depend on it, and returned when one of them is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EagerError {
    /// The platform has no plugin, or its runtime does not start.
    #[error(
        "the device {platform}:{index} does not start; `burn-xla doctor {platform}` tells more"
    )]
    Start {
        /// The platform.
        platform: Platform,
        /// The number of the device.
        index: usize,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
    /// An operation cannot become a program.
    #[error("an operation cannot be executed")]
    Lower(#[source] Box<LowerError>),
    /// The compiler or the device refuses a graph.
    #[error("the graph of {operations} operations that ends with {last}")]
    Graph {
        /// How many operations it has.
        operations: usize,
        /// The last one, with its types.
        last: String,
        /// What the plugin says.
        #[source]
        source: Box<PjrtError>,
    },
    /// A transfer failed.
    #[error("a transfer failed")]
    Transfer(#[from] PjrtError),
    /// An operation reads a tensor that was never made, or is gone.
    #[error(
        "{op}: its input {id} has no value on this device; use tensors before they are dropped"
    )]
    Missing {
        /// The operation.
        op: String,
        /// The tensor.
        id: TensorId,
    },
    /// The memory that is left does not hold what is asked for.
    #[error(
        "{what} needs {needed_bytes} bytes, and {available_bytes} are left on this machine; drop tensors, or \
         make batches smaller"
    )]
    Memory {
        /// The operation or the upload.
        what: String,
        /// What it needs.
        needed_bytes: u64,
        /// What is left, without a reserve for others.
        available_bytes: u64,
    },
    /// The process has nearly all memory maps that the system lets it have, and a program would need more.
    #[error(
        "the process has nearly all of the {most} memory maps that the system lets it have; raise \
         vm.max_map_count (sysctl), or keep fewer programs (EagerOptions::memory_maps)"
    )]
    Maps {
        /// How many the system lets it have.
        most: u64,
    },
    /// As many programs as [`XlaOptions::with_limit`](crate::program::XlaOptions::with_limit) allows were compiled.
    #[error(
        "a graph would be compiled, and the device has compiled as many as its limit of {limit} allows; what changed \
         since the last one: {changed}"
    )]
    Limit {
        /// How many programs may be compiled.
        limit: usize,
        /// What differs from the last graph that was compiled.
        changed: String,
    },
    /// The graph was given up before it was executed.
    #[error("a graph of {operations} operations was given up before it was executed")]
    Dropped {
        /// How many operations it has.
        operations: usize,
    },
    /// A fault of this crate.
    #[error(
        "executing the graph of {operations} operations that ends with {last} panicked: {message}; please report it"
    )]
    Panic {
        /// How many operations it has.
        operations: usize,
        /// The last one, with its types.
        last: String,
        /// What the panic said.
        message: String,
    },
}

/// An error that several tensors share.
pub(super) type Failure = Arc<EagerError>;

/// As Burn's own error, with all causes.
pub(super) fn told(failure: &EagerError) -> ExecutionError {
    ExecutionError::with_context(chain(failure))
}

/// The error with all causes.
pub(super) fn chain(failure: &EagerError) -> String {
    let mut text = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// What a panic said.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    panic_text(panic).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_is_told_all_causes() {
        let source = Box::new(PjrtError::NoSuchDevice { index: 3, count: 1 });
        let error = EagerError::Graph { operations: 2, last: "Float::Exp".into(), source };
        let text = told(&error).to_string();
        assert!(text.contains("2 operations that ends with Float::Exp: "), "{text}");
    }
}

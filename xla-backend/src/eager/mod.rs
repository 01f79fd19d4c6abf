//! XLA as a backend of Burn: programs that do not know it run on it, and train.
//!
//! ```text
//! Burn code ─▶ Device::remote ─▶ server ─▶ XlaBackend ─▶ queue ─▶ normal form ─▶ program ─▶ device
//!                                            (router)    per stream    (cache)
//! ```
//!
//! Burn's set of local backends is closed, so a program reaches this one through a server, its own
//! or another's (`burn-xla serve`); code that is generic over [`Backend`](burn_backend::Backend)
//! uses [`XlaBackend`] itself.
//!
//! # Lazy
//!
//! Operations are recorded. The recording of a stream becomes a graph when a value is read, when a caller waits
//! or flushes, or when the recording is long; in a loop that reads nothing, graphs end at the end of an
//! iteration. The results of a graph are the tensors that are alive at its end. Operations whose results were
//! dropped by then are never executed.
//!
//! # Compiled once
//!
//! Graphs are looked up by their normal form: operations in which tensors have numbers instead of ids, and the
//! tensors that are read, returned and donated. Constants are not part of it. Scalars of arithmetic (learning
//! rates, Adam's corrections) are arguments of the program. Fill values and starts of slices are written into
//! the program at first, and become arguments when the same graph comes with other ones. So a training loop
//! compiles in its first one or two steps. Each compilation is reported through `tracing`, with its reason.
//!
//! # Memory
//!
//! The buffer of a tensor is freed when its last handle is dropped. If a graph is the last reader of a tensor,
//! a result of the same type takes its memory.
//!
//! # Errors
//!
//! Recording an operation reports no error. If an operation cannot be lowered, the graph is executed without it
//! and the operations that depend on it; reading one of their results gives an error that names the operation,
//! with its types. Other tensors, streams and sessions are not affected.

mod channel;
mod client;
mod compile;
mod constants;
mod device;
mod draws;
mod error;
mod families;
mod graph;
mod interpret;
mod job;
mod lift;
mod memory;
mod normal;
mod options;
mod pool;
mod programs;
mod promise;
mod queue;
mod recorder;
mod rhythm;
mod run;
mod sights;
mod value;

pub use channel::{XlaBridge, XlaChannel};
pub use client::{Statistics, XlaClient, XlaHandle};
pub use device::XlaDevice;
pub use error::EagerError;
pub use options::{EagerOptions, FirstRun};

/// Burn's operations on a device of XLA, executed lazily.
///
/// The name `Xla` is that of the runtime for compiled functions, [`crate::Xla`].
///
/// ```no_run
/// use burn_backend::ops::FloatTensorOps;
/// use burn_backend::{TensorData, read_sync};
/// use burn_xla::eager::{XlaBackend, XlaDevice};
///
/// let x = XlaBackend::float_from_data(TensorData::from([1f32, 2.]), &XlaDevice::default());
/// let y = XlaBackend::float_exp(XlaBackend::float_mul(x.clone(), x));
/// println!("{}", read_sync(XlaBackend::float_into_data(y))?);
/// # Ok::<(), burn_backend::ExecutionError>(())
/// ```
pub type XlaBackend = burn_router::BackendRouter<XlaChannel>;

impl XlaDevice {
    /// Counts of what the device holds and has executed.
    pub fn statistics(&self) -> Statistics {
        burn_router::get_client::<XlaChannel>(self).statistics()
    }

    /// Sets how the device executes from now on, for all threads and sessions.
    pub fn set_options(&self, options: EagerOptions) {
        burn_router::get_client::<XlaChannel>(self).recorder().programs.set_options(options);
    }
}

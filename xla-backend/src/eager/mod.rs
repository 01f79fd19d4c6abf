//! XLA as a backend in Burn's own sense: a program that never heard of it runs on it, training
//! included.
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
//! An operation is recorded. What a stream has recorded becomes a graph when a value is read, when
//! a caller waits or flushes, or when it is long; graphs of a loop that reads nothing end after
//! whole turns of the loop. Results of the graph are the tensors that still live then. Operations
//! whose results were dropped are never executed.
//!
//! # Compiled once
//!
//! A graph is looked up by its normal form: operations with the numbers of their tensors instead of
//! their ids, the tensors that are read, asked for and used up. Constants do not belong to it.
//! Scalars of arithmetic (learning rates, Adam's corrections) are arguments of the program. Filled
//! values and the beginnings of slices are written into it at first, and become arguments when the
//! same graph comes with others. So a training loop compiles in its first one or two steps;
//! `tracing` tells of each compilation, and why it was needed.
//!
//! # Memory
//!
//! A tensor's buffer is freed when nobody can ask for it. If a graph is the last to read a tensor,
//! a result of the same type takes its memory.
//!
//! # Errors
//!
//! Nothing is reported when an operation is recorded. A graph whose lowering fails is executed
//! without the operation at fault and what depends on it; who reads one of those tensors is told the
//! operation, with its types. Other tensors, streams and sessions do not notice.

mod channel;
mod client;
mod constants;
mod device;
mod error;
mod job;
mod lift;
mod normal;
mod programs;
mod promise;
mod queue;
mod recorder;
mod rhythm;
mod run;
mod value;

pub use channel::{XlaBridge, XlaChannel};
pub use client::{Statistics, XlaClient, XlaHandle};
pub use device::XlaDevice;
pub use error::EagerError;

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
    /// What the device holds and has done.
    pub fn statistics(&self) -> Statistics {
        burn_router::get_client::<XlaChannel>(self).statistics()
    }
}

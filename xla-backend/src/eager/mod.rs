//! XLA as a backend of Burn: programs that do not know it run on it, and train.
//!
//! ```text
//! Burn code ─▶ Device::remote ─▶ server ─▶ XlaBackend ─▶ queue ─▶ normal form ─▶ program, or Flex ─▶ device
//!                                            (router)    per stream    (kept)
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
//! # Compiled when it repeats
//!
//! Graphs are looked up by their normal form: operations in which tensors have numbers instead of ids, and the
//! tensors that are read, returned and donated. On the CPU a graph that was not seen before runs operation by operation
//! on Burn's CPU backend. When it comes again it is compiled, on another thread, and runs as before until the
//! program is there. The two ways differ by rounding, not more; random numbers are the same. On other devices a graph
//! is compiled when it is first seen. [`EagerOptions`] chooses.
//!
//! Constants are not part of the normal form. Scalars of arithmetic (learning rates, Adam's corrections) are
//! arguments of the program; fill values, compared values and beginnings of slices are from when they are seen to
//! vary. So a loop over mini-batches has one program, and no graph has more than two (three where the first sight is
//! compiled). Each compilation is reported through `tracing`, with its reason.
//!
//! # Memory
//!
//! The buffer of a tensor is freed when its last handle is dropped. If a graph is the last reader of a tensor,
//! a result of the same type takes its memory. Programs are kept within bounds, by bytes and by the memory maps of the
//! process; those that were used longest ago go first. What memory does not hold is an error of the tensor.
//!
//! # Errors
//!
//! Recording an operation reports no error. If an operation cannot be lowered, the graph is executed without it
//! and the operations that depend on it; reading one of their results gives an error that names the operation,
//! with its types. Other tensors, streams and sessions are not affected. Operations of the first run that Burn's CPU
//! backend refuses panic on their thread, and the panic is caught: the hook of the process sees it nevertheless.

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
pub use interpret::interprets;
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

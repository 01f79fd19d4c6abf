//! Compiling a Burn function, and calling it.
//!
//! ```no_run
//! use burn::tensor::{Device, Tensor};
//! use burn_xla::program::Xla;
//!
//! let xla = Xla::auto()?;
//! let norm = xla.jit(|x: Tensor<2>| (x.clone() * x).sum().sqrt());
//! let x = Tensor::<2>::ones([2, 8], &Device::default());
//! println!("{}", norm.call(x)?);
//! # Ok::<(), burn_xla::program::ProgramError>(())
//! ```
//!
//! A [`Jit`] is compiled when it is first called with arguments of some structure, shapes and
//! dtypes, and kept. [`Jit::call`] takes Burn's tensors and gives Burn's tensors back. To leave
//! values on the device between calls, [`Xla::upload`] them and use [`Jit::call_on_device`]:
//!
//! ```no_run
//! # use burn::tensor::{Device, Tensor};
//! # use burn_xla::program::Xla;
//! # let xla = Xla::auto()?;
//! # let (state, batches) = (Tensor::<1>::zeros([2], &Device::default()), vec![Tensor::<1>::ones([2], &Device::default())]);
//! let step = xla.jit(|(state, batch): (Tensor<1>, Tensor<1>)| state * 0.9 + batch).donate(|path| path == "0");
//! let mut state = xla.upload(&state)?;
//! for batch in &batches {
//!     state = step.call_on_device((state, xla.upload(batch)?))?;
//! }
//! println!("{}", state.to_host()?);
//! # Ok::<(), burn_xla::program::ProgramError>(())
//! ```

mod cache;
mod changes;
mod compiled;
mod device_tree;
mod devices;
mod disk;
mod error;
mod form;
mod function_options;
mod graph;
mod inside;
mod inspect;
mod jit;
pub(crate) mod kernels;
mod lowering;
mod options;
mod parts;
mod words;
mod xla;

pub use compiled::{Lowered, Times};
pub use device_tree::DeviceTree;
pub use disk::ProgramCache;
#[cfg(feature = "eager")]
pub(crate) use disk::compile as compile_or_read;
pub use error::{PlacementError, ProgramError};
#[cfg(feature = "eager")]
pub(crate) use graph::changed_operation;
pub use inspect::Inspection;
pub use jit::Jit;
pub use lowering::Lowering;
pub use options::XlaOptions;
pub use parts::Part;
pub use xla::Xla;

pub use crate::types::MatmulPrecision;

//! XLA through the PJRT C API: the only unsafe code of the crate, behind a safe interface.
//!
//! A *plugin* is a shared library with the XLA compiler and runtime of one platform. It exports a
//! single symbol, a table of calls. From it comes everything else:
//!
//! ```text
//! Plugin ─▶ Client ─▶ Device            Plugin ─▶ Topology (devices that are not here)
//!              │  └──▶ Buffer                        │
//!              ▼                                     ▼
//!          Executable ──────────────────────▶ CompiledProgram
//!          runs on the client's devices       sizes, costs, optimised program, bytes
//! ```
//!
//! # Example
//!
//! ```no_run
//! use burn_xla::pjrt::{Client, ClientOptions, CompileOptions, ExecuteOptions, Plugin};
//!
//! let plugin = Plugin::load("/path/of/xla_cpu_pjrt.so")?;
//! let client = Client::new(&plugin, &ClientOptions::new())?;
//! let device = client.device(0)?;
//! let double = client.compile(
//!     "func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
//!        %0 = stablehlo.add %x, %x : tensor<3xf32>
//!        return %0 : tensor<3xf32>
//!      }",
//!     &CompileOptions::new(),
//! )?;
//! let x = client.buffer_from_slice(&[1f32, 2., 3.], &[3], &device)?;
//! let results = double.execute(&[&x], &ExecuteOptions::default())?;
//! assert_eq!(results[0].to_vec::<f32>()?, [2., 4., 6.]);
//! # Ok::<(), burn_xla::pjrt::PjrtError>(())
//! ```
//!
//! # Ownership
//!
//! Every object of a plugin is destroyed exactly once, by the `Drop` of the type that wraps it, and
//! keeps what it depends on alive: a buffer holds its client, a client its plugin. A plugin is
//! loaded once per file and never unloaded, because plugins start threads and register themselves
//! in ways that do not survive it. All types are `Send + Sync`; the C API asks plugins for that.
//!
//! # Asynchrony
//!
//! Executions and transfers return before they are done. What comes back are buffers that become
//! ready later; an execution that fails after it was started reports its error where a result is
//! waited for or read. Host memory that the plugin still reads is owned by the transfer until the
//! plugin lets it go (see [`Client::buffer_from_owned`]).
//!
//! # Versions
//!
//! Plugins are younger or older than this crate. The table's size and version are read before any
//! pointer in it; a call that is not there is an error that names it, and [`Capabilities`] tells
//! beforehand.

mod api;
mod at_exit;
mod buffer;
mod burn;
mod call_abi;
mod capabilities;
mod client;
mod compile_options;
mod compiled;
mod deep_stack;
mod device;
mod elf;
mod error;
#[cfg(feature = "etcd")]
mod etcd_store;
mod event;
mod executable;
mod extension;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fake_tests;
mod ffi;
mod files;
mod folder_store;
mod host_function;
mod host_view;
mod kept_memory;
mod key_value;
mod load;
mod options;
mod plugin;
mod profiler;
mod profiler_abi;
mod quiet;
mod raw;
mod source_line;
mod topology;
mod typed;
mod version;
mod workers;

pub use at_exit::wait_at_end;
#[cfg(feature = "eager")]
pub(crate) use at_exit::{AtWork, is_ending};
pub use buffer::{Buffer, HostCopy};
pub use capabilities::Capabilities;
pub use client::Client;
pub use compile_options::{CompileOptions, DeviceAssignment};
pub use compiled::{CompiledProgram, MemoryStats};
pub use device::{Device, DeviceDescription, DeviceMemory};
pub use error::{ErrorCode, PjrtError};
#[cfg(feature = "etcd")]
pub use etcd_store::EtcdStore;
pub use event::Event;
pub use executable::{Executable, ExecuteOptions};
pub use extension::Extension;
pub(crate) use files::{PART, hex, write_whole};
pub use folder_store::FolderStore;
pub use host_function::{Argument, CallResult};
pub use host_view::HostView;
pub use kept_memory::{divide_memory, keep_memory};
pub use key_value::{KeyValueStore, StoreError};
pub use load::LoadOptions;
pub use options::{ClientOptions, OptionValue};
pub use plugin::Plugin;
pub use topology::Topology;
pub use typed::Element;
pub use version::ApiVersion;
pub use workers::Workers;

pub use crate::hlo::{Alias, HloError, Instruction, OptimizedProgram, Profile, Signature};
pub use crate::types::{ElementType, TensorType};

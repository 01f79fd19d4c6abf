//! Recorded Burn operations as StableHLO.
//!
//! [`lower`] turns a captured graph into a [`Program`]: text for the compiler, with the types of its
//! arguments and results. It goes through four floors, each of which knows only those before it:
//!
//! - `graph` reads the recorded operations: the regions of loops, lanes, labels.
//! - `passes` find what the operations of a block have to do with each other: what is needed, what is
//!   kept for gradients, how tensors are sharded, which products are computed together and in which
//!   order. They give the steps of each block, and build nothing.
//! - `ops`, with a file for each family of Burn's operations, `loops` and `mesh` emit a step: they append
//!   to the builder of the [`Context`] and give the step's outputs their values, which are checked
//!   against the types that the graph declares. An operation knows no loop, ring or replica.
//! - `emit` takes the steps of a block from the first to the last.
//!
//! A text depends on the graph and the options alone, and not on the order of a map.
//!
//! # What an operation means
//!
//! The numbers are those of Burn's CPU backend, corner by corner: integers wrap, the remainder has
//! the sign of the divisor, conversions saturate, NaN spreads through extrema and sorts by the
//! total order of floats, the sign of NaN is 0, rounding goes to even. Where Burn panics a program
//! cannot: indices out of range are moved into range when read and left out when written, a
//! division by zero gives what XLA gives. 16-bit floats are summed and passed through functions in
//! f32, and rounded once.
//!
//! # Cutting the graph
//!
//! A program computes the tensors that the caller asks for from those that the caller passes as
//! arguments. An argument may be any tensor of the graph: the operation that makes it is left out, as is
//! every operation whose result nobody needs. So a function can be recorded on placeholders, which Burn
//! makes by operations, and these are the program's arguments. Random operations read a seed. A program
//! that has one takes the seed as its last argument ([`Program::seed`]).

mod compiler;
mod context;
mod custom;
mod emit;
mod error;
mod graph;
pub mod kernel;
mod loops;
mod mesh;
mod ops;
mod passes;
mod program;
mod support;

pub use burn_trace::Save;
pub use context::{Context, CustomLowering, element_of, tensor_type};
#[cfg(feature = "eager")]
pub(crate) use context::{float, integer};
pub use custom::{CustomOps, NoCustom};
pub use error::{Emitted, Fault, LowerError};
#[cfg(feature = "eager")]
pub(crate) use graph::operation::{describe, is_random};
pub use program::{LowerOptions, Port, Program, lower, lower_op};
pub use support::{Entry, Support, entries, name_of, support_table};

pub use crate::types::MatmulPrecision;

//! Recorded Burn operations as StableHLO.
//!
//! [`lower`] turns a captured graph into a [`Program`]: text for the compiler, and what its
//! arguments and results are. One file per family of operations; each function appends what its
//! operation means to the builder of the [`Context`] and gives the operation's outputs their
//! values, which are checked against the types that the graph declares.
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
//! Arguments are the tensors that the caller names, wherever they are in the graph: what would
//! compute them is left out, and so is everything that no result needs. Hence parameters can be
//! captured as placeholders. Random operations read a seed, which becomes the last argument
//! ([`Program::seed`]) when there is one of them.

mod context;
mod custom;
mod emit;
mod error;
mod graph;
mod loops;
mod mesh;
mod ops;
mod passes;
mod program;
mod support;

pub use burn_trace::Save;
pub use context::{Context, CustomLowering, element_of, tensor_type};
pub(crate) use context::{float, integer};
pub use custom::NoCustom;
pub use error::{Emitted, Fault, LowerError};
pub(crate) use graph::operation::{describe, is_random};
pub use program::{LowerOptions, Port, Program, lower, lower_op};
pub use support::{Entry, Support, entries, name_of, support_table};

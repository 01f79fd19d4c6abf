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

mod activation;
mod attention;
mod base;
mod cast;
mod compare;
mod context;
mod conv;
mod ctc;
mod custom;
mod deform;
mod distributed;
mod error;
mod float;
mod grid_sample;
mod index;
mod int;
mod interpolate;
mod lanes;
mod mesh;
mod module;
mod norm;
mod numeric;
mod parts;
mod pool;
mod power;
mod product;
mod program;
mod quantize;
mod random;
mod reduce;
mod replicas;
mod resample;
mod ring;
mod ring_products;
mod rolled;
mod sample;
mod scan;
mod sharding;
mod sort;
mod stack;
mod stream;
mod summed_product;
mod support;

pub use burn_trace::Save;
pub use context::{Context, element_of, tensor_type};
pub(crate) use context::{float, integer};
pub use custom::{CustomLowering, NoCustom};
pub use error::{Fault, LowerError, Lowered};
pub use program::{LowerOptions, Program, Slot, lower, lower_op};
pub(crate) use program::{describe, is_random};
pub use support::{Entry, Support, entries, name_of, support_table};

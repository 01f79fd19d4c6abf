//! A typed builder of one StableHLO function, printed as text.
//!
//! [`Builder`] holds a function under construction. Every operation is one method that checks its
//! operands, infers the type of its result and appends one line of text, so what has been appended
//! is well typed by construction: a program that would not type-check cannot be printed, it is a
//! [`BuildError`] at the operation that is wrong. Appending costs time in the size of the line
//! alone, hence printing is linear in the number of operations.
//!
//! # Terms
//!
//! - An [`ElementType`] and dimensions make a [`TensorType`]; all shapes are static.
//! - A [`Value`] is one SSA value: a small handle, valid in the builder that made it and in the
//!   block that made it and the blocks nested there. Anything else is [`BuildError::Scope`].
//! - Operations with regions (`reduce`, `sort`, `scatter`, `while`, …) take closures, which append
//!   to a nested block and return what the block yields.
//! - Arguments carry attributes: a [`Sharding`] over a [`Mesh`] (Shardy), the result whose buffer
//!   they may share, donation.
//!
//! Methods take `&self`, so that calls nest: `b.add(b.multiply(x, w)?, y)?`.
//!
//! # Example
//!
//! ```
//! use burn_xla::stablehlo::{Builder, ElementType, TensorType};
//!
//! let b = Builder::new("main");
//! let x = b.argument(TensorType::new(ElementType::F32, [2, 3]));
//! let y = b.add(x, b.splat(1.0, ElementType::F32, &[2, 3])?)?;
//! let text = b.finish(&[y])?;
//! assert!(text.contains("stablehlo.add"));
//! # Ok::<(), burn_xla::stablehlo::BuildError>(())
//! ```

mod argument;
mod builder;
mod compose;
mod constant;
mod contract;
mod control;
mod elementwise;
mod error;
mod index;
mod manual;
mod reduce;
mod shape;
mod sharding;

pub use builder::{Builder, Value};
pub use contract::{Convolution, DotDims};
pub use control::RngAlgorithm;
pub use elementwise::{BinaryKind, Comparison, UnaryKind};
pub use error::BuildError;
pub use index::{GatherDims, ScatterDims};
pub use reduce::{ReduceKind, Window};
pub use sharding::{Mesh, Sharding};

pub use crate::types::{ElementType, MatmulPrecision, TensorType};

//! The plain arrays that measurements take, and the arithmetic that measurements share.

mod decisions;
mod error;
mod linear_solve;
mod matrix;
mod row;
mod softmax;
mod vectors;

pub(crate) use decisions::argmax;
pub use decisions::{Confusion, accuracy};
pub use error::EvalError;
pub(crate) use error::{check_labels, check_length, check_numbers, check_some};
pub(crate) use linear_solve::{cholesky, forward_substitute, solve_ridge, tensor, values};
pub(crate) use matrix::check_features;
pub use matrix::{Matrix, Real};
pub use softmax::Predictions;
pub(crate) use softmax::{inverse_temperature, map_rows};

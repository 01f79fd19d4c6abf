//! What is written of a state.

use burn::tensor::{DType, TensorData};

use crate::params::pieces::Piece;

/// Before the path of a parameter, of an optimizer's moment and of an average in the name of a tensor.
pub(super) const MODEL: &str = "model/";
pub(super) const OPTIMIZER: &str = "optimizer/";
pub(super) const EMA: &str = "ema/";

/// A tensor of a state, or the part of it that a process holds; or the same part of several tensors, where
/// blocks are stacked.
pub(crate) struct Part<'a, E> {
    pub(super) names: Vec<String>,
    /// Of each of them.
    pub(super) piece: Piece,
    pub(super) dtype: DType,
    /// The values, of one tensor after the other.
    pub(super) values: Box<dyn Fn() -> Result<TensorData, E> + 'a>,
}

impl<E> Part<'_, E> {
    /// Bytes of one of the tensors.
    pub(super) fn bytes(&self) -> usize {
        self.piece.count() * self.dtype.size()
    }
}

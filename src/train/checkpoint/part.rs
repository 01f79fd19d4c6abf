//! What is written of a state, and where what is read of one lies.

use std::ops::Range;

use burn::tensor::{DType, TensorData};
use burn_trace::LeafSpec;

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

impl<'a, E> Part<'a, E> {
    /// A part of a leaf of a state on devices.
    pub(crate) fn of_leaf(
        leaf: &LeafSpec,
        at: &[Range<usize>],
        values: impl Fn() -> Result<TensorData, E> + 'a,
    ) -> Self {
        let Place { names, piece } = Place::of(leaf, at);
        Self { names, piece, dtype: leaf.ty.dtype, values: Box::new(values) }
    }

    /// Bytes of one of the tensors.
    pub(super) fn bytes(&self) -> usize {
        self.piece.count() * self.dtype.size()
    }
}

/// The tensors of a checkpoint that a part of a leaf is made of.
pub(super) struct Place {
    pub(super) names: Vec<String>,
    /// Of each of them.
    pub(super) piece: Piece,
}

impl Place {
    /// Where a part of a leaf lies. Of a stack, `blocks.*.x`, each lane is a tensor.
    pub(super) fn of(leaf: &LeafSpec, at: &[Range<usize>]) -> Self {
        let name = name_of(&leaf.path);
        let is_stack = leaf.path.split('.').any(|part| part == "*");
        let shape = &leaf.ty.shape;
        match (at.split_first(), shape.split_first()) {
            (Some((lanes, at)), Some((_, shape))) if is_stack => Self {
                names: lanes.clone().map(|lane| name.replacen('*', &lane.to_string(), 1)).collect(),
                piece: Piece { shape: shape.to_vec(), at: at.to_vec() },
            },
            _ => Self { names: vec![name], piece: Piece { shape: shape.clone(), at: at.to_vec() } },
        }
    }

    /// Where all of a leaf lies.
    pub(super) fn of_all(leaf: &LeafSpec) -> Self {
        Self::of(leaf, &Piece::whole(&leaf.ty.shape).at)
    }
}

/// The name of the tensor at a path of the state's tree.
fn name_of(path: &str) -> String {
    match path.split_once('.') {
        Some(("model", path)) => format!("{MODEL}{path}"),
        Some(("optimizer", path)) => format!("{OPTIMIZER}{path}"),
        Some(("ema", path)) => format!("{EMA}{path}"),
        _ => path.to_owned(),
    }
}

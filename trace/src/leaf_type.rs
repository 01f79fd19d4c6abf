//! Kind, dtype and shape of tensors, and their names in a tree.

use burn_backend::{BoolStore, DType, TensorData};

/// The kind of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `Tensor<D>`.
    Float,
    /// `Tensor<D, Int>`.
    Int,
    /// `Tensor<D, Bool>`.
    Bool,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int => "int",
            Self::Bool => "bool",
        })
    }
}

/// Kind, dtype and shape of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeafType {
    /// Its kind.
    pub kind: Kind,
    /// Its dtype; for bools always Burn's native one, however a device stores them.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl LeafType {
    pub(crate) fn new(kind: Kind, dtype: DType, shape: Vec<usize>) -> Self {
        let dtype = match dtype {
            DType::Bool(_) => DType::Bool(BoolStore::Native),
            other => other,
        };
        Self { kind, dtype, shape }
    }

    pub(crate) fn of_data(data: &TensorData) -> Self {
        let kind = match data.dtype() {
            DType::Bool(_) => Kind::Bool,
            dtype if dtype.is_float() => Kind::Float,
            _ => Kind::Int,
        };
        Self::new(kind, data.dtype(), data.shape().to_vec())
    }
}

impl std::fmt::Display for LeafType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.dtype {
            DType::Bool(_) => write!(f, "Bool{:?}", self.shape),
            dtype => write!(f, "{dtype:?}{:?}", self.shape),
        }
    }
}

/// A leaf by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeafSpec {
    /// The path in the tree, such as `0.blocks.3.weight`.
    pub path: String,
    /// What it is.
    pub ty: LeafType,
}

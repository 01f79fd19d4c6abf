//! Why a tensor cannot be sharded so.

/// A mesh, a spec, or a tensor that does not fit them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// A text that is no mesh, or axes that make none.
    #[error(
        "`{got}` is no mesh: write its axes as in `data=4,model=2`, each name once, each size at least 1"
    )]
    Parse {
        /// The text, or the axes as a text.
        got: String,
    },
    /// A text that is no spec, or axes that make none.
    #[error(
        "`{got}` is no spec: write one entry per dimension as in `data+model,-,model`, each axis once"
    )]
    Spec {
        /// The text, or the axes as a text.
        got: String,
    },
    /// A tensor to which no rule of the layout gives a spec.
    #[error(
        "{tensor}: no rule of the layout covers it; add one, such as (\".*\", \"-\") at the end"
    )]
    Uncovered {
        /// The path of the tensor, or another name for it.
        tensor: String,
    },
    /// A spec names an axis that the mesh does not have.
    #[error("{tensor}: spec `{spec}` names the axis `{axis}`; the mesh {mesh} has no such axis")]
    UnknownAxis {
        /// The path of the tensor, or another name for it.
        tensor: String,
        /// Its spec.
        spec: String,
        /// The axis.
        axis: String,
        /// The mesh.
        mesh: String,
    },
    /// A spec has more entries than the tensor has dimensions.
    #[error("{tensor}: spec `{spec}` is for {expected} dimensions or more, got shape {shape:?}")]
    Rank {
        /// The path of the tensor, or another name for it.
        tensor: String,
        /// Its spec.
        spec: String,
        /// How many dimensions the spec needs.
        expected: usize,
        /// The shape of the tensor.
        shape: Vec<usize>,
    },
    /// A dimension whose size is no multiple of the sizes of its axes.
    #[error(
        "{tensor}: dimension {dim} of {shape:?} is cut into {parts} by spec `{spec}`, which does not divide \
         {}; {nearest} is the nearest size that divides", shape[*dim]
    )]
    Indivisible {
        /// The path of the tensor, or another name for it.
        tensor: String,
        /// Its spec.
        spec: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The dimension.
        dim: usize,
        /// How many shards it is to be cut into.
        parts: usize,
        /// The nearest size that can be cut so.
        nearest: usize,
    },
}

//! Why something cannot lie on a mesh.

/// A mesh, or a place on it, that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// The text is no mesh.
    #[error(
        "`{got}` is no mesh: write its axes as in `data=4,model=2`, each name once, each size at least 1"
    )]
    Parse {
        /// The text.
        got: String,
    },
    /// The text is no spec.
    #[error(
        "`{got}` is no spec: write one entry per dimension as in `data+model,-,model`, each axis once"
    )]
    Spec {
        /// The text.
        got: String,
    },
    /// A tensor for which the layout has no spec.
    #[error(
        "{place}: no rule of the layout covers it; add one, such as (\".*\", \"-\") at the end"
    )]
    Uncovered {
        /// The tensor.
        place: String,
    },
    /// A spec names an axis that the mesh does not have.
    #[error("{place}: spec `{spec}` names the axis `{axis}`; the mesh {mesh} has no such axis")]
    UnknownAxis {
        /// The tensor.
        place: String,
        /// Its spec.
        spec: String,
        /// The axis.
        axis: String,
        /// The mesh.
        mesh: String,
    },
    /// A spec has more entries than the tensor has dimensions.
    #[error("{place}: spec `{spec}` is for {expected} dimensions or more, got shape {shape:?}")]
    Rank {
        /// The tensor.
        place: String,
        /// Its spec.
        spec: String,
        /// How many dimensions the spec needs.
        expected: usize,
        /// The shape of the tensor.
        shape: Vec<usize>,
    },
    /// A dimension that its axes do not divide.
    #[error(
        "{place}: dimension {dim} of {shape:?} is cut into {parts} by spec `{spec}`, which does not divide \
         {}; {nearest} is the nearest size that divides", shape[*dim]
    )]
    Indivisible {
        /// The tensor.
        place: String,
        /// Its spec.
        spec: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The dimension.
        dim: usize,
        /// Into how many parts it is to be cut.
        parts: usize,
        /// The size nearest to this one that can be cut so.
        nearest: usize,
    },
    /// There are more or fewer devices than the mesh has places.
    #[error(
        "the mesh {mesh} takes {expected} devices, got {got}; change an axis, or the number of devices"
    )]
    Devices {
        /// The mesh.
        mesh: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Values that lie on the mesh in another way than the program was compiled for.
    #[error(
        "argument `{path}` lies as `{got}`, the program takes it as `{expected}`; upload it by the same layout"
    )]
    Placement {
        /// The argument.
        path: String,
        /// The spec that the program was compiled for.
        expected: String,
        /// The spec of the values.
        got: String,
    },
    /// Values for other devices than those that the program runs on.
    #[error("the values lie on {got}, the program runs on {expected}; upload them there")]
    Foreign {
        /// Where the program runs.
        expected: String,
        /// Where the values are.
        got: String,
    },
    /// A device that no process has.
    #[error("no process has the device {id}; the devices are {known:?}")]
    NoDevice {
        /// What was asked for.
        id: i32,
        /// The ids that there are.
        known: Vec<i32>,
    },
    /// A mesh without a device of this process.
    #[error(
        "none of the devices of the mesh {mesh} belongs to this process, which is number {process}"
    )]
    NotHere {
        /// The mesh.
        mesh: String,
        /// This process.
        process: i32,
    },
    /// A value that this process has only parts of.
    #[error(
        "this process has {got} of the {expected} parts of a value that lies as `{spec}`; \
         let the program return it whole, or read each process's part"
    )]
    Elsewhere {
        /// How it lies.
        spec: String,
        /// Into how many parts it is cut.
        expected: usize,
        /// How many of them are here.
        got: usize,
    },
    /// Rows of a batch that are not in one piece.
    #[error(
        "this process has the parts {parts:?} of {of} of the rows by `{spec}`, which are not in one piece; \
         let the axis that cuts rows come first in the mesh, with the devices of each process in a row"
    )]
    Scattered {
        /// How the batch lies.
        spec: String,
        /// The parts of this process.
        parts: Vec<usize>,
        /// How many there are.
        of: usize,
    },
}

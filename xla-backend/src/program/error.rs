//! Why a function could not be compiled or called.

use burn_trace::mesh::MeshError;
use burn_trace::{CaptureError, TreeError};

use crate::lower::LowerError;
use crate::pjrt::PjrtError;
use crate::plugin::PluginError;

/// A function that cannot be compiled or called.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// There is no plugin to run on.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The function cannot be recorded.
    #[error("recording `{name}`")]
    Capture {
        /// The function.
        name: String,
        /// Why not.
        #[source]
        source: CaptureError,
    },
    /// The recorded function cannot become a program.
    #[error("lowering `{name}`")]
    Lower {
        /// The function.
        name: String,
        /// Why not.
        #[source]
        source: Box<LowerError>,
    },
    /// A function that is called while it is recorded.
    #[error(
        "`{name}` calls itself; a program is one function, so call a plain Rust function instead"
    )]
    CallsItself {
        /// The function.
        name: String,
    },
    /// A function that is called with a seed of its own in another function, which draws from its own seed.
    #[error(
        "`{name}` is called with a seed in a function that is being recorded, of which it becomes a part; \
         use `call`, and give the seed to the outer function"
    )]
    Inside {
        /// The function.
        name: String,
    },
    /// A function that would be compiled more often than it may.
    #[error(
        "`{name}` would be compiled more than {limit} times; what changed since the last time: {changed}"
    )]
    Limit {
        /// The function.
        name: String,
        /// How often it may be compiled.
        limit: usize,
        /// What differs from the arguments of the last compilation.
        changed: String,
    },
    /// The compiler, a transfer or an execution failed.
    #[error(transparent)]
    Pjrt(#[from] PjrtError),
    /// Arguments or results cannot be sharded as the layout says.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// Values are not on the devices of the program, or the devices do not fit the mesh.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// Arguments or results do not form a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Devices that do not fit a mesh, or values that are not where a program takes them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// A mesh for another number of devices.
    #[error(
        "the mesh {mesh} takes {expected} devices, got {got}; change an axis, or the number of devices"
    )]
    Devices {
        /// The mesh.
        mesh: String,
        /// How many it takes.
        expected: usize,
        /// How many shards of the rows there are.
        got: usize,
    },
    /// Values that are sharded in another way than the program takes them.
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
    /// A value of which this process has only some shards.
    #[error(
        "this process has {got} of the {expected} parts of a value that lies as `{spec}`; \
         let the program return it whole, or read each process's part"
    )]
    Elsewhere {
        /// How it is sharded.
        spec: String,
        /// How many shards it has.
        expected: usize,
        /// How many of them are here.
        got: usize,
    },
    /// Values that were read for a part of a leaf and are of another type than it.
    #[error("the values read for a part of `{path}` are {got}, expected {expected}")]
    Part {
        /// The leaf.
        path: String,
        /// The dtype and the shape of the part.
        expected: String,
        /// Those of the values.
        got: String,
    },
    /// Rows of a batch that do not follow one another.
    #[error(
        "this process has the parts {parts:?} of {of} of the rows by `{spec}`, which are not in one piece; \
         let the axis that cuts rows come first in the mesh, with the devices of each process in a row"
    )]
    Scattered {
        /// How the batch is sharded.
        spec: String,
        /// The numbers of this process's shards of the rows.
        parts: Vec<usize>,
        /// How many shards of the rows there are.
        of: usize,
    },
}

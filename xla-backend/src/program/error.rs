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
    /// The compiler, a transfer or an execution failed.
    #[error(transparent)]
    Pjrt(#[from] PjrtError),
    /// Arguments or results do not fit the mesh.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// Arguments or results do not form a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

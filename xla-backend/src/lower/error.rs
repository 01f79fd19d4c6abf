//! Why an operation, or a graph, could not be lowered.

use burn_ir::TensorId;

use crate::stablehlo::BuildError;

/// A graph that cannot become an XLA program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// There is no lowering for this operation with these types.
    #[error(
        "{op} of {types}: {reason}; see docs/op_support.md for what is lowered, and compute this \
         part outside the program"
    )]
    Unsupported {
        /// Family and variant of the operation.
        op: String,
        /// Dtypes and shapes of its tensors.
        types: String,
        /// What XLA lacks.
        reason: String,
    },
    /// An operation does not type-check.
    #[error("{op} of {types}: the recorded operation does not type-check")]
    Build {
        /// Family and variant of the operation.
        op: String,
        /// Dtypes and shapes of its tensors.
        types: String,
        /// The StableHLO operation that refused.
        #[source]
        source: BuildError,
    },
    /// A tensor is used before any operation has produced it.
    #[error(
        "{op} of {types}: {id} is neither argument, constant nor the result of an operation before; \
         pass it as an argument or a constant"
    )]
    Missing {
        /// Family and variant of the operation.
        op: String,
        /// Dtypes and shapes of its tensors.
        types: String,
        /// The tensor.
        id: TensorId,
    },
    /// A lane of a rolled loop is not computed as the first one is.
    #[error(
        "lane {lane} of a rolled loop computes {got}, where lane 0 has {expected}; make what differs \
         a tensor of the lane, or compile without rolled loops"
    )]
    Lane {
        /// The lane, counted from 0.
        lane: usize,
        /// What lane 0 computes.
        expected: String,
        /// What this one computes in its place.
        got: String,
    },
    /// The lowered value has not the type that the graph declares.
    #[error("{op} of {types}: the graph declares the result {expected}, the lowering gives {got}")]
    Result {
        /// Family and variant of the operation.
        op: String,
        /// Dtypes and shapes of its tensors.
        types: String,
        /// The declared type.
        expected: String,
        /// The type of the lowered value.
        got: String,
    },
}

/// As [`LowerError`], before the operation's name is known.
#[derive(Debug)]
pub enum Fault {
    /// There is no lowering, for this reason.
    Unsupported(String),
    /// An operation does not type-check.
    Build(BuildError),
    /// A tensor that nothing has produced.
    Missing(TensorId),
    /// The declared and the actual type of a result.
    Result {
        /// The declared type.
        expected: String,
        /// The type of the lowered value.
        got: String,
    },
    /// An operation in the body of this one.
    Inner(Box<LowerError>),
}

impl From<LowerError> for Fault {
    fn from(error: LowerError) -> Self {
        Self::Inner(Box::new(error))
    }
}

impl From<BuildError> for Fault {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl Fault {
    pub(super) fn at(self, op: String, types: String) -> LowerError {
        match self {
            Self::Unsupported(reason) => LowerError::Unsupported { op, types, reason },
            Self::Build(source) => LowerError::Build { op, types, source },
            Self::Missing(id) => LowerError::Missing { op, types, id },
            Self::Result { expected, got } => LowerError::Result { op, types, expected, got },
            Self::Inner(error) => *error,
        }
    }
}

/// The result of emitting an operation, or one step of it.
pub type Emitted<T = ()> = Result<T, Fault>;

/// A [`Fault`] for what has no lowering.
pub(super) fn unsupported<T>(reason: impl Into<String>) -> Emitted<T> {
    Err(Fault::Unsupported(reason.into()))
}

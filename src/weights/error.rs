//! What can go wrong between a file and a model.

use thiserror::Error;

use crate::data::preprocess::PreprocessError;
use crate::error::ConfigError;

use super::origin::Origin;
use super::report::Report;

/// A checkpoint that cannot be read, described, loaded or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The operating system's answer.
    #[error("{file}: {reason}")]
    Io {
        /// The path.
        file: String,
        /// What happened.
        reason: std::io::Error,
    },
    /// The file breaks the rules of its format.
    #[error("{file}: {damage}")]
    Damaged {
        /// The path, or the name given with bytes.
        file: String,
        /// Where and how.
        damage: Damage,
    },
    /// The tensors have names of no known origin.
    #[error(
        "the names are of no origin that is known (timm, Hugging Face's ViT, DINOv2 and SigLIP, \
         big_vision, or this crate): of {count} tensors the first are {first}; \
         rename them to one of these layouts"
    )]
    UnknownOrigin {
        /// How many tensors there are.
        count: usize,
        /// Some of their names.
        first: String,
    },
    /// A tensor that the config is read from is not there, or has another rank.
    #[error("{field} cannot be inferred: {origin} keeps it in \"{tensor}\", {problem}")]
    NotInferred {
        /// The field of the config.
        field: &'static str,
        /// Whose names they are.
        origin: Origin,
        /// Where it was looked for.
        tensor: String,
        /// What was found there.
        problem: String,
    },
    /// The file leaves a field of the config open.
    #[error("{field} does not follow from the file: {why}; say it with `LoadOptions::{option}`")]
    Ambiguous {
        /// The field of the config.
        field: &'static str,
        /// What is known and what is not.
        why: String,
        /// The option that settles it.
        option: &'static str,
    },
    /// A model that the family cannot express.
    #[error("{what} is not a part of this model family; {next}")]
    Unsupported {
        /// What the file has.
        what: String,
        /// What can be done.
        next: &'static str,
    },
    /// The config that was inferred, or made by the options, describes no model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The JSON beside the file describes no preprocessing.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// Loading is strict, and not every tensor went to a parameter and back.
    #[error(
        "the file does not fit the model; with `LoadOptions::strict` false what fits is loaded\n{0}"
    )]
    DoesNotFit(Box<Report>),
    /// The model has something that the target's names cannot say.
    #[error("{origin} has no form for {field} = {value}: {rule}")]
    NotExportable {
        /// Whose names were asked for.
        origin: Origin,
        /// The field of the config.
        field: &'static str,
        /// Its value.
        value: String,
        /// What the target can say.
        rule: &'static str,
    },
}

/// How a file breaks the rules of its format, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The file ends too early.
    #[error(
        "truncated: {what} needs {needed} bytes from byte {at} on, and the file has {length}; \
         fetch it again"
    )]
    Truncated {
        /// What should be there.
        what: String,
        /// Where it starts.
        at: u64,
        /// How long it is said to be.
        needed: u64,
        /// The length of the file.
        length: u64,
    },
    /// The file goes on where it should end.
    #[error("{extra} bytes follow the last tensor, which ends at byte {end}")]
    Trailing {
        /// Where the last tensor ends.
        end: u64,
        /// How many bytes follow.
        extra: u64,
    },
    /// A header that is no header.
    #[error("the {part} at byte {at} is not valid: {problem}")]
    Header {
        /// Which part of the file.
        part: String,
        /// Where it starts.
        at: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor whose bytes lie where they cannot.
    #[error("tensor \"{tensor}\" is said to lie at bytes {start} to {end} of the data: {problem}")]
    Offsets {
        /// The tensor.
        tensor: String,
        /// Its first byte.
        start: u64,
        /// The byte after its last.
        end: u64,
        /// Why that cannot be.
        problem: String,
    },
    /// A tensor whose bytes are more or fewer than its shape takes.
    #[error("tensor \"{tensor}\" of {dtype} {shape:?} takes {expected} bytes, and {got} are there")]
    Size {
        /// The tensor.
        tensor: String,
        /// Its element type.
        dtype: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What these take.
        expected: Bytes,
        /// What the file has.
        got: u64,
    },
    /// An element type that no parameter has.
    #[error("tensor \"{tensor}\" has elements of type {got}; {expected}")]
    ElementType {
        /// The tensor.
        tensor: String,
        /// Its type, as the file writes it.
        got: String,
        /// What can be read.
        expected: &'static str,
    },
    /// Python objects, which only running code can restore.
    #[error(
        "{entry} is a Python pickle, which can run code when it is read; \
         save the tensors as safetensors or as arrays of numbers"
    )]
    Pickle {
        /// The file or the archive's entry.
        entry: String,
    },
    /// An entry of an archive whose name points out of it.
    #[error("the archive has an entry \"{entry}\", whose name leaves the archive; do not trust it")]
    UnsafeName {
        /// The name.
        entry: String,
    },
    /// A name that occurs twice.
    #[error("the name \"{name}\" occurs twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// An archive, or an entry of one, that cannot be unpacked.
    #[error("the archive's {entry} cannot be read: {problem}")]
    Archive {
        /// The entry, or the directory of entries.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An index that points to what is not there.
    #[error("the index puts \"{tensor}\" into \"{shard}\": {problem}")]
    Index {
        /// The tensor.
        tensor: String,
        /// The file that should hold it.
        shard: String,
        /// Why it does not.
        problem: &'static str,
    },
}

/// What a shape takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bytes {
    /// This many bytes.
    Whole(u64),
    /// Elements of less than a byte that end within one.
    Fraction,
    /// More than can be counted.
    Overflow,
}

impl core::fmt::Display for Bytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Whole(count) => write!(f, "{count}"),
            Self::Fraction => write!(f, "no whole number of"),
            Self::Overflow => write!(f, "more than 2^64"),
        }
    }
}

impl Damage {
    pub(super) fn in_file(self, file: &str) -> WeightsError {
        WeightsError::Damaged { file: file.into(), damage: self }
    }
}

//! What can be wrong with a file before anyone asks whose model it holds.

use thiserror::Error;

/// A container that cannot be opened or read.
#[derive(Debug, Error)]
pub(crate) enum ContainerError {
    /// The operating system's answer.
    #[error("{file}: {reason}")]
    Io { file: String, reason: std::io::Error },
    /// The file breaks the rules of its format.
    #[error("{file}: {damage}")]
    Damaged { file: String, damage: Damage },
    /// A folder without weights, or with several.
    #[error("{folder}: {found}")]
    Folder { folder: String, found: String },
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
    /// A text in place of numbers.
    #[error(
        "this is a text, expected a safetensors file or an .npz archive; a page or a pointer may have been saved in \
         place of the file: fetch it again"
    )]
    Text,
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
    pub(crate) fn in_file(self, file: &str) -> ContainerError {
        ContainerError::Damaged { file: file.into(), damage: self }
    }
}

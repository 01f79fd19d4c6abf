//! What a fetch tells of itself.

use core::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How often the progress of a file is told.
pub(crate) const STEP: Duration = Duration::from_millis(100);

/// What happens while a model is fetched; its `Display` is a line for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum HubEvent {
    /// So much of a file is here; told when it begins, ten times a second, and when it is whole.
    Fetching {
        /// The file.
        file: String,
        /// Bytes that are here, those of an earlier try among them.
        done: u64,
        /// Bytes of the whole file, where the hub says.
        total: Option<u64>,
    },
    /// A file is whole, and is held against its hash.
    Checking {
        /// The file.
        file: String,
    },
    /// The connection failed, and is taken up again.
    Again {
        /// The file.
        file: String,
        /// What happened.
        reason: String,
        /// How long is waited before.
        wait: Duration,
    },
    /// Another process fetches the same file.
    Waiting {
        /// The file.
        file: String,
    },
    /// A file of the cache has other bytes than its hash says, and is fetched again.
    Damaged {
        /// The file.
        file: String,
    },
    /// The hub gives no list of files, and what was fetched before is used.
    FromCache {
        /// What the hub does in place of an answer.
        problem: String,
        /// The folder of the files.
        folder: PathBuf,
    },
    /// All files are here, and some had to be fetched.
    Done {
        /// How many were fetched.
        files: usize,
        /// How many bytes came.
        bytes: u64,
        /// The time that it took.
        took: Duration,
        /// Where the files are.
        folder: PathBuf,
    },
}

impl fmt::Display for HubEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetching { file, done: 0, total: Some(total) } => {
                write!(f, "fetching {file}, {}", Size(*total))
            }
            Self::Fetching { file, done, total: Some(total) } => {
                write!(f, "fetching {file}: {} of {}", Size(*done), Size(*total))
            }
            Self::Fetching { file, done: 0, total: None } => write!(f, "fetching {file}"),
            Self::Fetching { file, done, total: None } => {
                write!(f, "fetching {file}: {}", Size(*done))
            }
            Self::Checking { file } => write!(f, "checking {file}"),
            Self::Again { file, reason, wait } => {
                write!(f, "fetching {file} goes on after a failure: {reason}")?;
                if wait.is_zero() {
                    return Ok(());
                }
                write!(f, "; the next try is in {:.1} s", wait.as_secs_f64())
            }
            Self::Waiting { file } => write!(f, "another process fetches {file}; waiting for it"),
            Self::Damaged { file } => {
                write!(f, "{file} is damaged in the cache, and is fetched again")
            }
            Self::FromCache { problem, folder } => {
                let folder = folder.display();
                write!(f, "the hub {problem}; using what was fetched before, in {folder}")
            }
            Self::Done { files, bytes, took, folder } => {
                let (noun, size) = (if *files == 1 { "file" } else { "files" }, Size(*bytes));
                let (took, folder) = (took.as_secs_f64(), folder.display());
                write!(f, "fetched {files} {noun}, {size} in {took:.1} s, into {folder}")
            }
        }
    }
}

/// A number of bytes for people.
pub(crate) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} bytes", self.0),
            1_000..999_950 => write!(f, "{:.1} kB", bytes / 1e3),
            999_950..999_950_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.1} GB", bytes / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_people() {
        let fetching =
            |done, total| HubEvent::Fetching { file: "model.safetensors".into(), done, total };
        assert_eq!(
            fetching(0, Some(88_219_464)).to_string(),
            "fetching model.safetensors, 88.2 MB"
        );
        assert_eq!(
            fetching(999, Some(999_949)).to_string(),
            "fetching model.safetensors: 999 bytes of 999.9 kB"
        );
        assert_eq!(
            fetching(999_950, Some(4_000_000_000)).to_string(),
            "fetching model.safetensors: 1.0 MB of 4.0 GB"
        );
        assert_eq!(fetching(0, None).to_string(), "fetching model.safetensors");
        let again = |wait| HubEvent::Again { file: "a".into(), reason: "it broke".into(), wait };
        assert_eq!(
            again(Duration::from_millis(500)).to_string(),
            "fetching a goes on after a failure: it broke; the next try is in 0.5 s"
        );
        assert_eq!(
            again(Duration::ZERO).to_string(),
            "fetching a goes on after a failure: it broke"
        );
    }
}

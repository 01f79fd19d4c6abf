//! What can go wrong between a name on a hub and files on this machine.

use std::path::PathBuf;

use thiserror::Error;

/// Weights that cannot be fetched from a hub. Where there is a `name`, it is that of the model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text that names no model of a hub.
    #[error(
        "{given}: expected hf:ORGANISATION/NAME or hf:ORGANISATION/NAME@REVISION, and {problem}"
    )]
    Name {
        /// The text.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A variable of the environment that cannot be followed.
    #[error("{variable} = {value}: {problem}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What was expected.
        problem: String,
    },
    /// No folder for what is fetched.
    #[error(
        "there is no folder for models of a hub, as neither HF_HUB_CACHE, HF_HOME nor HOME is set; set one of them"
    )]
    NoCacheFolder,
    /// The hub does not say what the repository has, and the files are not here.
    #[error("{name}: {endpoint} {problem}; and {missing} in {cache}; try again later")]
    NoListing {
        /// The model.
        name: String,
        /// The address of the hub.
        endpoint: String,
        /// What the hub does in place of an answer: it cannot be reached, or answers that it is busy.
        problem: String,
        /// What is not in the cache, or damaged there.
        missing: String,
        /// The folder that was looked in.
        cache: PathBuf,
    },
    /// Nothing may be fetched, and the files are not here.
    #[error(
        "{name}: HF_HUB_OFFLINE forbids to fetch, and {missing} in {cache}; unset it, or set HF_HUB_CACHE or \
         HF_HOME to a folder that has the files"
    )]
    Offline {
        /// The model.
        name: String,
        /// What is not in the cache.
        missing: String,
        /// The folder that was looked in.
        cache: PathBuf,
    },
    /// The hub shows the repository to some users alone.
    #[error("{name}: {problem}; {next}")]
    Forbidden {
        /// The model.
        name: String,
        /// What the hub says.
        problem: String,
        /// What can be done.
        next: String,
    },
    /// The hub has no such repository.
    #[error("{name}: {endpoint} has no repository {repository}{}; check the name", readable(token))]
    NoRepository {
        /// The model.
        name: String,
        /// The address of the hub.
        endpoint: String,
        /// Organisation and name.
        repository: String,
        /// Where the token is from that was sent, if one was.
        token: Option<String>,
    },
    /// The repository has no such revision.
    #[error("{name}: the repository has no revision {revision}; {there}")]
    NoRevision {
        /// The model.
        name: String,
        /// The branch, tag or commit.
        revision: String,
        /// Which ones there are.
        there: String,
    },
    /// A file that should be there is not.
    #[error("{name}: the repository has no file {file}, {why}")]
    NoFile {
        /// The model.
        name: String,
        /// The file.
        file: String,
        /// Why it is expected.
        why: String,
    },
    /// The repository has no weights that are read, or several.
    #[error("{name}: {problem}; {next}")]
    NoWeights {
        /// The model.
        name: String,
        /// What the repository has.
        problem: String,
        /// What can be done.
        next: &'static str,
    },
    /// The connection fails again and again.
    #[error(
        "{name}: fetching {file} failed {tries} times in a row: {reason}; {}", goes_on(*kept)
    )]
    GaveUp {
        /// The model.
        name: String,
        /// The file, or the list of files.
        file: String,
        /// How often.
        tries: u32,
        /// What happened last.
        reason: String,
        /// How many bytes of it are kept; none where the fetch had not begun.
        kept: Option<u64>,
    },
    /// A file that is not what the hub says it is.
    #[error(
        "{name}: {file} has come with the {algorithm} {got}, and the hub says {expected}; it was deleted: try again, and \
         if that does not help, something between here and the hub changes files"
    )]
    Hash {
        /// The model.
        name: String,
        /// The file.
        file: String,
        /// Which hash.
        algorithm: &'static str,
        /// The hub's.
        expected: String,
        /// That of what has come.
        got: String,
    },
    /// An answer that no hub gives.
    #[error("{name}: {url}: {problem}; check HF_ENDPOINT if it is set")]
    Answer {
        /// The model.
        name: String,
        /// What was asked for.
        url: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The cache cannot be written or read.
    #[error("{path}: {action} failed: {reason}; {next}")]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What was done with it.
        action: &'static str,
        /// The operating system's answer.
        reason: std::io::Error,
        /// What can be done.
        next: String,
    },
}

fn readable(token: &Option<String>) -> String {
    token.as_ref().map_or_else(String::new, |from| format!(" that the token in {from} may read"))
}

fn goes_on(kept: Option<u64>) -> String {
    match kept {
        None => "run the same command again later".into(),
        Some(0) => "nothing of it is kept, and the same command begins anew".into(),
        Some(kept) => {
            format!("{kept} bytes are kept, and the same command goes on from there")
        }
    }
}

impl HubError {
    /// An operation in the cache that failed.
    pub(crate) fn cache(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| {
            let place = "HF_HUB_CACHE or HF_HOME to a folder";
            let next = match reason.kind() {
                std::io::ErrorKind::StorageFull
                | std::io::ErrorKind::QuotaExceeded
                | std::io::ErrorKind::FileTooLarge => {
                    format!(
                        "free some space, or set {place} on another disk; what has come is kept"
                    )
                }
                _ => format!("make it writable, or set {place} that is"),
            };
            Self::Cache { path, action, reason, next }
        }
    }
}

//! The folder of fetched files, laid out as `huggingface_hub` has it:
//!
//! ```text
//! models--ORGANISATION--NAME/
//!     blobs/HASH                  the bytes of a file
//!     refs/REVISION               the commit of a branch or tag, as it was last seen
//!     snapshots/COMMIT/FILE       a link to the bytes
//! .locks/models--ORGANISATION--NAME/HASH.lock
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::error::HubError;
use super::name::{HubName, is_commit, is_folder};

/// The part of the cache that belongs to a repository.
pub(super) struct Repository {
    folder: PathBuf,
    locks: PathBuf,
}

impl Repository {
    pub(super) fn new(cache: &Path, name: &HubName) -> Self {
        let own = format!("models--{}", name.repository().replace('/', "--"));
        Self { folder: cache.join(&own), locks: cache.join(".locks").join(own) }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The commit of a revision, as it was last seen.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.into());
        }
        let text = fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        Some(text.trim().to_string()).filter(|commit| is_folder(commit))
    }

    /// Notes the commit of a revision. Where that cannot be written, the next run asks again.
    pub(super) fn note_commit(&self, revision: &str, commit: &str) {
        if revision == commit || self.commit(revision).as_deref() == Some(commit) {
            return;
        }
        let path = self.folder.join("refs").join(revision);
        let written = make_parent(&path)
            .and_then(|()| fs::write(&path, commit).map_err(HubError::cache(&path, "writing")));
        if let Err(error) = written {
            tracing::warn!(%error, "the revision is not noted");
        }
    }

    /// The folder of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where the bytes of a tag go.
    pub(super) fn blob(&self, tag: &str) -> PathBuf {
        self.folder.join("blobs").join(tag)
    }

    /// Holds the lock on a tag as long as the file lives. `wait` is called where another process has it.
    pub(super) fn lock(&self, tag: &str, wait: impl FnOnce()) -> Result<(File, bool), HubError> {
        let path = self.locks.join(format!("{tag}.lock"));
        make_parent(&path)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(HubError::cache(&path, "opening"))?;
        match file.try_lock() {
            Ok(()) => return Ok((file, false)),
            // The folder is on a disk without locks: two processes then fetch the same file.
            Err(fs::TryLockError::Error(error))
                if error.kind() == std::io::ErrorKind::Unsupported =>
            {
                return Ok((file, false));
            }
            Err(_) => {}
        }
        wait();
        file.lock().map_err(HubError::cache(&path, "locking"))?;
        Ok((file, true))
    }

    /// Makes a file of a commit of the bytes of a tag.
    pub(super) fn link(&self, tag: &str, commit: &str, file: &str) -> Result<(), HubError> {
        let place = self.snapshot(commit).join(file);
        if place.exists() {
            return Ok(());
        }
        make_parent(&place)?;
        // One that leads nowhere is left of bytes that were deleted.
        if place.is_symlink() {
            fs::remove_file(&place).map_err(HubError::cache(&place, "removing"))?;
        }
        let up = "../".repeat(2 + file.matches('/').count());
        let linked = symlink(Path::new(&format!("{up}blobs/{tag}")), &place)
            // Some systems allow no links, or hard ones alone.
            .or_else(|_| fs::hard_link(self.blob(tag), &place))
            .or_else(|_| fs::copy(self.blob(tag), &place).map(drop));
        match linked {
            // Another process was faster.
            Err(_) if place.exists() => Ok(()),
            linked => linked.map_err(HubError::cache(&place, "linking")),
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(windows)]
fn symlink(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target, place)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Makes the folder of a file.
pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(HubError::cache(folder, "creating"))
}

//! The folder of fetched files, laid out as `huggingface_hub` has it:
//!
//! ```text
//! models--ORGANISATION--NAME/
//!     blobs/HASH                  the bytes of a file
//!     refs/REVISION               the commit of a branch or tag, as it was last seen
//!     snapshots/COMMIT/FILE       a link to the bytes
//! .locks/models--ORGANISATION--NAME/HASH.lock
//! ```
//!
//! The file of a lock holds size and time of the bytes when they were last held against their hash, so that they are
//! read for that when they have changed and not for each use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::HubError;
use crate::name::{HubName, is_commit, is_folder};
use crate::tag::Tag;

/// The part of the cache that belongs to a repository.
pub(crate) struct Repository {
    folder: PathBuf,
    locks: PathBuf,
}

impl Repository {
    pub(crate) fn new(cache: &Path, name: &HubName) -> Self {
        let own = format!("models--{}", name.repository().replace('/', "--"));
        Self { folder: cache.join(&own), locks: cache.join(".locks").join(own) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The commit of a revision, as it was last seen.
    pub(crate) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.into());
        }
        let text = fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        Some(text.trim().to_string()).filter(|commit| is_folder(commit))
    }

    /// Notes the commit of a revision. Where that cannot be written, the next run asks again.
    pub(crate) fn note_commit(&self, revision: &str, commit: &str) {
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
    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where the bytes of a tag go.
    pub(crate) fn blob(&self, tag: &str) -> PathBuf {
        self.folder.join("blobs").join(tag)
    }

    /// What is wrong with a file of a snapshot: its bytes have another hash than the one that they are named by. None also for
    /// files that are no links to bytes with such a name.
    pub(crate) fn damage(&self, place: &Path) -> Result<Option<String>, HubError> {
        let Some(tag) = tag_of(place) else { return Ok(None) };
        let stamp = stamp(place).map_err(HubError::cache(place, "reading"))?;
        if fs::read_to_string(self.lock_of(tag.as_str())).is_ok_and(|known| known == stamp) {
            return Ok(None);
        }
        let hash = tag.hash_of(place).map_err(HubError::cache(place, "reading"))?;
        match (hash, tag.algorithm()) {
            (Some(got), Some(algorithm)) if got != tag.as_str() => {
                let expected = tag.as_str();
                Ok(Some(format!("its {algorithm} is {got}, and not {expected}")))
            }
            _ => {
                self.note_whole(place, tag.as_str());
                Ok(None)
            }
        }
    }

    /// Notes that bytes have the hash that is their tag. Where that cannot be written, they are read again.
    pub(crate) fn note_whole(&self, place: &Path, tag: &str) {
        if let Ok(stamp) = stamp(place) {
            let lock = self.lock_of(tag);
            let _ = make_parent(&lock);
            let _ = fs::write(lock, stamp);
        }
    }

    /// Removes the bytes of a damaged file, unless another process has replaced them.
    pub(crate) fn remove_damaged(&self, place: &Path) -> Result<(), HubError> {
        let Some(tag) = tag_of(place) else { return Ok(()) };
        let (lock, _) = self.lock(tag.as_str(), || ())?;
        if place.exists() && self.damage(place)?.is_some() {
            let blob = self.blob(tag.as_str());
            fs::remove_file(&blob).map_err(HubError::cache(&blob, "removing"))?;
        }
        drop(lock);
        Ok(())
    }

    fn lock_of(&self, tag: &str) -> PathBuf {
        self.locks.join(format!("{tag}.lock"))
    }

    /// Holds the lock on a tag as long as the file lives. `wait` is called where another process has it.
    pub(crate) fn lock(&self, tag: &str, wait: impl FnOnce()) -> Result<(File, bool), HubError> {
        let path = self.lock_of(tag);
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
    pub(crate) fn link(&self, tag: &str, commit: &str, file: &str) -> Result<(), HubError> {
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

/// The tag of the bytes that a file of a snapshot is a link to.
fn tag_of(place: &Path) -> Option<Tag> {
    let bytes = fs::read_link(place).ok()?;
    let is_blob = bytes.parent().and_then(Path::file_name) == Some("blobs".as_ref());
    Tag::parse(bytes.file_name()?.to_str()?).filter(|_| is_blob)
}

/// Size and time of a file.
fn stamp(path: &Path) -> std::io::Result<String> {
    let file = fs::metadata(path)?;
    let time = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} bytes of {} ns", file.len(), time.as_nanos()))
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
pub(crate) fn make_parent(path: &Path) -> Result<(), HubError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(HubError::cache(folder, "creating"))
}

//! Files that are on the disk, and not only in the system's memory, when a function returns.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::hex;
use crate::train::error::CheckpointError;

/// Writes a new file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let mut file = NewFile::create(path)?;
    file.write(bytes)?;
    file.finish().map(drop)
}

/// A file that is being written, with the hash of what was.
pub(super) struct NewFile {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl NewFile {
    pub(super) fn create(path: &Path) -> Result<Self, CheckpointError> {
        let file = File::create_new(path).map_err(CheckpointError::io("write", path))?;
        Ok(Self { path: path.into(), file, hasher: Sha256::new(), bytes: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.file.write_all(bytes).map_err(CheckpointError::io("write", &self.path))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Forces the file to the disk; its length and its SHA-256.
    pub(super) fn finish(self) -> Result<(u64, String), CheckpointError> {
        self.file.sync_all().map_err(CheckpointError::io("write", &self.path))?;
        Ok((self.bytes, hex(self.hasher.finalize())))
    }
}

/// Makes a folder and the folders above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), CheckpointError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = above(path);
    create_folder(above)?;
    match fs::create_dir(path) {
        Err(error) if !path.is_dir() => Err(CheckpointError::io("make the folder", path)(error)),
        _ => sync_folder(above),
    }
}

/// Renames a folder. Both names are in one folder.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), CheckpointError> {
    fs::rename(from, to).map_err(CheckpointError::io("rename", from))?;
    sync_folder(above(to))
}

/// Removes a folder, if it is there. It is renamed to `hidden` first, which no reader looks at, so that
/// readers see all of the folder or nothing.
pub(super) fn remove_folder(path: &Path, hidden: &Path) -> Result<(), CheckpointError> {
    clear(hidden)?;
    if path.is_dir() {
        rename(path, hidden)?;
        clear(hidden)?;
    }
    Ok(())
}

/// Removes a folder that nobody reads, if it is there.
pub(super) fn clear(path: &Path) -> Result<(), CheckpointError> {
    match path.is_dir() {
        true => fs::remove_dir_all(path).map_err(CheckpointError::io("remove", path)),
        false => Ok(()),
    }
}

/// Forces the names in a folder to the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), CheckpointError> {
    // Windows has no such thing for folders: it keeps their changes in a journal.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(CheckpointError::io("synchronise", path))
}

fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

//! The bytes of a file that are here, beside its final place.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cache::make_parent;
use crate::error::HubError;

pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    length: u64,
    came: u64,
    is_joined: bool,
}

impl Partial {
    /// What an earlier try left of it, if one did.
    pub(crate) fn open(path: PathBuf) -> Result<Self, HubError> {
        make_parent(&path)?;
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(HubError::cache(&path, "opening"))?;
        let length = file.metadata().map_err(HubError::cache(&path, "reading"))?.len();
        Ok(Self { path, file, length, came: 0, is_joined: length > 0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// How many of the bytes were written by this process.
    pub(crate) fn came(&self) -> u64 {
        self.came
    }

    /// Whether the bytes are of several tries.
    pub(crate) fn is_joined(&self) -> bool {
        self.is_joined
    }

    /// What is written from now on is of another try.
    pub(crate) fn join(&mut self) {
        self.is_joined |= self.length > 0;
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::cache(&self.path, "writing"))?;
        self.length += bytes.len() as u64;
        self.came += bytes.len() as u64;
        Ok(())
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) -> Result<(), HubError> {
        if self.length > 0 {
            self.file.set_len(0).map_err(HubError::cache(&self.path, "writing"))?;
        }
        (self.length, self.is_joined) = (0, false);
        Ok(())
    }

    pub(crate) fn remove(self) -> Result<(), HubError> {
        fs::remove_file(&self.path).map_err(HubError::cache(&self.path, "removing"))
    }

    /// Gives the file its name; returns how many bytes came.
    pub(crate) fn finish(self, place: &Path) -> Result<u64, HubError> {
        self.file.sync_all().map_err(HubError::cache(&self.path, "writing"))?;
        fs::rename(&self.path, place).map_err(HubError::cache(place, "writing"))?;
        Ok(self.came)
    }
}

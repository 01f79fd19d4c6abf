//! Open files, whatever their format.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::entry::Entry;
use super::error::{ContainerError, Damage};
use super::{npz, safetensors};
use crate::files::mapped::Mapped;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Safetensors,
    Npz,
}

/// One open file, or several, with checked headers.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) packing: Packing,
    /// The files, and their names for error texts.
    pub(super) files: Vec<(String, Mapped)>,
    pub(crate) entries: BTreeMap<String, Entry>,
    /// The text entries of a safetensors header.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Container {
    /// Opens one file.
    pub(super) fn open_file(path: &Path) -> Result<Self, ContainerError> {
        let name = path.display().to_string();
        let mapped = Mapped::open(path)
            .map_err(|reason| ContainerError::Io { file: name.clone(), reason })?;
        Self::from_mapped(name, mapped)
    }

    /// The same for the bytes of a file; `name` stands for it in errors.
    pub(crate) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, ContainerError> {
        Self::from_mapped(name.into(), Mapped::from(bytes))
    }

    fn from_mapped(name: String, mapped: Mapped) -> Result<Self, ContainerError> {
        let contents = if mapped.starts_with(b"PK") {
            npz::entries(&mapped).map(|entries| (Packing::Npz, entries, BTreeMap::new()))
        } else {
            safetensors::entries(&mapped)
                .map(|(entries, metadata)| (Packing::Safetensors, entries, metadata))
                .map_err(|damage| match mapped.first_chunk::<8>() {
                    // A pickle starts with its protocol's number. Read as a length of the header,
                    // that is more than the file holds.
                    Some(first @ [0x80, 2..=5, ..])
                        if u64::from_le_bytes(*first) > mapped.len() as u64 =>
                    {
                        Damage::Pickle { entry: "the file".into() }
                    }
                    _ if is_text(&mapped) => Damage::Text,
                    _ => damage,
                })
        };
        match contents {
            Ok((packing, entries, metadata)) => {
                Ok(Self { packing, files: vec![(name, mapped)], entries, metadata })
            }
            Err(damage) => Err(damage.in_file(&name)),
        }
    }

    /// The name of the first file.
    pub(crate) fn name(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// The name of the file that holds a tensor.
    pub(crate) fn file(&self, entry: &Entry) -> &str {
        &self.files[entry.file].0
    }

    /// The bytes of a tensor in row-major order; borrowed from the file where it stores them so.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ContainerError> {
        let (name, mapped) = &self.files[entry.file];
        let bytes = &mapped[entry.range.clone()];
        let bytes = match &entry.packed {
            None => Cow::Borrowed(bytes),
            Some(packed) => packed.unpack(bytes).map_err(|damage| damage.in_file(name))?,
        };
        Ok(if entry.column_major { Cow::Owned(entry.row_major(&bytes)) } else { bytes })
    }
}

/// Whether a file begins as a text. The length of a safetensors header has zeros among its first eight bytes.
fn is_text(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(64)];
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        // The last character is cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_printable = |character: char| !character.is_control() || character.is_whitespace();
    !text.is_empty() && text.chars().all(is_printable)
}

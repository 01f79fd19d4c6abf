//! Files as tables of named tensors. Headers are read and checked when a file is opened, before any
//! data is used.

pub(crate) mod element;
pub(crate) mod error;
mod mapped;
mod npy;
mod npz;
mod safetensors;
mod sharded;
pub(crate) mod view;
pub(crate) mod write;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use element::ElementType;
use error::{ContainerError, Damage};
use mapped::Mapped;
use view::View;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Safetensors,
    Npz,
}

/// A tensor of a file: all that the header says about it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) element: ElementType,
    pub(super) shape: Vec<usize>,
    /// Whether it is stored with its first axis fastest, as NumPy can do.
    column_major: bool,
    /// The index of its file in the container, and its bytes there.
    file: usize,
    range: Range<usize>,
    /// How the bytes are unpacked, for an entry of an archive.
    packed: Option<npz::Packed>,
}

impl Entry {
    fn row_major(&self, bytes: &[u8]) -> Vec<u8> {
        let mut turned = vec![0; bytes.len()];
        let size = bytes.len() / View::whole(&self.shape).count().max(1);
        View::column_major(&self.shape).for_each(|row_major, column_major| {
            let element = &bytes[column_major * size..][..size];
            turned[row_major * size..][..size].copy_from_slice(element);
        });
        turned
    }

    /// File and offset, by which tensors are sorted to be read in the order of the disk.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.file, self.range.start)
    }
}

/// One open file, or several, with checked headers.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) packing: Packing,
    /// The files, and their names for error texts.
    files: Vec<(String, Mapped)>,
    pub(super) entries: BTreeMap<String, Entry>,
    /// The text entries of a safetensors header.
    pub(super) metadata: BTreeMap<String, String>,
}

impl Container {
    /// Opens a file, the shards that an index names, or the one or the other in a folder.
    pub(super) fn open(path: &Path) -> Result<Self, ContainerError> {
        if path.to_str().is_some_and(|name| name.ends_with(".index.json")) {
            return sharded::open(path);
        }
        if path.is_dir() {
            let index = path.join("model.safetensors.index.json");
            return if index.exists() {
                sharded::open(&index)
            } else {
                Self::open_file(&path.join("model.safetensors"))
            };
        }
        Self::open_file(path)
    }

    fn open_file(path: &Path) -> Result<Self, ContainerError> {
        let name = path.display().to_string();
        let mapped = Mapped::open(path)
            .map_err(|reason| ContainerError::Io { file: name.clone(), reason })?;
        Self::from_mapped(name, mapped)
    }

    /// The same for the bytes of a file; `name` stands for it in errors.
    pub(super) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, ContainerError> {
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
    pub(super) fn name(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// The name of the file that holds a tensor.
    pub(super) fn file(&self, entry: &Entry) -> &str {
        &self.files[entry.file].0
    }

    /// The bytes of a tensor in row-major order; borrowed from the file where it stores them so.
    pub(super) fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ContainerError> {
        let (name, mapped) = &self.files[entry.file];
        let bytes = &mapped[entry.range.clone()];
        let bytes = match &entry.packed {
            None => Cow::Borrowed(bytes),
            Some(packed) => packed.unpack(bytes).map_err(|damage| damage.in_file(name))?,
        };
        Ok(if entry.column_major { Cow::Owned(entry.row_major(&bytes)) } else { bytes })
    }
}

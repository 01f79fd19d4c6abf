//! Files as named tensors: what their headers say, checked before a byte of the data is used.

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

/// How the tensors are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Safetensors,
    Npz,
}

/// A tensor of a file: all that is known without reading its elements.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) element: ElementType,
    pub(super) shape: Vec<usize>,
    /// Whether the first axis runs fastest, as NumPy can store it.
    column_major: bool,
    /// Which of the container's files, and its bytes there.
    file: usize,
    range: Range<usize>,
    /// For an entry of an archive, how the bytes are unpacked.
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

    /// Where it lies, for reading in the order of the disk.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.file, self.range.start)
    }
}

/// One or several files, open, with their headers read and checked.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) packing: Packing,
    /// The files by name, for error texts.
    files: Vec<(String, Mapped)>,
    pub(super) entries: BTreeMap<String, Entry>,
    /// The text entries beside the tensors, which safetensors has.
    pub(super) metadata: BTreeMap<String, String>,
}

impl Container {
    /// Opens a file, the files that an index names, or what a folder holds of these.
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

    /// The same for bytes at hand.
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
                    // A pickle starts with its protocol, which makes a length that no header has.
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

    /// The bytes of a tensor in row-major order: in place where the file stores them so.
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

//! The tensors of a checkpoint on the disk, of which parts are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::tensor::{DType, TensorData};
use safetensors::tensor::Metadata;
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, ShardFile};
use super::part::MODEL;
use super::shards::{HELD, burn_dtype};
use crate::files::{hashed, open_plain};
use crate::params::pieces::Piece;
use crate::train::error::CheckpointError;

/// The files of a checkpoint and what is where in them. Values are read when they are asked for; a file is
/// compared with its hash before the first of its values is taken.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    files: Vec<StoredFile>,
    tensors: BTreeMap<String, StoredTensor>,
}

#[derive(Debug, Clone)]
struct StoredFile {
    path: PathBuf,
    about: ShardFile,
    /// The hash of what is there, once it was computed.
    hash: OnceLock<String>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredTensor {
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    /// Its parts, each with the number of its file and the place of its first byte there.
    parts: Vec<(Piece, usize, u64)>,
}

impl Stored {
    /// Reads the headers of all files, and checks that all are there in their lengths, and that they hold
    /// each tensor entirely.
    pub(super) fn open(folder: &Path, manifest: &Manifest) -> Result<Self, CheckpointError> {
        let mut stored = Self { files: vec![], tensors: BTreeMap::new() };
        for about in &manifest.files {
            let file = StoredFile::of(folder, about)?;
            let number = stored.files.len();
            if about.name.ends_with(".safetensors") {
                let prefix = if manifest.names_are_paths(&about.name) { MODEL } else { "" };
                stored.add(&file, number, prefix)?;
            }
            stored.files.push(file);
        }
        for (name, tensor) in &stored.tensors {
            let held: usize = tensor.parts.iter().map(|(piece, ..)| piece.count()).sum();
            let all = tensor.shape.iter().product::<usize>();
            if held != all {
                let expected = format!("all {all} values of {name}");
                return Err(CheckpointError::damaged(folder, expected, held));
            }
        }
        Ok(stored)
    }

    /// Takes the tensors of a file.
    fn add(
        &mut self,
        file: &StoredFile,
        number: usize,
        prefix: &str,
    ) -> Result<(), CheckpointError> {
        let (start, header) = file.header()?;
        for (name, info) in header.tensors() {
            let dtype = burn_dtype(info.dtype).ok_or_else(|| CheckpointError::Tensor {
                name: name.clone(),
                expected: HELD,
                got: format!("{:?}", info.dtype),
            })?;
            let damaged = |expected: &str| CheckpointError::damaged(&file.path, expected, &name);
            let (tensor, piece) = Piece::of_name(&name, &info.shape)
                .ok_or_else(|| damaged("the ranges of a part as its shape is"))?;
            let stored = self.tensors.entry(format!("{prefix}{tensor}")).or_insert_with(|| {
                StoredTensor { dtype, shape: piece.shape.clone(), parts: vec![] }
            });
            if (stored.dtype, &stored.shape) != (dtype, &piece.shape) {
                return Err(damaged("the type and the shape of the tensor's other parts"));
            }
            stored.parts.push((piece, number, start + info.data_offsets.0 as u64));
        }
        Ok(())
    }

    pub(super) fn tensors(&self) -> &BTreeMap<String, StoredTensor> {
        &self.tensors
    }

    /// Compares all files with their hashes.
    pub(super) fn verify(&self) -> Result<(), CheckpointError> {
        self.files.iter().try_for_each(StoredFile::verify)
    }

    /// The values of a part of a tensor that is there and has that shape.
    pub(super) fn values(&self, name: &str, wanted: &Piece) -> Result<TensorData, CheckpointError> {
        let tensor = &self.tensors[name];
        let size = tensor.dtype.size();
        let mut bytes = vec![0; wanted.count() * size];
        for (piece, file, start) in &tensor.parts {
            let mut is_needed = false;
            piece.shared_runs(wanted, |_, _, length| is_needed |= length > 0);
            if is_needed {
                let file = &self.files[*file];
                file.verify()?;
                file.copy(*start, piece, wanted, size, &mut bytes)?;
            }
        }
        Ok(TensorData::from_bytes_vec(bytes, wanted.sizes(), tensor.dtype))
    }

    /// The names of the files that were compared with their hashes.
    #[cfg(all(test, feature = "xla"))]
    pub(super) fn files_read(&self) -> Vec<&str> {
        let touched = self.files.iter().filter(|file| file.hash.get().is_some());
        touched.map(|file| file.about.name.as_str()).collect()
    }
}

impl StoredFile {
    fn of(folder: &Path, about: &ShardFile) -> Result<Self, CheckpointError> {
        let path = folder.join(&about.name);
        // A bare name: a path could lead out of the folder.
        if path.file_name() != Some(about.name.as_ref()) {
            return Err(CheckpointError::damaged(&path, "the name of a file", &about.name));
        }
        let length = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CheckpointError::damaged(&path, "a file", "none"));
            }
            Err(error) => return Err(CheckpointError::io("read", &path)(error)),
        };
        if length != about.bytes {
            let expected = format!("{} bytes", about.bytes);
            return Err(CheckpointError::damaged(&path, expected, length));
        }
        Ok(Self { path, about: about.clone(), hash: OnceLock::new() })
    }

    fn open(&self) -> Result<File, CheckpointError> {
        open_plain(&self.path)
            .map(|(file, _)| file)
            .map_err(CheckpointError::io("read", &self.path))
    }

    /// Where the data begin, and what is there.
    fn header(&self) -> Result<(u64, Metadata), CheckpointError> {
        let damaged = |got: &dyn ToString| {
            CheckpointError::damaged(&self.path, "safetensors", got.to_string())
        };
        let mut file = self.open()?;
        let io = |error| CheckpointError::io("read", &self.path)(error);
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > self.about.bytes.saturating_sub(8) {
            return Err(damaged(&format!("a header of {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(&error))?;
        let end = 8 + length + header.data_len() as u64;
        match end == self.about.bytes {
            true => Ok((8 + length, header)),
            false => Err(damaged(&format!("tensors up to byte {end}"))),
        }
    }

    fn verify(&self) -> Result<(), CheckpointError> {
        if self.hash.get().is_none() {
            let hash = hashed(Sha256::new(), self.open()?)
                .map_err(CheckpointError::io("read", &self.path))?;
            let _ = self.hash.set(hash);
        }
        let got = self.hash.get().map_or("", String::as_str);
        let text = |hash: &str| format!("SHA-256 {}…", hash.chars().take(12).collect::<String>());
        match got == self.about.sha256 {
            true => Ok(()),
            false => {
                let expected = text(&self.about.sha256);
                Err(CheckpointError::damaged(&self.path, expected, text(got)))
            }
        }
    }

    /// Copies what a part in this file, whose values begin at `start`, has of the wanted part.
    fn copy(
        &self,
        start: u64,
        piece: &Piece,
        wanted: &Piece,
        size: usize,
        bytes: &mut [u8],
    ) -> Result<(), CheckpointError> {
        let mut reader = BufReader::with_capacity(1 << 20, self.open()?);
        let mut outcome = reader.seek(SeekFrom::Start(start)).map(drop);
        let mut at = 0;
        piece.shared_runs(wanted, |from, to, length| {
            let (from, to, length) = (from * size, to * size, length * size);
            let seek = |reader: &mut BufReader<File>| reader.seek_relative((from - at) as i64);
            if outcome.is_ok() {
                outcome =
                    seek(&mut reader).and_then(|()| reader.read_exact(&mut bytes[to..to + length]));
                at = from + length;
            }
        });
        outcome.map_err(CheckpointError::io("read", &self.path))
    }
}

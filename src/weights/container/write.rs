//! New files. The bytes of a tensor are made just before they are written, and dropped after, so
//! that memory holds one tensor at a time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, View, serialize_to_file};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::element::ElementType;
use super::error::Bytes;
use super::npy;

/// A tensor to be written; `bytes` makes its bytes.
pub(crate) struct NewTensor<'a> {
    pub(crate) name: String,
    pub(crate) element: ElementType,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Box<dyn Fn() -> Vec<u8> + 'a>,
}

impl NewTensor<'_> {
    fn dtype(&self) -> Dtype {
        match self.element.name {
            "F64" => Dtype::F64,
            "F16" => Dtype::F16,
            "BF16" => Dtype::BF16,
            _ => Dtype::F32,
        }
    }
}

impl View for &NewTensor<'_> {
    fn dtype(&self) -> Dtype {
        NewTensor::dtype(self)
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned((self.bytes)())
    }

    fn data_len(&self) -> usize {
        match self.element.bytes(&self.shape) {
            Bytes::Whole(count) => count as usize,
            // No tensor in memory has such a size.
            Bytes::Fraction | Bytes::Overflow => usize::MAX,
        }
    }
}

/// Writes a safetensors file with text entries beside the tensors. A file that is at `path` already
/// is replaced when the new one is complete.
pub(crate) fn safetensors(
    path: &Path,
    tensors: &[NewTensor],
    metadata: HashMap<String, String>,
) -> io::Result<()> {
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    replace(path, |partial| {
        // The crate `safetensors` makes files that only their owner may read; these get the
        // permissions of any new file.
        let permissions = File::create(partial)?.metadata()?.permissions();
        serialize_to_file(named, Some(metadata), partial).map_err(|error| match error {
            SafeTensorError::IoError(error) => error,
            error => io::Error::other(error.to_string()),
        })?;
        std::fs::set_permissions(partial, permissions)
    })
}

/// Writes NumPy's archive without compression, which would save little on weights. A file that is
/// at `path` already is replaced when the new one is complete.
pub(crate) fn npz(path: &Path, tensors: &[NewTensor]) -> io::Result<()> {
    replace(path, |partial| write_npz(partial, tensors))
}

/// Lets `write` make a file beside `path`, and renames it to `path`.
fn replace(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    // `./` because safetensors makes a temporary file in the parent folder, and the parent of a
    // plain file name is an empty path.
    let mut partial = Path::new(".").join(path).into_os_string();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let result = write(partial).and_then(|()| std::fs::rename(partial, path));
    if result.is_err() {
        // The error of `write` is the one to report.
        let _ = std::fs::remove_file(partial);
    }
    result
}

fn write_npz(path: &Path, tensors: &[NewTensor]) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    for tensor in tensors {
        let bytes = (tensor.bytes)();
        let header = npy::write(tensor.element, &tensor.shape)
            .ok_or_else(|| io::Error::other("NumPy has no header for it"))?;
        let large = bytes.len() + header.len() > u32::MAX as usize;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        zip.start_file(format!("{}.npy", tensor.name), options)?;
        zip.write_all(&header)?;
        zip.write_all(&bytes)?;
    }
    zip.finish()?.flush()
}

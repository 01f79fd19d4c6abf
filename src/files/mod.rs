//! Files, opened without waiting or mapped into memory, and their hashes.

pub(crate) mod mapped;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest;

/// Opens a file that is none of the system's, with its size and time as they were before. To open a pipe waits for a
/// writer, who may never come.
pub(crate) fn open_plain(path: &Path) -> io::Result<(File, Metadata)> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() && !metadata.is_dir() {
        let what = "expected a file, got a pipe, a socket or a device";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok((File::open(path)?, metadata))
}

/// The hash of all that is left to read, as hexadecimal digits.
pub(crate) fn hashed(mut hasher: impl Digest, mut reader: impl Read) -> io::Result<String> {
    let mut block = vec![0; 1 << 20];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(hex(hasher.finalize())),
            count => hasher.update(&block[..count]),
        }
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

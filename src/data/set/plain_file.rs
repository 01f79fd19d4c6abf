//! Files that are opened without waiting.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

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

//! The bytes of a file, mapped into memory.

use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::open_plain;

/// The bytes of a mapped file, which the system reads from disk when they are used and may drop
/// again; or bytes in memory.
#[derive(Debug)]
pub(crate) enum Mapped {
    File(Mmap),
    Memory(Vec<u8>),
}

impl Mapped {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (file, _) = open_plain(path)?;
        if file.metadata()?.len() == 0 {
            // Some systems refuse to map an empty file.
            return Ok(Self::Memory(vec![]));
        }
        // SAFETY: the mapping is read-only, and bytes have no invalid values. What remains to be
        // demanded is that nobody shortens or rewrites the file while it is mapped. No safe call
        // can ask the system for that, so the documentation of `WeightsFile::open`,
        // `MappedFeatures::open` and `VideoFeatures::open` demands it.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self::File(map))
    }
}

impl From<Vec<u8>> for Mapped {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::File(map) => map,
            Self::Memory(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_before_it_is_opened() {
        let error = Mapped::open(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().starts_with("expected a file, got a pipe"), "{error}");
    }
}

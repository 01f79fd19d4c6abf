//! The bytes of a file, mapped into memory.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// Bytes that the system reads from disk when they are touched, and may forget again; or bytes at
/// hand.
#[derive(Debug)]
pub(super) enum Mapped {
    File(Mmap),
    Memory(Vec<u8>),
}

impl Mapped {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            // Some systems refuse to map nothing.
            return Ok(Self::Memory(vec![]));
        }
        // SAFETY: the mapping is private to reading and bytes have no invalid values, so the only
        // demand is that nobody shortens or rewrites the file meanwhile. No safe call can ask the
        // system for that; `WeightsFile::open` hands the demand on to its caller in words.
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

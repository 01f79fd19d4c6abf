//! An image of a set, and where it is.

use std::fs::Metadata;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::files::open_plain;

/// Where the bytes of an encoded image are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A file of its own.
    File(PathBuf),
    /// Some bytes of a larger file, such as a tar shard.
    Within {
        /// The larger file.
        file: Arc<Path>,
        /// Its first byte.
        offset: u64,
        /// The number of bytes.
        len: u64,
    },
    /// A frame of a file that holds a video.
    Frame {
        /// The file, or its place in a larger one.
        of: Arc<Location>,
        /// The number of the frame, from 0, in the order in which they are shown.
        frame: u32,
    },
}

impl Location {
    /// The file that holds the bytes.
    pub(super) fn file(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Within { file, .. } => file,
            Self::Frame { of, .. } => of.file(),
        }
    }

    /// The encoded bytes, and size and time of their file before they were read. Of a frame, the bytes of its video.
    pub(super) fn read(&self) -> io::Result<(Vec<u8>, Stamp)> {
        let (mut file, metadata) = open_plain(self.file())?;
        let stamp = Stamp::new(self, &metadata);
        let mut bytes = Vec::new();
        match self {
            Self::File(_) => _ = file.read_to_end(&mut bytes)?,
            Self::Within { offset, len, .. } => {
                file.seek(SeekFrom::Start(*offset))?;
                file.take(*len).read_to_end(&mut bytes)?;
            }
            Self::Frame { of, .. } => return of.read(),
        }
        Ok((bytes, stamp))
    }

    /// Size and time of the file.
    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        Ok(Stamp::new(self, &std::fs::metadata(self.file())?))
    }
}

/// Size and time of an image's file, by which a change of it is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Encoded bytes of the image, or of the video that it is a frame of.
    pub(crate) size: u64,
    /// When the file, or the shard that holds it, was changed last: nanoseconds since 1970.
    pub(crate) modified_ns: i64,
}

impl Stamp {
    fn new(location: &Location, file: &Metadata) -> Self {
        let size = match location {
            Location::File(_) => file.len(),
            Location::Within { len, .. } => *len,
            Location::Frame { of, .. } => return Self::new(of, file),
        };
        let since = |time: SystemTime| match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i64,
            Err(before) => -(before.duration().as_nanos() as i64),
        };
        // A system without such times has sizes alone.
        Self { size, modified_ns: file.modified().map_or(0, since) }
    }
}

/// An encoded image and its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name that reports use: its path, or its key in a shard.
    pub name: String,
    /// Where its bytes are.
    pub location: Location,
    /// Indices of its classes: none, one or many.
    pub labels: Vec<usize>,
}

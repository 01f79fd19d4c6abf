//! Frames of video files, each file decoded once where its frames are asked for in their order.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::item::{Location, Stamp};
use crate::data::error::DataError;
use crate::data::frames::Frames;
use crate::data::image::{DecodeOptions, Image, ImageError};

/// Files that are decoded at a time. Loaders read batches on several threads, each of which may be at another file.
const MOST_OPEN: usize = 16;
/// The most bytes of a file's frames that were decoded on the way to another and wait for being asked for.
const MOST_KEPT: usize = 1 << 26;

/// An image as it was read: stamp and hash of its file, and the pixels.
pub(crate) struct Decoded {
    /// Size and time of the file, as they were before it was read. None if it has none.
    pub(crate) stamp: Option<Stamp>,
    /// The SHA-256 of the encoded bytes.
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) image: Result<Image, DataError>,
}

type Shared = Arc<Mutex<Option<Stream>>>;

/// The files that are decoded now.
#[derive(Default)]
pub(super) struct Streams(Mutex<VecDeque<(Arc<Location>, DecodeOptions, Shared)>>);

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// A file that is decoded.
struct Stream {
    stamp: Stamp,
    sha256: [u8; 32],
    frames: Frames,
    /// The number of the frame that comes next.
    next: u32,
    kept: BTreeMap<u32, Image>,
    kept_bytes: usize,
    /// What ended the frames before their end.
    ended: Option<ImageError>,
}

impl Streams {
    /// A frame of a file. `name` is for errors.
    pub(super) fn frame(
        &self,
        (of, frame): (&Arc<Location>, u32),
        name: String,
        options: DecodeOptions,
    ) -> Decoded {
        let shared = self.shared(of, options);
        let mut stream = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_behind = |stream: &Stream| frame < stream.next && !stream.kept.contains_key(&frame);
        if stream.as_ref().is_none_or(is_behind) {
            *stream = None;
            match of.read() {
                Ok((bytes, stamp)) => {
                    let sha256 = Sha256::digest(&bytes).into();
                    let frames = Frames::of(bytes, options);
                    let (kept, kept_bytes) = (BTreeMap::new(), 0);
                    let next = 0;
                    *stream =
                        Some(Stream { stamp, sha256, frames, next, kept, kept_bytes, ended: None });
                }
                Err(reason) => {
                    let path = of.file().into();
                    let image = Err(DataError::Io { path, reason });
                    return Decoded { stamp: of.stamp().ok(), sha256: None, image };
                }
            }
        }
        let stream = stream.as_mut().expect("it was opened");
        let image = stream.frame(frame).map_err(|reason| DataError::Image { name, reason });
        Decoded { stamp: Some(stream.stamp), sha256: Some(stream.sha256), image }
    }

    /// The stream of a file; the one that was asked for longest ago makes room for it.
    fn shared(&self, of: &Arc<Location>, options: DecodeOptions) -> Shared {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.iter().position(|(known, with, _)| known == of && *with == options);
        let entry = known.and_then(|at| open.remove(at));
        let (of, options, shared) =
            entry.unwrap_or_else(|| (Arc::clone(of), options, Shared::default()));
        open.push_back((of, options, Arc::clone(&shared)));
        if open.len() > MOST_OPEN {
            open.pop_front();
        }
        shared
    }
}

impl Stream {
    fn frame(&mut self, frame: u32) -> Result<Image, ImageError> {
        if let Some(image) = self.kept.remove(&frame) {
            self.kept_bytes -= image.pixels().len();
            return Ok(image);
        }
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        loop {
            let number = self.next;
            match self.frames.next() {
                Some(Ok(image)) => {
                    self.next += 1;
                    if number == frame {
                        return Ok(image);
                    }
                    self.keep(number, image);
                }
                Some(Err(error)) => {
                    self.ended = Some(error.clone());
                    return Err(error);
                }
                None => {
                    let reason = format!("it has {number} frames that can be decoded");
                    let error = ImageError::Broken { format: "video", reason };
                    self.ended = Some(error.clone());
                    return Err(error);
                }
            }
        }
    }

    fn keep(&mut self, number: u32, image: Image) {
        self.kept_bytes += image.pixels().len();
        self.kept.insert(number, image);
        while self.kept_bytes > MOST_KEPT
            && let Some((_, oldest)) = self.kept.pop_first()
        {
            self.kept_bytes -= oldest.pixels().len();
        }
    }
}

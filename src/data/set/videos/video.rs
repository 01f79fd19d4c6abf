//! A video, and a set of them.

use std::io::Cursor;
use std::sync::Arc;

use crate::data::error::DataError;
use crate::data::frames::{self, CountError};
use crate::data::set::item::Location;
use crate::files::open_plain;

/// Where the frames of a video are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameSource {
    /// Encoded images, in the order in which they are shown.
    Images(Vec<Location>),
    /// A file with all frames: animated GIF or WebP, or H.264 in MP4 or QuickTime (feature `video`).
    File(Arc<Location>),
}

impl FrameSource {
    /// Where a frame is, counted from 0.
    ///
    /// # Panics
    ///
    /// If it is behind the last of the images.
    pub fn frame(&self, frame: usize) -> Location {
        match self {
            Self::Images(images) => images[frame].clone(),
            Self::File(of) => Location::Frame { of: Arc::clone(of), frame: frame as u32 },
        }
    }
}

/// A video and its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// The name that reports use: its path, or its key in a shard.
    pub name: String,
    /// Where its frames are.
    pub frames: FrameSource,
    /// Indices of its classes: none, one or many.
    pub labels: Vec<usize>,
}

impl Video {
    /// The number of frames, as the file says it. Pixels are not decoded.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] for a file that cannot be read, [`DataError::Image`] for one that is broken, or no video
    /// that is read.
    pub fn count(&self) -> Result<usize, DataError> {
        let of = match &self.frames {
            FrameSource::Images(images) => return Ok(images.len()),
            FrameSource::File(of) => of,
        };
        let io = |reason| DataError::Io { path: of.file().into(), reason };
        let counted = match &**of {
            Location::File(path) => {
                open_plain(path).map_err(io).map(|(file, _)| frames::count(file))
            }
            place => place.read().map_err(io).map(|(bytes, _)| frames::count(Cursor::new(bytes))),
        };
        counted?.map_err(|error| match error {
            CountError::Io(reason) => io(reason),
            CountError::Image(reason) => DataError::Image { name: self.name.clone(), reason },
        })
    }
}

/// A set of videos with labels. It holds names, places and labels, not pixels.
///
/// ```
/// use vit22b::data::VideoSet;
///
/// # let root = std::env::temp_dir().join(format!("video-set-{}", std::process::id()));
/// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
/// # for frame in ["jump/a/1.jpg", "jump/a/2.jpg", "jump/a/10.jpg", "run/b/1.jpg"] {
/// #     std::fs::create_dir_all(root.join(frame).parent().unwrap())?;
/// #     std::fs::copy(photo, root.join(frame))?;
/// # }
/// // A folder of classes, with a folder of frames for each video.
/// let set = VideoSet::open(&root, None)?;
/// assert_eq!(set.classes(), ["jump", "run"]);
/// assert_eq!((set.videos()[0].name.as_str(), set.videos()[0].count()?), ("jump/a", 3));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoSet {
    pub(super) classes: Vec<String>,
    pub(super) videos: Vec<Video>,
    pub(super) remarks: Vec<String>,
    pub(super) missing: usize,
}

impl VideoSet {
    /// The names of the classes, in the order of their indices; none where no video has a label.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The videos.
    pub fn videos(&self) -> &[Video] {
        &self.videos
    }

    /// What was left out while the set was read, a line for each kind.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// How many videos a list names that are not there. Links of Kinetics break with the years: say how many videos a
    /// number was measured on.
    pub fn missing(&self) -> usize {
        self.missing
    }
}

//! Which videos features are of, and which of their frames clips need.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::clips::ClipConfig;
use super::error::VideoError;
use crate::data::{DataError, ImageSet, Item, VideoSet};

/// The name of the file in a folder of features.
pub(super) const FILE: &str = "clips.json";
const FORMAT: &str = "vit22b features of videos";
const VERSION: u32 = 1;

/// A video in a folder of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ListedVideo {
    pub(super) name: String,
    /// The number of its frames.
    pub(super) frames: usize,
    /// Indices of classes.
    pub(super) labels: Vec<usize>,
}

/// What a folder of features of videos says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listing {
    format: String,
    version: u32,
    pub(super) clips: ClipConfig,
    pub(super) classes: Vec<String>,
    pub(super) videos: Vec<ListedVideo>,
    /// Videos that are not there or cannot be read.
    pub(super) left_out: usize,
    /// Whether all features were computed.
    pub(super) complete: bool,
}

impl Listing {
    /// Counts the frames of all videos. Those that cannot be read are left out, and told to `skipped`.
    pub(super) fn new(
        set: &VideoSet,
        clips: ClipConfig,
        mut skipped: impl FnMut(&DataError),
    ) -> Result<(Self, Vec<usize>), VideoError> {
        clips.validate()?;
        let (mut videos, mut kept, mut last) = (Vec::new(), Vec::new(), String::new());
        for (index, video) in set.videos().iter().enumerate() {
            match video.count() {
                Ok(frames) => {
                    let (name, labels) = (video.name.clone(), video.labels.clone());
                    videos.push(ListedVideo { name, frames, labels });
                    kept.push(index);
                }
                Err(error) => {
                    skipped(&error);
                    last = error.to_string();
                }
            }
        }
        if videos.is_empty() {
            return Err(VideoError::NoVideos { of: set.videos().len(), last });
        }
        let left_out = set.missing() + set.videos().len() - videos.len();
        let (format, classes) = (FORMAT.into(), set.classes().to_vec());
        let complete = false;
        Ok((Self { format, version: VERSION, clips, classes, videos, left_out, complete }, kept))
    }

    /// The frames that clips need, each once, as images with the labels of their videos. `kept` are the videos of the set
    /// that are listed.
    pub(super) fn images(&self, set: &VideoSet, kept: &[usize]) -> Result<ImageSet, VideoError> {
        let mut items = Vec::new();
        for (listed, index) in self.videos.iter().zip(kept) {
            let video = &set.videos()[*index];
            for frame in self.needed(listed.frames)? {
                items.push(Item {
                    name: frame_name(&listed.name, frame),
                    location: video.frames.frame(frame),
                    labels: listed.labels.clone(),
                });
            }
        }
        Ok(ImageSet::new(self.classes.clone(), items)?)
    }

    /// The frames of a video of so many that clips need, in their order.
    fn needed(&self, frames: usize) -> Result<Vec<usize>, VideoError> {
        let mut needed = self.clips.frames_of(frames)?.concat();
        needed.sort_unstable();
        needed.dedup();
        Ok(needed)
    }

    pub(super) fn read(folder: &Path) -> Result<Option<Self>, VideoError> {
        let path = folder.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => return Err(VideoError::Io { path, reason }),
        };
        let broken = |reason: String| VideoError::Broken { path: path.clone(), reason };
        let listing: Self =
            serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        if listing.format != FORMAT || listing.version != VERSION {
            let Self { format, version, .. } = listing;
            let reason = format!(
                "expected \"{FORMAT}\" of version {VERSION}, got \"{format}\" of version {version}"
            );
            return Err(broken(reason));
        }
        listing.clips.validate()?;
        let classes = listing.classes.len();
        match listing.videos.iter().find(|video| video.labels.iter().any(|label| *label >= classes))
        {
            Some(video) => Err(broken(format!("{} has a label that is no class", video.name))),
            None => Ok(Some(listing)),
        }
    }

    /// Replaces the file when the new one is complete.
    pub(super) fn write(&self, folder: &Path) -> Result<(), VideoError> {
        let path = folder.join(FILE);
        let partial = folder.join(format!("{FILE}.partial"));
        let text = serde_json::to_string(self).map_err(|error| VideoError::Broken {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        std::fs::write(&partial, text).map_err(VideoError::io(&partial))?;
        std::fs::rename(&partial, &path).map_err(VideoError::io(&path))
    }
}

/// The name of a frame's row.
pub(super) fn frame_name(video: &str, frame: usize) -> String {
    format!("{video}#{frame:06}")
}

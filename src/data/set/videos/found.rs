//! Videos while they are found.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::video::{FrameSource, Video, VideoSet};
use crate::data::error::DataError;
use crate::data::frames;
use crate::data::set::item::Location;
use crate::data::set::labels::Classes;
use crate::data::set::remarks::Remarks;
use crate::files::open_plain;

/// A set while it is read.
#[derive(Default)]
pub(super) struct Found {
    videos: Vec<(String, FrameSource, Vec<String>)>,
    /// All classes in their order, where a file says it.
    pub(super) classes: Option<Vec<String>>,
    pub(super) missing: usize,
    pub(super) remarks: Remarks,
}

impl Found {
    pub(super) fn push(&mut self, name: String, frames: FrameSource, labels: Vec<String>) {
        self.videos.push((name, frames, labels));
    }

    pub(super) fn finish(self, path: &Path, expected: &str) -> Result<VideoSet, DataError> {
        let Self { videos, classes, missing, mut remarks } = self;
        if videos.is_empty() {
            let expected = [expected.to_string()].into_iter().chain(remarks.lines());
            let expected = expected.collect::<Vec<_>>().join("; ");
            return Err(DataError::NoVideos { path: path.into(), expected });
        }
        let known = Classes::of(videos.iter().flat_map(|(_, _, labels)| labels));
        let names = classes.unwrap_or_else(|| known.names.clone());
        if names.is_empty() {
            remarks.tell("no video has a label");
        }
        let place = |label: &String| match names == known.names {
            true => known.index(label),
            false => names.iter().position(|name| name == label),
        };
        let mut listed = Vec::with_capacity(videos.len());
        for (name, frames, labels) in videos {
            let class = |label: &String| {
                place(label).ok_or_else(|| DataError::Class {
                    name: name.clone(),
                    label: label.clone(),
                    known: names.len(),
                })
            };
            let labels = labels.iter().map(class).collect::<Result<_, _>>()?;
            listed.push(Video { name, frames, labels });
        }
        Ok(VideoSet { classes: names, videos: listed, remarks: remarks.lines(), missing })
    }
}

/// Whether a file of this ending is a video: of WebP, one that moves.
pub(super) fn is_video(ending: &str, location: &Location) -> bool {
    let ending = ending.to_lowercase();
    frames::ENDINGS.contains(&&*ending) && (ending != "webp" || moves(location).unwrap_or(false))
}

/// Whether a WebP file says that it is animated.
fn moves(location: &Location) -> std::io::Result<bool> {
    let (mut file, _) = open_plain(location.file())?;
    if let Location::Within { offset, .. } = location {
        file.seek(SeekFrom::Start(*offset))?;
    }
    let mut begin = [0; 21];
    file.read_exact(&mut begin)?;
    Ok(begin[12..16] == *b"VP8X" && begin[20] & 2 != 0)
}

//! Sets of videos with labels. The frames stay on disk.

mod folders;
mod found;
mod lists;
mod natural;
mod shards;
mod video;

use std::path::Path;

pub use self::video::{FrameSource, Video, VideoSet};
use crate::data::error::DataError;

/// What a path may name.
const EXPECTED: &str = "a folder of videos, a list (.csv, .tsv) or shards (.tar)";

impl VideoSet {
    /// Opens what a path names.
    ///
    /// **A folder.** Each folder with images in it is a video, whose frames are these images in the order of their
    /// names, with numbers compared as numbers; each animated GIF or WebP, MP4 and QuickTime file is one too. The
    /// folder directly below the given one that holds a video is its class; where a video lies directly in the given
    /// folder, none has a label.
    ///
    /// **A list**, `.csv` or `.tsv`, of one of three kinds:
    ///
    /// - a header with a column `path` (or `file`, `filename`, …) and one called `label`, as for
    ///   [`ImageSet::list`](super::ImageSet::list); a path is that of a file or of a folder of frames
    /// - Kinetics as published: the columns `label`, `youtube_id`, `time_start`, `time_end` and `split`. A video is
    ///   `ID_000010_000020`, or `ID`, as a file or a folder of frames, in the root, in the folder of its label or of its split
    /// - Moments in Time as published: no header; path, label, and two counts of annotators. Paths lead from the root, or
    ///   from the folder `training` or `validation` in it; the order of classes is that of `moments_categories.txt`
    ///   beside the list, where it is there
    ///
    /// Paths begin at `root`, or without one at the list's folder.
    ///
    /// **Shards**, `.tar`: the frames of a video are `KEY/0001.jpg`, … or `KEY.0001.jpg`, …, or it is a file as `KEY.mp4`;
    /// `KEY.cls`, `KEY.json` or `KEY.txt` has its label.
    ///
    /// Videos that are not there and what else is left out are told in [`remarks`](Self::remarks) and counted in
    /// [`missing`](Self::missing).
    ///
    /// # Errors
    ///
    /// [`DataError::NoVideos`] where nothing is found, [`DataError::Format`] for a path of another kind,
    /// [`DataError::Line`] for the first line of a list that cannot be read, [`DataError::Io`].
    pub fn open(path: &Path, root: Option<&Path>) -> Result<Self, DataError> {
        if path.is_dir() {
            return folders::open(path);
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match &*ending {
            "csv" | "tsv" => lists::open(path, root.or(path.parent()).unwrap_or(Path::new(""))),
            "tar" => shards::open(path),
            _ if !path.exists() => {
                let reason = std::io::ErrorKind::NotFound.into();
                Err(DataError::Io { path: path.into(), reason })
            }
            _ => Err(DataError::Format { path: path.into(), expected: EXPECTED }),
        }
    }
}

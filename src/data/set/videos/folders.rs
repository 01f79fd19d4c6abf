//! Videos in folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::found::{Found, is_video};
use super::natural::compare;
use super::video::{FrameSource, VideoSet};
use crate::data::error::DataError;
use crate::data::frames::UNREAD;
use crate::data::image::is_image;
use crate::data::set::file_names::shown;
use crate::data::set::item::Location;

const EXPECTED: &str = "folders of frames, animated GIF or WebP, or MP4, in folders of classes";

pub(super) fn open(root: &Path) -> Result<VideoSet, DataError> {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    let mut pending = vec![root.to_path_buf()];
    let mut videos: Vec<(String, FrameSource)> = Vec::new();
    while let Some(folder) = pending.pop() {
        // A folder that links lead to more than once is read once.
        if !seen.insert(folder.canonicalize().unwrap_or_else(|_| folder.clone())) {
            continue;
        }
        let named = |path: &Path| shown(path.strip_prefix(root).unwrap_or(path).as_os_str());
        let here = match Folder::read(&folder) {
            Ok(here) => here,
            Err(error) if folder == root => return Err(error),
            Err(error) => {
                found.remarks.add("folders that cannot be read", error.to_string());
                continue;
            }
        };
        if here.images.is_empty() && here.videos.is_empty() && here.folders.is_empty() {
            found.remarks.add("folders without frames are left out", named(&folder));
        }
        for (ending, path) in here.unread {
            let what = format!(".{ending} files are not read; make frames of them with ffmpeg");
            found.remarks.add(&what, named(&path));
        }
        videos.extend(
            here.videos
                .into_iter()
                .map(|path| (named(&path), FrameSource::File(Location::File(path).into()))),
        );
        pending.extend(here.folders);
        if here.images.is_empty() {
            continue;
        }
        if folder == root {
            found.remarks.add(
                "images that lie in no folder of a video are left out",
                named(&here.images[0]),
            );
            continue;
        }
        let images = here.images.into_iter().map(Location::File).collect();
        videos.push((named(&folder), FrameSource::Images(images)));
    }
    videos.sort_by(|(one, _), (other, _)| compare(one, other));
    let is_labelled = videos.iter().all(|(name, _)| name.contains('/'));
    for (name, frames) in videos {
        let class = name.split('/').next().filter(|_| is_labelled).map(String::from);
        found.push(name, frames, class.into_iter().collect());
    }
    found.finish(root, EXPECTED)
}

/// The frames of one video in a folder; none where it holds no images.
pub(super) fn frames(folder: &Path) -> Result<Option<FrameSource>, DataError> {
    let images = Folder::read(folder)?.images;
    let images: Vec<_> = images.into_iter().map(Location::File).collect();
    Ok((!images.is_empty()).then_some(FrameSource::Images(images)))
}

/// What is in a folder. Hidden files are left out.
#[derive(Default)]
struct Folder {
    /// In the order of frames.
    images: Vec<PathBuf>,
    videos: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Videos of formats that are not read, with their endings.
    unread: Vec<(String, PathBuf)>,
}

impl Folder {
    fn read(folder: &Path) -> Result<Self, DataError> {
        let io = |reason| DataError::Io { path: folder.into(), reason };
        let mut here = Self::default();
        let mut images = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = shown(path.file_name().unwrap_or_default());
            if name.starts_with('.') || name == "__MACOSX" {
                continue;
            }
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if path.is_dir() {
                here.folders.push(path);
            } else if is_video(&ending, &Location::File(path.clone())) {
                here.videos.push(path);
            } else if is_image(&ending) {
                images.push((name, path));
            } else if UNREAD.contains(&&*ending) {
                here.unread.push((ending, path));
            }
        }
        images.sort_by(|(one, _), (other, _)| compare(one, other));
        here.images = images.into_iter().map(|(_, path)| path).collect();
        Ok(here)
    }
}

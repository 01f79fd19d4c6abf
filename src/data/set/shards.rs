//! Sets of images in tar files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folders::is_image;
use super::lists::Labels;
use super::{ImageSet, Location};
use crate::data::error::DataError;

/// The most bytes that are read of a label.
const MOST_LABEL_BYTES: u64 = 1 << 20;

impl ImageSet {
    /// Reads tar files in the layout of webdataset. Consecutive files with the same name up to the first
    /// dot, such as `a/17.jpg` and `a/17.cls`, are one example.
    ///
    /// An example has one image (`.jpg`, `.jpeg`, `.jfif`, `.png`, `.webp`, `.bmp`). Its labels come from
    /// `.cls`, which holds one label, or from the fields `label`, `cls` or `labels` of `.json`; other files are
    /// ignored. This call reads headers and labels alone, so that shards can be larger than memory; images are
    /// read from the shard when they are asked for, in any order. Classes are as for [`ImageSet::list`].
    ///
    /// # Errors
    ///
    /// [`DataError::Shard`] for a file that is no tar file or ends early, or an example without an image,
    /// [`DataError::NoImages`], [`DataError::Io`].
    pub fn shards(paths: &[PathBuf]) -> Result<Self, DataError> {
        let mut items = Vec::new();
        for path in paths {
            items.extend(examples(path)?);
        }
        if items.is_empty() {
            let path = paths.first().cloned().unwrap_or_default();
            return Err(DataError::NoImages { path, expected: "tar files in webdataset layout" });
        }
        Ok(Self::from_names(items))
    }
}

/// Consecutive files of the same name up to the first dot.
struct Example {
    key: String,
    location: Option<Location>,
    labels: Vec<String>,
}

fn examples(path: &Path) -> Result<Vec<(String, Location, Vec<String>)>, DataError> {
    let io = |reason| DataError::Io { path: path.into(), reason };
    let broken = |entry: &str, expected: &str, got: String| DataError::Shard {
        path: path.into(),
        entry: entry.into(),
        expected: expected.into(),
        got,
    };
    let bytes = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = bytes.map_err(io)?;
    let shared: Arc<Path> = path.into();
    let mut archive = tar::Archive::new(file);
    let tar = "an uncompressed tar file";
    let mut examples: Vec<Example> = Vec::new();
    let entries = archive.entries_with_seek().map_err(io)?;
    for entry in entries {
        let last = || examples.last().map_or("the start", |example| &*example.key);
        let mut entry =
            entry.map_err(|error| broken(&format!("after {}", last()), tar, error.to_string()))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (offset, len) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(len).is_none_or(|end| end > length) {
            return Err(broken(&name, &format!("{len} bytes"), "the end of the file".into()));
        }
        let Some((key, ending)) = split(&name) else { continue };
        if examples.last().is_none_or(|example| example.key != key) {
            examples.push(Example { key: key.into(), location: None, labels: Vec::new() });
        }
        let Some(example) = examples.last_mut() else { continue };
        if is_image(ending) {
            if example.location.is_some() {
                return Err(broken(&name, "one image in each example", "another".into()));
            }
            example.location = Some(Location::Within { file: shared.clone(), offset, len });
        } else if ending == "cls" || ending == "json" {
            let mut text = String::new();
            let read = (&mut entry).take(MOST_LABEL_BYTES).read_to_string(&mut text);
            read.map_err(|error| broken(&name, "labels as text", error.to_string()))?;
            if ending == "cls" {
                example.labels.push(text.trim().into());
            } else {
                let labels: Labels = serde_json::from_str(&text)
                    .map_err(|error| broken(&name, "an object", error.to_string()))?;
                example.labels.extend(labels.names());
            }
        }
    }
    let item = |example: Example| {
        let expected = "an image in each example: .jpg, .png, .webp or .bmp";
        let none = || broken(&example.key, expected, "none".into());
        Ok((example.key.clone(), example.location.clone().ok_or_else(none)?, example.labels))
    };
    examples.into_iter().map(item).collect()
}

/// Splits a name into key and ending at the first dot after the last slash.
fn split(name: &str) -> Option<(&str, &str)> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + name[file..].find('.')?;
    (dot > file).then(|| (&name[..dot], &name[dot + 1..]))
}

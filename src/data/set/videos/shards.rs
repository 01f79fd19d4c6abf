//! Videos in tar files.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::found::{Found, is_video};
use super::natural::compare;
use super::video::{FrameSource, VideoSet};
use crate::data::error::DataError;
use crate::data::image::is_image;
use crate::data::set::item::Location;
use crate::data::set::labels::{Object, is_index, push};
use crate::data::set::members::{Member, members};

const EXPECTED: &str =
    "frames as KEY/0001.jpg or KEY.0001.jpg, or files as KEY.mp4, and labels as KEY.cls";
/// The most bytes that are read of a label.
const MOST_LABEL_BYTES: u64 = 1 << 20;

/// What a shard holds of a video.
#[derive(Default)]
struct Example {
    images: Vec<(String, Location)>,
    files: Vec<(String, Location)>,
    labels: Vec<String>,
    odd: Option<String>,
}

pub(super) fn open(path: &Path) -> Result<VideoSet, DataError> {
    let shared: Arc<Path> = path.into();
    let mut found = Found::default();
    let mut keys: Vec<String> = Vec::new();
    let mut examples: HashMap<String, Example> = HashMap::new();
    members(path, &mut found.remarks, |member, remarks| {
        let Member { name, offset, len, bytes } = member;
        let ending = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let location = Location::Within { file: shared.clone(), offset, len };
        let is_file = is_video(&ending, &location);
        let is_label = ["cls", "json", "txt"].contains(&&*ending);
        let Some(key) = key(name, !is_file && !is_label) else {
            remarks.add("members of shards that belong to no video are left out", name);
            return;
        };
        if !is_file && !is_label && !is_image(&ending) {
            return;
        }
        let example = examples.entry(key.into()).or_insert_with(|| {
            keys.push(key.into());
            Example::default()
        });
        if is_file {
            example.files.push((name.into(), location));
        } else if !is_label {
            example.images.push((name.into(), location));
        } else {
            let mut text = String::new();
            match bytes.take(MOST_LABEL_BYTES).read_to_string(&mut text) {
                Ok(_) => example.read(name, &ending, text.trim_start_matches('\u{feff}').trim()),
                Err(error) if ending != "txt" => example.odd = Some(format!("{name}: {error}")),
                Err(_) => {}
            }
        }
    })?;
    for key in keys {
        let Some(Example { mut images, mut files, labels, odd }) = examples.remove(&key) else {
            continue;
        };
        if let Some(odd) = odd {
            found.remarks.add("videos of shards whose labels cannot be read are left out", odd);
            continue;
        }
        let frames = match (files.len(), images.len()) {
            (1, 0) => files.pop().map(|(_, file)| FrameSource::File(file.into())),
            (0, 1..) => {
                images.sort_by(|(one, _), (other, _)| compare(one, other));
                Some(FrameSource::Images(images.into_iter().map(|(_, image)| image).collect()))
            }
            _ => None,
        };
        match frames {
            Some(frames) => found.push(key, frames, labels),
            None => {
                let what = "examples of shards without frames, or with two files, are left out";
                found.remarks.add(what, key);
            }
        }
    }
    found.finish(path, EXPECTED)
}

/// The video that a member belongs to: its name up to the first dot; of an image without a number behind that, its folder.
fn key(name: &str, is_image: bool) -> Option<&str> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let (stem, ending) = name[file..].split_once('.')?;
    match is_image && !ending.contains('.') {
        true => file.checked_sub(1).map(|end| &name[..end]),
        false => (!stem.is_empty()).then(|| &name[..file + stem.len()]),
    }
}

impl Example {
    /// Reads the labels of a file of this kind.
    fn read(&mut self, name: &str, kind: &str, text: &str) {
        let labels = match kind {
            "json" => match Object::parse(text).and_then(|object| Ok(object.labels()?.0)) {
                Ok(labels) => labels,
                Err(error) => {
                    self.odd = Some(format!("{name}: expected an object, got {error}"));
                    return;
                }
            },
            "txt" if !is_index(text) => return,
            _ => vec![text.to_string()],
        };
        for label in labels.into_iter().filter(|label| !label.is_empty()) {
            push(&mut self.labels, label);
        }
    }
}

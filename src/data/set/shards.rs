//! Sets of images in tar files.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::labels::{Object, is_index, push};
use super::members::{Member, members};
use super::remarks::Remarks;
use super::{ImageSet, Location, Named};
use crate::data::error::DataError;
use crate::data::image::is_image;

/// The most bytes that are read of a label.
pub(super) const MOST_LABEL_BYTES: u64 = 1 << 20;

/// Endings of images in formats that are not read.
const UNREAD: [&str; 7] = ["heic", "heif", "avif", "jxl", "jp2", "svg", "psd"];

const EXPECTED: &str = "tar files in webdataset layout, as 17.jpg beside 17.cls";

impl ImageSet {
    /// Reads tar files in the layout of webdataset. Consecutive files with the same name up to the first
    /// dot, such as `a/17.jpg` and `a/17.cls`, are one example; the last part of the ending, in any case, says
    /// what a file is.
    ///
    /// An example has one image; of `17.jpg` and `17.seg.png` that is the one with the shorter ending. Its labels
    /// come from `.cls`, which holds one label, from the fields `label`, `labels`, `class`, `cls` or `target` of
    /// `.json`, or from `.txt` where that holds a whole number; other files are ignored. Examples without an
    /// image, with two, or with labels that cannot be read are left out and told in [`ImageSet::remarks`].
    ///
    /// Of a shard that is cut or damaged, all members are taken that can be read; it is told in
    /// [`ImageSet::remarks`], as are compressed shards and those that cannot be opened.
    ///
    /// This call reads headers and labels alone, so that shards can be larger than memory; images are
    /// read from the shard when they are asked for, in any order. Classes are as for [`ImageSet::list`].
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`] if no shard has an image, with what is wrong with the shards; [`DataError::Io`] for a
    /// shard that is not there.
    pub fn shards(paths: &[PathBuf]) -> Result<Self, DataError> {
        let mut remarks = Remarks::default();
        let mut named = Named::default();
        for path in paths {
            for (name, location, labels) in examples(path, &mut remarks)? {
                named.push(&name, location, &labels);
            }
        }
        if named.items.len() == 0 {
            let path = paths.first().cloned().unwrap_or_default();
            let expected = [EXPECTED.to_string()].into_iter().chain(remarks.lines());
            let expected = expected.collect::<Vec<_>>().join("; ");
            return Err(DataError::NoImages { path, expected });
        }
        if named.labels.is_empty() {
            remarks.tell("no image of the shards has a label");
        }
        Ok(named.finish(remarks))
    }
}

/// Consecutive files of the same name up to the first dot.
struct Example {
    key: String,
    /// The ending and the place of each image.
    images: Vec<(String, Location)>,
    labels: Vec<String>,
    /// The last parts of the endings of files that are not read.
    others: Vec<String>,
    /// Whether there is a file that could be a caption.
    text: bool,
    /// What cannot be read.
    odd: Option<String>,
}

fn examples(
    path: &Path,
    remarks: &mut Remarks,
) -> Result<Vec<(String, Location, Vec<String>)>, DataError> {
    let shared: Arc<Path> = path.into();
    let mut examples: Vec<Example> = Vec::new();
    members(path, remarks, |member, remarks| {
        let Member { name, offset, len, bytes } = member;
        let Some((key, ending)) = split(name) else {
            remarks.add("members of shards without an ending are ignored", name);
            return;
        };
        if examples.last().is_none_or(|example| example.key != key) {
            examples.push(Example::new(key));
        }
        let Some(example) = examples.last_mut() else { return };
        let ending = ending.to_lowercase();
        let kind = ending.rsplit('.').next().unwrap_or_default();
        if is_image(kind) {
            let location = Location::Within { file: shared.clone(), offset, len };
            example.images.push((ending, location));
        } else if ["cls", "json", "txt"].contains(&kind) {
            let mut text = String::new();
            match bytes.take(MOST_LABEL_BYTES).read_to_string(&mut text) {
                Ok(_) => example.read(name, kind, text.trim_start_matches('\u{feff}').trim()),
                // What is no UTF-8 is no whole number either.
                Err(_) if kind == "txt" => example.text = true,
                Err(error) => example.odd = Some(format!("{name}: {error}")),
            }
        } else {
            example.others.push(kind.into());
        }
    })?;
    Ok(examples.into_iter().filter_map(|example| example.item(remarks)).collect())
}

impl Example {
    fn new(key: &str) -> Self {
        Self {
            key: key.into(),
            images: vec![],
            labels: vec![],
            others: vec![],
            text: false,
            odd: None,
        }
    }

    /// Reads the labels of a file of this kind.
    fn read(&mut self, name: &str, kind: &str, text: &str) {
        let labels = match kind {
            "json" => {
                let read = |object: Object| Ok(object.labels()?.0);
                match Object::parse(text).and_then(read) {
                    Ok(labels) => labels,
                    Err(error) => {
                        self.odd = Some(format!("{name}: expected an object, got {error}"));
                        return;
                    }
                }
            }
            "txt" if !is_index(text) => {
                self.text = true;
                return;
            }
            _ => vec![text.to_string()],
        };
        for label in labels.into_iter().filter(|label| !label.is_empty()) {
            push(&mut self.labels, label);
        }
    }

    /// The image and the labels, or a remark on what is odd.
    fn item(mut self, remarks: &mut Remarks) -> Option<(String, Location, Vec<String>)> {
        if self.images.is_empty() {
            let what = match self.others.iter().find(|ending| UNREAD.contains(&ending.as_str())) {
                Some(ending) => {
                    format!("examples of shards whose image is .{ending}, which is not read")
                }
                None => "examples of shards without an image are left out".into(),
            };
            remarks.add(&what, self.key);
            return None;
        }
        if let Some(odd) = self.odd {
            remarks.add("examples of shards whose labels cannot be read are left out", odd);
            return None;
        }
        let parts = |ending: &str| ending.split('.').count();
        let least = self.images.iter().map(|(ending, _)| parts(ending)).min()?;
        self.images.retain(|(ending, _)| parts(ending) == least);
        if let [(first, _), (second, _), ..] = self.images.as_slice() {
            let both = format!("{}.{first} and .{second}", self.key);
            remarks.add("examples of shards with several images are left out", both);
            return None;
        }
        if self.text && self.labels.is_empty() {
            remarks
                .add("text that is no whole number is a caption and not a label", self.key.clone());
        }
        let (_, location) = self.images.pop()?;
        Some((self.key, location, self.labels))
    }
}

/// Splits a name into key and ending at the first dot after the last slash.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + name[file..].find('.')?;
    (dot > file).then(|| (&name[..dot], &name[dot + 1..]))
}

//! Sets of images in tar files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::labels::{Object, index, push};
use super::remarks::Remarks;
use super::{ImageSet, Location, Named};
use crate::data::error::DataError;
use crate::data::image::is_image;

/// The most bytes that are read of a label.
const MOST_LABEL_BYTES: u64 = 1 << 20;

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
    /// This call reads headers and labels alone, so that shards can be larger than memory; images are
    /// read from the shard when they are asked for, in any order. Classes are as for [`ImageSet::list`].
    ///
    /// # Errors
    ///
    /// [`DataError::Shard`] for a file that is no tar file or ends early, [`DataError::NoImages`],
    /// [`DataError::Io`].
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
    let io = |reason| DataError::Io { path: path.into(), reason };
    let broken = |entry: &str, expected: &str, got: String| DataError::Shard {
        path: path.into(),
        entry: entry.into(),
        expected: expected.into(),
        got,
    };
    let bytes = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, mut file) = bytes.map_err(io)?;
    if is_compressed(&mut file).map_err(io)? {
        let expected = "a shard that is not compressed; unpack it";
        return Err(DataError::Format { path: path.into(), expected });
    }
    let shared: Arc<Path> = path.into();
    let mut archive = tar::Archive::new(file);
    let tar = "an uncompressed tar file";
    let mut examples: Vec<Example> = Vec::new();
    let mut read_to = 0;
    let entries = archive.entries_with_seek().map_err(io)?;
    for entry in entries {
        let last = || examples.last().map_or("the start", |example| &*example.key);
        let mut entry = entry.map_err(|error| {
            // The text may quote bytes of the file.
            let got = error.to_string().escape_debug().take(120).collect();
            broken(&format!("after {}", last()), tar, got)
        })?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (offset, len) = (entry.raw_file_position(), entry.size());
        read_to = offset.saturating_add(len).next_multiple_of(512);
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            remarks.add("links in shards are not followed", name);
            continue;
        }
        if !kind.is_file() {
            continue;
        }
        if offset.checked_add(len).is_none_or(|end| end > length) {
            return Err(broken(&name, &format!("{len} bytes"), "the end of the file".into()));
        }
        let Some((key, ending)) = split(&name) else {
            remarks.add("members of shards without an ending are ignored", name);
            continue;
        };
        if examples.last().is_none_or(|example| example.key != key) {
            examples.push(Example::new(key));
        }
        let Some(example) = examples.last_mut() else { continue };
        let ending = ending.to_lowercase();
        let kind = ending.rsplit('.').next().unwrap_or_default();
        if is_image(kind) {
            let location = Location::Within { file: shared.clone(), offset, len };
            example.images.push((ending, location));
        } else if ["cls", "json", "txt"].contains(&kind) {
            let mut text = String::new();
            match (&mut entry).take(MOST_LABEL_BYTES).read_to_string(&mut text) {
                Ok(_) => example.read(&name, kind, text.trim_start_matches('\u{feff}').trim()),
                Err(error) => example.odd = Some(format!("{name}: {error}")),
            }
        } else {
            example.others.push(kind.into());
        }
    }
    if length <= read_to {
        let what = "shards end without the zeros of a tar file's end and may have been cut";
        remarks.add(what, path.display().to_string());
    }
    if !is_zeros_from(archive.into_inner(), read_to).map_err(io)? {
        remarks.add("what follows the end of a shard is not read", path.display().to_string());
    }
    Ok(examples.into_iter().filter_map(|example| example.item(remarks)).collect())
}

/// Whether a file begins as gzip, zstd, bzip2, xz or zip files do. It is left at its start.
fn is_compressed(file: &mut File) -> std::io::Result<bool> {
    let mut begin = Vec::new();
    file.take(6).read_to_end(&mut begin)?;
    file.rewind()?;
    let marks: [&[u8]; 5] =
        [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04"];
    Ok(marks.iter().any(|mark| begin.starts_with(mark)))
}

/// Whether a file holds nothing but zeros from a byte on, as tar files do behind their last member.
fn is_zeros_from(mut file: File, start: u64) -> std::io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(true),
            count if bytes[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
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
            "txt" if index(text).is_none() => {
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
fn split(name: &str) -> Option<(&str, &str)> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + name[file..].find('.')?;
    (dot > file).then(|| (&name[..dot], &name[dot + 1..]))
}

//! Texts of images.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::labels::{Object, is_index};
use super::lists::PATHS;
use super::members::members;
use super::open::shards_of;
use super::remarks::Remarks;
use super::shards::{MOST_LABEL_BYTES, split};
use super::table::lines;
use super::{ImageSet, Location};
use crate::data::error::DataError;
use crate::data::image::is_image;

/// Names of the fields that hold one text or several, in lower case.
const TEXTS: [&str; 4] = ["text", "texts", "caption", "captions"];

/// What a line of captions holds.
const LINE: &str = "an object as {\"image\": \"a/1.jpg\", \"text\": \"a red cat\"}";

/// The texts of the images of a set: of each none, one or many.
///
/// ```
/// use vit22b::data::{Captions, ImageSet};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
/// let set = ImageSet::open(folder.as_ref())?;
/// let file = std::env::temp_dir().join(format!("captions-{}.jsonl", std::process::id()));
/// let line = serde_json::json!({"image": set.name(1), "texts": ["a dog", "an animal"]});
/// std::fs::write(&file, line.to_string())?;
/// let captions = Captions::open(&file, &set)?;
/// assert_eq!((captions.of(0).len(), captions.of(1)), (0, &["a dog".to_string(), "an animal".into()][..]));
/// # std::fs::remove_file(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captions {
    texts: Vec<Vec<String>>,
}

impl Captions {
    /// Texts in the order of a set's images.
    pub fn new(texts: Vec<Vec<String>>) -> Self {
        Self { texts }
    }

    /// Reads the texts of a set's images, as the ending of the file's name says:
    ///
    /// - `.jsonl`, `.ndjson`: an object on each line, as `{"image": "a/1.jpg", "text": "a red cat"}`. The image has the
    ///   name that it has in the set, in a field that [`ImageSet::list`] knows for paths; a text or a list of texts is
    ///   in `text`, `texts`, `caption` or `captions`. Several lines may be of one image.
    /// - `.tar`, of which a pattern as `a-{000..099}.tar` names several: the shards of the set. The texts of `17.jpg` are
    ///   those of `17.txt`, and of the fields above in `17.json`. A whole number is a label and no text.
    ///
    /// # Errors
    ///
    /// [`DataError::Line`] for the first line that does not have this form, or whose image is not in the set;
    /// [`DataError::Few`] where there is no text at all; [`DataError::Format`] for another ending, [`DataError::Io`].
    pub fn open(path: &Path, set: &ImageSet) -> Result<Self, DataError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let captions = match &*ending {
            "jsonl" | "ndjson" => Self::json_lines(path, set)?,
            "tar" => Self::shards(&shards_of(path)?, set)?,
            _ => {
                let expected = "captions as lines of JSON (.jsonl, .ndjson) or shards (.tar)";
                return Err(DataError::Format { path: path.into(), expected });
            }
        };
        match captions.texts.iter().all(Vec::is_empty) {
            true => Err(DataError::Few { path: path.into(), why: "no text of an image".into() }),
            false => Ok(captions),
        }
    }

    fn json_lines(path: &Path, set: &ImageSet) -> Result<Self, DataError> {
        let places: HashMap<String, usize> =
            (0..set.len()).map(|index| (set.name(index), index)).collect();
        let mut texts = vec![Vec::new(); set.len()];
        lines(path, |line, row| {
            let bad = |expected: &str, got: String| DataError::Line {
                path: path.into(),
                line,
                expected: expected.into(),
                got,
            };
            let object = Object::parse(row).map_err(|got| bad(LINE, got))?;
            let image = object.fields(PATHS).next().map(|(_, value)| value.as_str());
            let Some(Some(image)) = image else {
                return Err(bad(LINE, "no field `image` with a text".into()));
            };
            let Some(place) = places.get(image).or_else(|| places.get(&image.replace('\\', "/")))
            else {
                let example = if set.is_empty() { "none".into() } else { set.name(0) };
                let expected = format!("the name of an image of the set, such as \"{example}\"");
                return Err(bad(&expected, format!("\"{image}\"")));
            };
            let found = texts_of(&object).map_err(|got| bad(LINE, got))?;
            if found.is_empty() {
                return Err(bad(LINE, "no field `text` with a text".into()));
            }
            texts[*place].extend(found);
            Ok(())
        })?;
        Ok(Self { texts })
    }

    fn shards(paths: &[PathBuf], set: &ImageSet) -> Result<Self, DataError> {
        let mut places: HashMap<(Arc<Path>, u64), usize> = HashMap::new();
        for (index, item) in set.items().enumerate() {
            if let Location::Within { file, offset, .. } = item.location {
                places.insert((file, offset), index);
            }
        }
        let mut texts = vec![Vec::new(); set.len()];
        for path in paths {
            let shared: Arc<Path> = path.as_path().into();
            let mut odd = Ok(());
            let mut example = Example::default();
            let mut keep = |example: Example| {
                let place = |offset: &u64| places.get(&(shared.clone(), *offset));
                if let Some(place) = example.images.iter().find_map(place) {
                    texts[*place].extend(example.texts);
                }
            };
            // What cannot be read of a shard was told when its images were read.
            members(path, &mut Remarks::default(), |member, _| {
                let Some((key, ending)) = split(member.name) else { return };
                if example.key != key {
                    keep(std::mem::take(&mut example));
                    example.key = key.into();
                }
                let ending = ending.to_lowercase();
                let kind = ending.rsplit('.').next().unwrap_or_default();
                if is_image(kind) {
                    example.images.push(member.offset);
                } else if ["txt", "json"].contains(&kind) {
                    let mut text = String::new();
                    let read = member.bytes.take(MOST_LABEL_BYTES).read_to_string(&mut text);
                    let text = text.trim_start_matches('\u{feff}').trim();
                    let found = match (read, kind) {
                        (Err(error), _) => Err(error.to_string()),
                        (Ok(_), "json") => Object::parse(text).and_then(|json| texts_of(&json)),
                        (Ok(_), _) if text.is_empty() || is_index(text) => Ok(vec![]),
                        (Ok(_), _) => Ok(vec![text.to_string()]),
                    };
                    match found {
                        Ok(found) => example.texts.extend(found),
                        Err(got) => {
                            let why =
                                format!("{}: expected a text in UTF-8, got {got}", member.name);
                            odd = Err(DataError::Few { path: path.clone(), why });
                        }
                    }
                }
            })?;
            keep(example);
            odd?;
        }
        Ok(Self { texts })
    }

    /// The texts of the `index`-th image of the set.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn of(&self, index: usize) -> &[String] {
        &self.texts[index]
    }

    /// The number of images.
    pub fn images(&self) -> usize {
        self.texts.len()
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.texts.iter().map(Vec::len).sum()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Files of a shard with one name up to the first dot.
#[derive(Default)]
struct Example {
    key: String,
    /// Where its images begin.
    images: Vec<u64>,
    texts: Vec<String>,
}

/// The texts of an object of JSON; the error says what there is instead.
fn texts_of(object: &Object) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    for (field, value) in object.fields(&TEXTS) {
        let all = match value {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        };
        for value in all {
            let text = value.as_str().map(str::trim);
            let text = text.ok_or_else(|| format!("{value} in {field}, which is no text"))?;
            if !text.is_empty() {
                texts.push(text.to_string());
            }
        }
    }
    Ok(texts)
}

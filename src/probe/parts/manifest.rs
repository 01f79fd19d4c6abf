//! What a folder of features says of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::PartsError;
use crate::probe::file::{FeatureForm, write_whole};
use crate::train::Precision;

/// The name of the file.
pub(super) const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "vit22b features in parts";
const VERSION: u32 = 2;

/// What features follow from, besides the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MadeBy {
    /// The SHA-256 of the model's parameters, with their paths and shapes.
    pub parameters: String,
    /// The config of the model.
    pub model: Value,
    /// The type in which the model computed; f32 where nothing says so.
    #[serde(default)]
    pub precision: Precision,
    /// Which of the model's features it is.
    pub feature: String,
    /// The steps of preprocessing.
    pub preprocess: String,
    /// The seed of random steps; none without such steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether images were turned upright by their EXIF orientation.
    pub exif_orientation: bool,
    /// The most pixels that an image might have.
    pub max_pixels: u64,
}

impl MadeBy {
    /// What differs, by name.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let json = |made_by: &Self| match serde_json::to_value(made_by) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (mut was, mut now) = (json(self), json(now));
        // Fields of the model beside the others, each for itself.
        for fields in [&mut was, &mut now] {
            if let Some(Value::Object(model)) = fields.remove("model") {
                fields
                    .extend(model.into_iter().map(|(key, value)| (format!("model {key}"), value)));
            }
        }
        let mut names: Vec<&String> = was.keys().chain(now.keys()).collect();
        names.sort();
        names.dedup();
        let differs = |name: &&String| was.get(*name) != now.get(*name);
        let text = |name: &String| match name.as_str() {
            "parameters" => "the parameters are those of other weights".to_string(),
            _ => {
                let value =
                    |value: Option<&Value>| value.map_or("nothing".into(), ToString::to_string);
                format!("{name} was {}, is {}", value(was.get(name)), value(now.get(name)))
            }
        };
        names.into_iter().filter(differs).map(text).collect()
    }
}

/// Images of a kind that were skipped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkippedImages {
    /// How many.
    pub count: usize,
    /// The names of the first three.
    pub examples: Vec<String>,
}

/// The number and the examples: `4 (a.jpg, b.jpg, c.jpg, …)`.
impl fmt::Display for SkippedImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        write!(f, "{} ({}{more})", self.count, self.examples.join(", "))
    }
}

impl SkippedImages {
    pub(super) fn add(&mut self, count: usize, names: impl IntoIterator<Item = String>) {
        self.count += count;
        let free = 3_usize.saturating_sub(self.examples.len());
        self.examples.extend(names.into_iter().take(free));
    }
}

/// Skipped images by kind.
pub(super) type Skipped = BTreeMap<String, SkippedImages>;

/// A file of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The file of features. None where all images of the part were skipped.
    pub(super) features: Option<PartFile>,
    /// The file that says how each image was read.
    pub(super) images: PartFile,
    pub(super) rows: usize,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) skipped: Skipped,
}

impl Part {
    /// Its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &PartFile> {
        self.features.iter().chain([&self.images])
    }

    /// Images of the part, with those that were skipped.
    pub(super) fn len(&self) -> usize {
        self.rows + self.skipped.values().map(|skipped| skipped.count).sum::<usize>()
    }
}

/// The images that a folder holds features of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) count: usize,
    /// The SHA-256 of all names and labels.
    pub(super) sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: String,
    version: u32,
    pub(super) made_by: MadeBy,
    /// The ending of the files of features.
    pub(super) form: String,
    /// The length of a feature vector.
    pub(super) columns: usize,
    /// As it was asked for, before it is rounded up to whole batches.
    pub(super) images_per_part: usize,
    pub(super) images: Listing,
    /// Whether all images were seen.
    pub(super) complete: bool,
    /// Whether what the parts hold is being brought to other images.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) updating: bool,
    /// The number of the next part.
    pub(super) next: u64,
    pub(super) parts: Vec<Part>,
}

impl Manifest {
    pub(super) fn new(
        made_by: MadeBy,
        form: FeatureForm,
        columns: usize,
        images_per_part: usize,
        images: Listing,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            made_by,
            form: form.ending().into(),
            columns,
            images_per_part,
            images,
            complete: false,
            updating: false,
            next: 0,
            parts: vec![],
        }
    }

    /// The manifest of a folder, if there is one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, PartsError> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => return Err(PartsError::Io { path, reason }),
        };
        let bad = |reason: String| PartsError::Manifest { path: path.clone(), reason };
        let begin: Begin = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        if begin.format != FORMAT || begin.version != VERSION {
            let Begin { format, version } = begin;
            return Err(bad(format!("it is of \"{format}\", version {version}")));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let is_elsewhere =
            |file: &&PartFile| Path::new(&file.name).file_name() != Some(file.name.as_ref());
        if let Some(file) = manifest.parts.iter().flat_map(Part::files).find(is_elsewhere) {
            return Err(bad(format!("the file \"{}\" is not in the folder", file.name)));
        }
        Ok(Some(manifest))
    }

    /// Replaces the manifest of a folder at once.
    pub(super) fn write(&self, folder: &Path) -> Result<(), PartsError> {
        let path = folder.join(MANIFEST);
        let written = write_whole(&path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        });
        written.map(drop).map_err(PartsError::io(&path))
    }

    pub(super) fn form(&self, folder: &Path) -> Result<FeatureForm, PartsError> {
        FeatureForm::from_ending(&self.form).ok_or_else(|| PartsError::Manifest {
            path: folder.join(MANIFEST),
            reason: format!("the form \"{}\" is not read by this build", self.form),
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Skipped images of all parts.
    pub(super) fn skipped(&self) -> Skipped {
        let mut all = Skipped::new();
        for (kind, skipped) in self.parts.iter().flat_map(|part| &part.skipped) {
            let of_kind = all.entry(kind.clone()).or_default();
            of_kind.add(skipped.count, skipped.examples.iter().cloned());
        }
        all
    }
}

/// The beginning of every version.
#[derive(Deserialize)]
struct Begin {
    format: String,
    version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let was = MadeBy {
            parameters: "a".into(),
            model: serde_json::json!({ "width": 4, "pool": "map" }),
            precision: Precision::F32,
            feature: "pooled".into(),
            preprocess: "resize(32)".into(),
            seed: None,
            exif_orientation: true,
            max_pixels: 100,
        };
        assert!(was.differences(&was).is_empty());
        let now = MadeBy {
            parameters: "b".into(),
            precision: Precision::Bf16,
            model: serde_json::json!({ "width": 4, "pool": "average" }),
            exif_orientation: false,
            ..was.clone()
        };
        assert_eq!(
            was.differences(&now),
            [
                "exif_orientation was true, is false",
                "model pool was \"map\", is \"average\"",
                "the parameters are those of other weights",
                "precision was \"f32\", is \"bf16\""
            ]
        );
    }
}

//! Sets of images in a list.

use std::path::Path;

use serde::Deserialize;

use super::table::{Row, read_csv};
use super::{ImageSet, Location};
use crate::data::error::DataError;

/// A line of a list of JSON objects.
#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "file_name")]
    path: String,
    #[serde(flatten)]
    labels: Labels,
}

/// The fields of a JSON object that hold labels; other fields are ignored.
#[derive(Deserialize, Default)]
pub(super) struct Labels {
    #[serde(alias = "cls")]
    label: Option<Label>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Number(u64),
    Name(String),
}

impl Labels {
    pub(super) fn names(self) -> Vec<String> {
        let text = |label| match label {
            Label::Number(number) => number.to_string(),
            Label::Name(name) => name,
        };
        self.label.into_iter().chain(self.labels).map(text).collect()
    }
}

impl ImageSet {
    /// Reads a list of images with any number of labels each. The ending of the file's name says the
    /// format:
    ///
    /// - `.csv`: a header with `path` (or `file_name`), and `label` or `labels`, the latter with `;`
    ///   between labels
    /// - `.jsonl` or `.ndjson`: an object on each line, as `{"path": "a/1.jpg", "label": "cat"}` or
    ///   `{"path": "a/1.jpg", "labels": ["cat", "pet"]}`
    ///
    /// Paths are relative to the list's folder. Other columns and fields are ignored. The classes are all
    /// labels, sorted; if all labels are whole numbers below 2²⁰, they are indices of classes.
    ///
    /// # Errors
    ///
    /// [`DataError::Line`] for the first line that does not have this form, [`DataError::NoImages`] for an
    /// empty list, [`DataError::Format`] for another ending, [`DataError::Io`].
    pub fn list(path: &Path) -> Result<Self, DataError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let rows = match &*ending {
            "csv" => csv(path)?,
            "jsonl" | "ndjson" => json_lines(path)?,
            _ => {
                return Err(DataError::Format {
                    path: path.into(),
                    expected: "a list that ends in .csv, .jsonl or .ndjson",
                });
            }
        };
        if rows.is_empty() {
            let expected = "a line for each image";
            return Err(DataError::NoImages { path: path.into(), expected });
        }
        let item = |(name, labels): (String, Vec<String>)| {
            let location = Location::File(folder.join(&name));
            (name, location, labels)
        };
        Ok(Self::from_names(rows.into_iter().map(item).collect()))
    }
}

fn csv(path: &Path) -> Result<Vec<(String, Vec<String>)>, DataError> {
    let row = |row: Row<'_>| {
        let name = row.field(&["path", "file_name"])?;
        if name.is_empty() {
            return Err(row.error("the path of an image", "an empty field"));
        }
        let mut labels: Vec<&str> = row.optional("label").into_iter().collect();
        labels.extend(row.optional("labels").into_iter().flat_map(|labels| labels.split(';')));
        let labels = labels.into_iter().map(str::trim).filter(|label| !label.is_empty());
        Ok((name.into(), labels.map(String::from).collect()))
    };
    read_csv(path, row)
}

fn json_lines(path: &Path) -> Result<Vec<(String, Vec<String>)>, DataError> {
    let io = |reason| DataError::Io { path: path.into(), reason };
    let text = std::fs::read_to_string(path).map_err(io)?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let row = |(line, text): (u64, &str)| match serde_json::from_str::<Entry>(text) {
        Ok(entry) => Ok((entry.path, entry.labels.names())),
        Err(error) => Err(DataError::Line {
            path: path.into(),
            line,
            expected: "an object as {\"path\": \"a/1.jpg\", \"label\": \"cat\"}".into(),
            got: error.to_string(),
        }),
    };
    lines.map(row).collect()
}

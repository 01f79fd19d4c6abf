//! Sets of images in a list.

use std::path::Path;

use super::labels::{LABEL, LABELS, Object};
use super::remarks::Remarks;
use super::table::{Row, Table, lines};
use super::{ImageSet, Location, Named};
use crate::data::error::DataError;

/// Names of the columns and fields that hold the path of an image, in lower case.
pub(super) const PATHS: &[&str] =
    &["path", "file_name", "filename", "file", "filepath", "image", "image_path"];

impl ImageSet {
    /// Reads a list of images with any number of labels each. The ending of the file's name says the
    /// format:
    ///
    /// - `.csv`, `.tsv`: a header, and fields between commas, semicolons or tabs, whichever the header has. The
    ///   column of the images is called `path`, `file`, `file_name`, `filename`, `filepath`, `image` or
    ///   `image_path`; that of the labels `label`, `class`, `cls` or `target`, or `labels`, with `;` between several
    /// - `.jsonl`, `.ndjson`: an object on each line, as `{"path": "a/1.jpg", "label": "cat"}` or
    ///   `{"path": "a/1.jpg", "labels": ["cat", "pet"]}`, with the same names
    ///
    /// Names of columns may be in any case. Paths are relative to the list's folder; where a path with
    /// backslashes is no file, they stand for slashes. The classes are all labels, sorted; if all labels are
    /// whole numbers from 0 to 2²⁰, also written as `2.0`, they are indices of classes, and if they are other whole
    /// numbers, the classes are in their order. A label below 0, a list without labels, and columns that are not read though they look like labels, are told in [`ImageSet::remarks`].
    ///
    /// # Errors
    ///
    /// [`DataError::Line`] for the first line that does not have this form, [`DataError::NoImages`] for an
    /// empty list, [`DataError::Format`] for another ending, [`DataError::Io`].
    pub fn list(path: &Path) -> Result<Self, DataError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let mut remarks = Remarks::default();
        let mut named = Named::default();
        let push = |name: &str, labels: &[String]| {
            let slashes = name.replace('\\', "/");
            let name = if name != slashes && !folder.join(name).exists() { &slashes } else { name };
            named.push(name, Location::File(folder.join(name)), labels);
        };
        match &*ending {
            "csv" | "tsv" => csv(path, &mut remarks, push)?,
            "jsonl" | "ndjson" => json_lines(path, &mut remarks, push)?,
            _ => {
                return Err(DataError::Format {
                    path: path.into(),
                    expected: "a list that ends in .csv, .tsv, .jsonl or .ndjson",
                });
            }
        }
        if named.items.len() == 0 {
            let expected = "a line for each image".into();
            return Err(DataError::NoImages { path: path.into(), expected });
        }
        if named.labels.is_empty() {
            remarks.tell("no image of the list has a label");
        }
        Ok(named.finish(remarks))
    }
}

/// Hands on the name of each image as the list has it, and its labels.
fn csv(
    path: &Path,
    remarks: &mut Remarks,
    mut push: impl FnMut(&str, &[String]),
) -> Result<(), DataError> {
    let table = Table::read(path, &[PATHS, &LABEL, &[LABELS]].concat())?;
    let paths = table.columns(PATHS);
    let (label, labels) = (table.columns(&LABEL), table.columns(&[LABELS]));
    if let Some(ignored) = label.get(1..).filter(|ignored| !ignored.is_empty()) {
        for column in ignored {
            let read = table.name(label[0]);
            remarks.tell(format!("the column {} is not read: {read} is", table.name(*column)));
        }
    }
    if label.is_empty() && labels.is_empty() {
        let (expected, got) = ("label, labels, class, cls or target", table.header());
        remarks.tell(format!("no column is called {expected}: the header is \"{got}\""));
    }
    if paths.is_empty() {
        return Err(table.without_column("path, file, file_name, filename or image"));
    }
    table.rows(|row: Row<'_>| {
        let name = row.field(paths[0]);
        if name.is_empty() {
            return Err(row.error("the path of an image", "an empty field"));
        }
        if let Some(other) =
            paths.iter().map(|column| row.field(*column)).find(|path| *path != name)
        {
            let expected = "the same path in all columns that hold one";
            return Err(row.error(expected, format!("\"{name}\" and \"{other}\"")));
        }
        let one = label.first().map(|column| row.field(*column));
        let many = labels.iter().flat_map(|column| row.field(*column).split(';'));
        let labels = one.into_iter().chain(many).map(str::trim).filter(|label| !label.is_empty());
        push(name, &labels.map(String::from).collect::<Vec<_>>());
        Ok(())
    })
}

fn json_lines(
    path: &Path,
    remarks: &mut Remarks,
    mut push: impl FnMut(&str, &[String]),
) -> Result<(), DataError> {
    lines(path, |line, text| {
        let bad = |got: String| DataError::Line {
            path: path.into(),
            line,
            expected: "an object as {\"path\": \"a/1.jpg\", \"label\": \"cat\"}".into(),
            got,
        };
        let object = Object::parse(text).map_err(bad)?;
        let (labels, unread) = object.labels().map_err(bad)?;
        for field in unread {
            let what =
                format!("lines whose field {field} is not read, since another field has a label");
            remarks.add(&what, line.to_string());
        }
        let mut paths = Vec::new();
        for (field, value) in object.fields(PATHS) {
            let no_text = || bad(format!("{value} in {field}, where a path is a text"));
            paths.push(value.as_str().ok_or_else(no_text)?);
        }
        let name = *paths.first().ok_or_else(|| bad("no field `path`".into()))?;
        match paths.iter().find(|path| **path != name) {
            Some(other) => return Err(bad(format!("two paths, \"{name}\" and \"{other}\""))),
            None => push(name, &labels),
        }
        Ok(())
    })
}

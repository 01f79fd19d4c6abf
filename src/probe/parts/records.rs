//! How each image of a part was read, a line for each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::PartsError;
use super::manifest::{Part, PartFile};
use crate::data::set::{Item, Location, Stamp, shown};
use crate::files::{hashed, hex};
use crate::probe::file::{FeatureForm, Written, write_whole};
use crate::probe::table::FeatureTable;

/// An image of a part. Those that were not skipped have a row of features, in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    /// The name of the tar file that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard: Option<String>,
    /// The names of its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) labels: Vec<String>,
    /// Size and time of its file, before it was read.
    #[serde(flatten)]
    pub(super) stamp: Option<Stamp>,
    /// The SHA-256 of the encoded image, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Why there are no features of it: the kind of it, and the whole reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<Reason>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reason {
    pub(super) kind: String,
    pub(super) reason: String,
}

/// The tar file that an image is in.
pub(super) fn shard(item: &Item) -> Option<String> {
    let place = match &item.location {
        Location::Frame { of, .. } => of,
        place => place,
    };
    match place {
        Location::Within { file, .. } => Some(shown(file.file_name().unwrap_or_default())),
        _ => None,
    }
}

/// The names of an image's labels.
pub(super) fn label_names(item: &Item, classes: &[String]) -> Vec<String> {
    item.labels.iter().map(|label| classes[*label].clone()).collect()
}

/// Whether a file of a part has the bytes that were written.
pub(super) fn is_as_written(folder: &Path, file: &PartFile) -> io::Result<bool> {
    let reader = File::open(folder.join(&file.name))?;
    Ok(reader.metadata()?.len() == file.bytes && hashed(Sha256::new(), reader)? == file.sha256)
}

/// The path of a file of a part, whose bytes are held against their hash.
pub(super) fn checked(folder: &Path, file: &PartFile) -> Result<PathBuf, PartsError> {
    let path = folder.join(&file.name);
    match is_as_written(folder, file).map_err(PartsError::io(&path))? {
        true => Ok(path),
        false => Err(PartsError::Damaged { path }),
    }
}

/// The records of a part.
pub(super) fn read_records(folder: &Path, part: &Part) -> Result<Vec<Record>, PartsError> {
    let path = checked(folder, &part.images)?;
    let bad = |reason: String| PartsError::Manifest { path: path.clone(), reason };
    let file = File::open(&path).map_err(PartsError::io(&path))?;
    let mut records = Vec::with_capacity(part.len());
    for line in BufReader::new(file).lines() {
        let line = line.map_err(PartsError::io(&path))?;
        records.push(serde_json::from_str(&line).map_err(|error| bad(error.to_string()))?);
    }
    let rows = records.iter().filter(|record: &&Record| record.skipped.is_none()).count();
    if (rows, records.len()) != (part.rows, part.len()) {
        return Err(bad(format!("expected {} lines, got {}", part.len(), records.len())));
    }
    Ok(records)
}

/// The features of a part, without names. None where all images were skipped.
pub(super) fn read_features(
    folder: &Path,
    part: &Part,
    columns: usize,
) -> Result<Option<FeatureTable>, PartsError> {
    let Some(file) = &part.features else { return Ok(None) };
    let path = checked(folder, file)?;
    let table = FeatureTable::read(&path)?;
    let (expected, got) = ([part.rows, columns], [table.rows(), table.columns()]);
    if expected != got {
        let [[rows, columns], [got_rows, got_columns]] = [expected, got];
        let reason = format!("expected {rows} rows of {columns}, got {got_rows} of {got_columns}");
        return Err(PartsError::Manifest { path, reason });
    }
    Ok(Some(table))
}

/// A part in memory: a record for each image, and the features of those that were not skipped.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) records: Vec<Record>,
    pub(super) values: Vec<f32>,
}

/// The files of parts in a folder.
#[derive(Debug, Clone)]
pub(super) struct PartFiles {
    pub(super) folder: PathBuf,
    pub(super) form: FeatureForm,
    pub(super) columns: usize,
}

impl PartFiles {
    /// Writes a part. It counts once the manifest names it.
    pub(super) fn write(&self, number: u64, contents: Contents) -> Result<Part, PartsError> {
        let Contents { records, values } = contents;
        let images = self.write_file(format!("part-{number:05}.images.jsonl"), |path| {
            write_whole(path, |out| {
                records.iter().try_for_each(|record| {
                    serde_json::to_writer(&mut *out, record)?;
                    out.write_all(b"\n")
                })
            })
        })?;
        let rows = values.len() / self.columns;
        let mut part = Part { features: None, images, rows, skipped: Default::default() };
        for record in &records {
            if let Some(Reason { kind, .. }) = &record.skipped {
                part.skipped.entry(kind.clone()).or_default().add(1, [record.name.clone()]);
            }
        }
        if rows > 0 {
            let name = format!("part-{number:05}.{}", self.form.ending());
            let table = self.table(records, values)?;
            let write = |path: &Path| self.form.write_file(&table, path);
            part.features = Some(self.write_file(name, write)?);
        }
        Ok(part)
    }

    fn write_file(
        &self,
        name: String,
        write: impl FnOnce(&Path) -> io::Result<Written>,
    ) -> Result<PartFile, PartsError> {
        let path = self.folder.join(&name);
        let Written { bytes, sha256 } = write(&path).map_err(PartsError::io(&path))?;
        Ok(PartFile { name, bytes, sha256: hex(sha256) })
    }

    fn table(&self, records: Vec<Record>, values: Vec<f32>) -> Result<FeatureTable, PartsError> {
        let rows = records.into_iter().filter(|record| record.skipped.is_none());
        let (names, labels): (Vec<_>, Vec<_>) =
            rows.map(|record| (record.name, record.labels)).unzip();
        let table = FeatureTable::new(values, self.columns).map_err(super::table_error)?;
        let table = table.with_names(names).map_err(super::table_error)?;
        table.with_label_names(&labels).map_err(PartsError::io(&self.folder))
    }

    /// Whether a file of this name belongs to a part, be it one that was not completed.
    pub(super) fn is_of_a_part(name: &str) -> bool {
        let number = name.strip_prefix("part-").and_then(|rest| rest.split_once('.'));
        number.is_some_and(|(number, ending)| {
            let ending = ending.trim_end_matches(".partial");
            number.bytes().all(|digit| digit.is_ascii_digit())
                && (ending == "images.jsonl" || FeatureForm::from_ending(ending).is_some())
        })
    }
}

//! Features in parts, read back.

use std::path::{Path, PathBuf};

use super::error::PartsError;
use super::manifest::{MadeBy, Manifest};
use super::records::{Record, checked, read_features, read_records};
use crate::probe::table::FeatureTable;

/// A folder that [`Embedder::embed_in_parts`](super::super::Embedder::embed_in_parts) has written to its end.
#[derive(Debug, Clone)]
pub struct FeatureFolder {
    folder: PathBuf,
    manifest: Manifest,
}

impl FeatureFolder {
    /// Reads what the folder says of itself.
    ///
    /// # Errors
    ///
    /// [`PartsError::NoManifest`] for another folder, [`PartsError::NotComplete`] for one that a run has not
    /// written to its end.
    pub fn open(folder: &Path) -> Result<Self, PartsError> {
        let none = || PartsError::NoManifest { folder: folder.into() };
        let manifest = Manifest::read(folder)?.ok_or_else(none)?;
        if !manifest.complete {
            let done = manifest.parts.iter().map(super::manifest::Part::len).sum();
            let (folder, of) = (folder.into(), manifest.images.count);
            return Err(PartsError::NotComplete { folder, done, of });
        }
        Ok(Self { folder: folder.into(), manifest })
    }

    /// What made the features.
    pub fn made_by(&self) -> &MadeBy {
        &self.manifest.made_by
    }

    /// The number of rows of all parts.
    pub fn rows(&self) -> usize {
        self.manifest.rows()
    }

    /// The length of a feature vector.
    pub fn columns(&self) -> usize {
        self.manifest.columns
    }

    /// The parts one after the other, each with names and labels, held against the hashes in the manifest. The classes of a part are those that its images
    /// have.
    pub fn parts(&self) -> impl Iterator<Item = Result<FeatureTable, PartsError>> {
        let parts = self.manifest.parts.iter().filter(|part| part.features.is_some());
        parts.map(|part| {
            let records = read_records(&self.folder, part)?;
            let table = read_features(&self.folder, part, self.columns())?.expect("it has a file");
            self.named(table.matrix().values().to_vec(), records)
        })
    }

    /// The files of features, held against their hashes, each with its number of rows and the names of their labels.
    pub(in crate::probe) fn files(
        &self,
    ) -> impl Iterator<Item = Result<(PathBuf, usize, Vec<Vec<String>>), PartsError>> {
        let parts = self.manifest.parts.iter();
        parts.filter_map(|part| Some((part, part.features.as_ref()?))).map(|(part, file)| {
            let rows = read_records(&self.folder, part)?.into_iter();
            let rows = rows.filter(|record| record.skipped.is_none());
            let path = checked(&self.folder, file)?;
            Ok((path, part.rows, rows.map(|record| record.labels).collect()))
        })
    }

    /// The names of all rows, in the order of the parts.
    ///
    /// # Errors
    ///
    /// [`PartsError`] for a part that cannot be read.
    pub fn names(&self) -> Result<Vec<String>, PartsError> {
        let mut names = Vec::with_capacity(self.rows());
        for part in &self.manifest.parts {
            let rows = read_records(&self.folder, part)?.into_iter();
            names.extend(rows.filter(|row| row.skipped.is_none()).map(|row| row.name));
        }
        Ok(names)
    }

    /// All features in one table, in the order of the parts, with names and labels.
    ///
    /// # Errors
    ///
    /// [`PartsError`] for a part that cannot be read.
    pub fn table(&self) -> Result<FeatureTable, PartsError> {
        let (mut values, mut records) = (Vec::with_capacity(self.rows() * self.columns()), vec![]);
        for part in &self.manifest.parts {
            records.extend(read_records(&self.folder, part)?);
            if let Some(table) = read_features(&self.folder, part, self.columns())? {
                values.extend(table.matrix().values());
            }
        }
        self.named(values, records)
    }

    fn named(&self, values: Vec<f32>, records: Vec<Record>) -> Result<FeatureTable, PartsError> {
        let rows = records.into_iter().filter(|record| record.skipped.is_none());
        let (names, labels): (Vec<_>, Vec<_>) =
            rows.map(|record| (record.name, record.labels)).unzip();
        let table = FeatureTable::new(values, self.columns()).map_err(super::table_error)?;
        let table = table.with_names(names).map_err(super::table_error)?;
        table.with_label_names(&labels).map_err(PartsError::io(&self.folder))
    }
}

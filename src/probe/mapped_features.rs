//! Features on disk, read row by row.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::file::{classes_and_indices, values_at};
use super::linear::FeatureRows;
use super::parts::{FeatureFolder, PartsError};
use crate::eval::EvalError;
use crate::files::mapped::Mapped;

/// Labelled features of a folder whose files are mapped into memory: the system reads a row from disk when it is used, and may drop it
/// again. In memory are the labels alone, so that tables that are larger than memory can be measured: of ImageNet's training images a table
/// of 6,144 columns has 31 GB.
///
/// ```no_run
/// use std::path::Path;
/// use burn::tensor::Device;
/// use vit22b::probe::{FeatureRows, LinearProbeConfig, MappedFeatures};
///
/// let features = MappedFeatures::open(Path::new("out/embed"))?;
/// let (labels, classes) = (features.first_labels()?, features.classes().len());
/// let probe = LinearProbeConfig::paper().fit_rows(&features, &labels, classes, &Device::flex())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MappedFeatures {
    files: Arc<Vec<MappedFile>>,
    columns: usize,
    classes: Vec<String>,
    /// The rows that these features have, by their number in the files.
    order: Vec<u32>,
    labels: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct MappedFile {
    bytes: Mapped,
    /// Where the first value is.
    start: usize,
    /// The number of the first row.
    first: usize,
}

impl MappedFeatures {
    /// Maps the parts of a folder that [`Embedder::embed_in_parts`](super::Embedder::embed_in_parts) has written as `.safetensors` or
    /// `.npy`. They are held against their hashes first. They must not be shortened or rewritten while they are mapped.
    ///
    /// # Errors
    ///
    /// [`PartsError`] for a part that is damaged, cannot be read or has another form.
    pub fn open(folder: &Path) -> Result<Self, PartsError> {
        let parts = FeatureFolder::open(folder)?;
        let (columns, mut first, mut files, mut names) = (parts.columns(), 0, vec![], vec![]);
        for part in parts.files() {
            let (path, rows, labels) = part?;
            let map = || -> io::Result<MappedFile> {
                let bytes = Mapped::open(&path)?;
                let start = values_at(&path, &bytes, [rows, columns])?;
                Ok(MappedFile { bytes, start, first })
            };
            files.push(map().map_err(PartsError::io(&path))?);
            first += rows;
            names.extend(labels);
        }
        let (classes, labels) = classes_and_indices(&names);
        let order = (0..first as u32).collect();
        Ok(Self { files: Arc::new(files), columns, classes, order, labels })
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// For each row the indices of its classes.
    pub fn labels(&self) -> &[Vec<usize>] {
        &self.labels
    }

    /// The first label of each row.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] if a row has no label.
    pub fn first_labels(&self) -> Result<Vec<usize>, EvalError> {
        let firsts: Vec<usize> =
            self.labels.iter().filter_map(|labels| labels.first().copied()).collect();
        let (expected, got) = (self.labels.len(), firsts.len());
        match got == expected {
            true => Ok(firsts),
            false => Err(EvalError::Length { what: "labels", expected, got }),
        }
    }

    /// Some of the rows, in this order, of the same files.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut chosen = Self { order: vec![], labels: vec![], ..self.clone() };
        for row in rows {
            chosen.order.push(self.order[row]);
            chosen.labels.push(self.labels[row].clone());
        }
        chosen
    }

    /// The same rows with the classes of other features.
    ///
    /// # Errors
    ///
    /// [`EvalError`] as [`FeatureTable::with_labels`](super::FeatureTable::with_labels).
    pub fn with_labels(
        self,
        classes: impl IntoIterator<Item = String>,
        labels: Vec<Vec<usize>>,
    ) -> Result<Self, EvalError> {
        let classes: Vec<String> = classes.into_iter().collect();
        let (expected, got) = (self.labels.len(), labels.len());
        if got != expected {
            return Err(EvalError::Length { what: "labels", expected, got });
        }
        for (row, labels) in labels.iter().enumerate() {
            if let Some(&label) = labels.iter().find(|label| **label >= classes.len()) {
                return Err(EvalError::Label { row, label, classes: classes.len() });
            }
        }
        Ok(Self { classes, labels, ..self })
    }
}

impl FeatureRows for MappedFeatures {
    fn rows(&self) -> usize {
        self.order.len()
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn read(&self, row: usize, values: &mut [f32]) {
        assert_eq!(values.len(), self.columns, "the length of a row");
        let row = self.order[row] as usize;
        let file = &self.files[self.files.partition_point(|file| file.first <= row) - 1];
        let start = file.start + 4 * self.columns * (row - file.first);
        let bytes = file.bytes[start..start + 4 * self.columns].as_chunks().0;
        values.iter_mut().zip(bytes).for_each(|(value, bytes)| *value = f32::from_le_bytes(*bytes));
    }
}

//! Feature tables in files.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use thiserror::Error;

use super::table::FeatureTable;

/// A file of features that cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeatureFileError {
    /// The name does not say a form that is written.
    #[error("{}: expected a name that ends in .safetensors, .npy or .jsonl", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// The table has no row.
    #[error("{}: there are no features to write; no image could be read", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{}: cannot write features: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// The form of a file, by the ending of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Safetensors,
    Npy,
    JsonLines,
}

/// A file that is going to hold a [`FeatureTable`], made before the features are computed: a folder
/// that cannot be written is an error at once, not after an hour.
///
/// The form follows from the ending of the name:
///
/// - `.safetensors`: the tensor `features` of `[n, d]`; its header holds `names`, a JSON list, and
///   for labelled images `classes`, a list of names, and `labels`, for each image a list of indices
///   of classes
/// - `.npy`: the array alone; the names stand in a file beside it that ends in `.names.txt`, a line each
/// - `.jsonl`: an object with `name` and `features` for each image, and `labels` by name for labelled images
///
/// It is written beside its final name and renamed when it is complete. Dropped without
/// [`FeatureFile::write`], it leaves nothing.
#[derive(Debug)]
pub struct FeatureFile {
    path: PathBuf,
    partial: PathBuf,
    form: Form,
}

impl FeatureFile {
    /// Makes the file's folder and the partial file.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Ending`], [`FeatureFileError::Io`].
    pub fn create(path: &Path) -> Result<Self, FeatureFileError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let form = match ending {
            "safetensors" => Form::Safetensors,
            "npy" => Form::Npy,
            "jsonl" => Form::JsonLines,
            _ => return Err(FeatureFileError::Ending { path: path.into() }),
        };
        let partial = path.with_extension(format!("{ending}.partial"));
        let io = |reason| FeatureFileError::Io { path: path.into(), reason };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        File::create(&partial).map_err(io)?;
        Ok(Self { path: path.into(), partial, form })
    }

    /// Writes the table and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Empty`], [`FeatureFileError::Io`].
    pub fn write(self, table: &FeatureTable) -> Result<(), FeatureFileError> {
        if table.rows() == 0 {
            return Err(FeatureFileError::Empty { path: self.path.clone() });
        }
        self.write_rows(table)
            .map_err(|reason| FeatureFileError::Io { path: self.path.clone(), reason })
    }

    fn write_rows(&self, table: &FeatureTable) -> io::Result<()> {
        let bytes = match self.form {
            Form::Safetensors => safetensors(table, []).map_err(io::Error::other)?,
            Form::Npy => npy(table),
            Form::JsonLines => json_lines(table),
        };
        std::fs::write(&self.partial, bytes)?;
        if self.form == Form::Npy && !table.names().is_empty() {
            let names = self.path.with_extension("names.txt");
            std::fs::write(names, table.names().join("\n") + "\n")?;
        }
        std::fs::rename(&self.partial, &self.path)
    }
}

impl Drop for FeatureFile {
    fn drop(&mut self) {
        // After the renaming there is no such file any more.
        let _ = std::fs::remove_file(&self.partial);
    }
}

impl FeatureTable {
    /// Writes the table to a file whose form follows from the ending of its name, `.safetensors`,
    /// `.npy` or `.jsonl`: [`FeatureFile`] says what each holds.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError`] if the name has another ending, the table has no row, or the system
    /// refuses.
    pub fn write(&self, path: &Path) -> Result<(), FeatureFileError> {
        FeatureFile::create(path)?.write(self)
    }
}

/// A table as safetensors, with more entries for its header.
pub(super) fn safetensors<const N: usize>(
    table: &FeatureTable,
    header: [(&str, &str); N],
) -> Result<Vec<u8>, SafeTensorError> {
    let shape = vec![table.rows(), table.columns()];
    let values = little_endian(table);
    let features = TensorView::new(Dtype::F32, shape, &values)?;
    let json = |value: serde_json::Value| value.to_string();
    let mut metadata: HashMap<String, String> =
        header.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    metadata.insert("names".into(), json(table.names().into()));
    if !table.classes().is_empty() {
        metadata.insert("classes".into(), json(table.classes().into()));
        metadata.insert("labels".into(), json(table.labels().into()));
    }
    safetensors::serialize([("features", features)], Some(metadata))
}

/// The table of a file that [`safetensors`] wrote, and an entry of its header; none if it is broken
/// or lacks the entry.
pub(super) fn from_safetensors(bytes: &[u8], entry: &str) -> Option<(FeatureTable, String)> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let header = metadata.metadata().as_ref()?;
    let file = SafeTensors::deserialize(bytes).ok()?;
    let tensor = file.tensor("features").ok()?;
    let [_, columns] = *tensor.shape() else { return None };
    let (values, rest) = tensor.data().as_chunks();
    (tensor.dtype() == Dtype::F32 && rest.is_empty()).then_some(())?;
    let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let mut table = FeatureTable::new(values, columns).ok()?;
    let names: Vec<String> = serde_json::from_str(header.get("names")?).ok()?;
    if !names.is_empty() {
        table = table.with_names(names).ok()?;
    }
    if let (Some(classes), Some(labels)) = (header.get("classes"), header.get("labels")) {
        let classes: Vec<String> = serde_json::from_str(classes).ok()?;
        table = table.with_labels(classes, serde_json::from_str(labels).ok()?).ok()?;
    }
    Some((table, header.get(entry)?.clone()))
}

/// Version 1.0 of NumPy's format: the array starts at a multiple of 64 bytes.
fn npy(table: &FeatureTable) -> Vec<u8> {
    let (rows, columns) = (table.rows(), table.columns());
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let header =
        format!("{header:<length$}\n", length = (11 + header.len()).next_multiple_of(64) - 11);
    let length = u16::try_from(header.len()).expect("two numbers and some words");
    let values = little_endian(table);
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], header.as_bytes(), &values].concat()
}

fn json_lines(table: &FeatureTable) -> Vec<u8> {
    let mut lines = String::new();
    for (row, features) in table.matrix().iter().enumerate() {
        let mut line = serde_json::json!({ "name": table.names().get(row), "features": features });
        if let Some(labels) = table.labels().get(row) {
            let names: Vec<&str> = labels.iter().map(|label| &*table.classes()[*label]).collect();
            line["labels"] = names.into();
        }
        lines += &line.to_string();
        lines.push('\n');
    }
    lines.into_bytes()
}

fn little_endian(table: &FeatureTable) -> Vec<u8> {
    table.matrix().values().iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> FeatureTable {
        let table = FeatureTable::new(vec![0.5, -1.0, 2.0, 4.0], 2).unwrap();
        table.with_names(["a.jpg", "\"b\".jpg"]).unwrap()
    }

    fn labelled() -> FeatureTable {
        table().with_labels(["cat", "dog"], vec![vec![1, 0], vec![]]).unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("vit22b-features-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_header_holds_names_and_labels_as_json() {
        let bytes = safetensors(&labelled(), [("key", "k")]).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let header = metadata.metadata().clone().unwrap();
        assert_eq!(header["names"], r#"["a.jpg","\"b\".jpg"]"#);
        assert_eq!(header["classes"], r#"["cat","dog"]"#);
        assert_eq!(header["labels"], "[[1,0],[]]");
        assert_eq!(from_safetensors(&bytes, "key"), Some((labelled(), "k".into())));
        assert_eq!(from_safetensors(&bytes, "other"), None);
        let bytes = safetensors(&table(), []).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(metadata.metadata().as_ref().unwrap().len(), 1, "no labels, no classes");
    }

    #[test]
    fn each_form_is_written_under_its_ending() {
        let folder = folder("forms");
        let path = |name: &str| folder.join(name);
        table().write(&path("x.npy")).unwrap();
        let npy = std::fs::read(path("x.npy")).unwrap();
        assert_eq!((npy.len(), &npy[..8]), (128 + 16, &b"\x93NUMPY\x01\x00"[..]));
        assert_eq!(npy[npy.len() - 4..], 4f32.to_le_bytes());
        let names = std::fs::read_to_string(path("x.names.txt")).unwrap();
        assert_eq!(names, "a.jpg\n\"b\".jpg\n");
        labelled().write(&path("x.jsonl")).unwrap();
        let lines = std::fs::read_to_string(path("x.jsonl")).unwrap();
        let expected = r#"{"features":[0.5,-1.0],"labels":["dog","cat"],"name":"a.jpg"}"#;
        assert_eq!(lines.lines().next(), Some(expected));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "nothing partial is left");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_leaves_nothing() {
        let folder = folder("errors");
        let path = folder.join("x.safetensors");
        let empty = FeatureTable::new(vec![], 3).unwrap();
        let error = empty.write(&path).unwrap_err().to_string();
        assert!(error.ends_with("there are no features to write; no image could be read"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        let error = FeatureFile::create(&folder.join("x.txt")).unwrap_err().to_string();
        assert!(error.ends_with("expected a name that ends in .safetensors, .npy or .jsonl"));
        std::fs::write(&path, "").unwrap();
        let error = FeatureFile::create(&path.join("below/x.npy")).unwrap_err().to_string();
        assert!(error.contains("cannot write features"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

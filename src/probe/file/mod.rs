//! Feature tables in files.

mod broken;
mod json_lines;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod safetensors;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use self::broken::invalid;
use super::table::FeatureTable;
use crate::data::set::Classes;
use crate::files::open_plain;

pub(super) use self::safetensors::{from_safetensors, to_safetensors};

/// A file of features that cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeatureFileError {
    /// The name does not say a form that is written.
    #[error("{}: expected a name that ends in {}", path.display(), FeatureForm::endings())]
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
    /// Features that are NaN or infinite.
    #[error(
        "{}: the features of {name} are not finite numbers; check the weights and the preprocessing", path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The image, or its row.
        name: String,
    },
    /// The system refused.
    #[error("{}: cannot write features: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// A file that does not hold features as they are written here.
    #[error("{}: cannot read features: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: io::Error,
    },
}

/// The form of a file of features. What each holds is said at [`FeatureFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureForm {
    /// Safetensors.
    Safetensors,
    /// NumPy's array.
    Npy,
    /// Lines of JSON.
    JsonLines,
    /// Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl FeatureForm {
    /// All forms.
    pub const ALL: &[Self] = &[
        Self::Safetensors,
        Self::Npy,
        Self::JsonLines,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];

    /// The form with this ending of a file's name, in any case.
    pub fn from_ending(ending: &str) -> Option<Self> {
        Self::ALL.iter().find(|form| form.ending().eq_ignore_ascii_case(ending)).copied()
    }

    /// The form that the name of a file says.
    pub fn of(path: &Path) -> Option<Self> {
        Self::from_ending(path.extension()?.to_str()?)
    }

    /// The ending of names of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npy => "npy",
            Self::JsonLines => "jsonl",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    /// All endings, for an error text.
    fn endings() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|form| format!(".{}", form.ending())).collect();
        let (last, others) = names.split_last().expect("there are several");
        format!("{} or {last}", others.join(", "))
    }

    /// Writes a table in this form.
    fn write(self, table: &FeatureTable, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Safetensors => safetensors::write(table, [], out),
            Self::Npy => npy::write(table, out),
            Self::JsonLines => json_lines::write(table, out),
            #[cfg(feature = "parquet")]
            Self::Parquet => parquet::write(table, out),
        }
    }

    /// Writes a table to a file that has its name only when it is complete and on the disk.
    pub(super) fn write_file(self, table: &FeatureTable, path: &Path) -> io::Result<Written> {
        write_whole(path, |out| self.write(table, out))
    }

    /// Reads a file of this form.
    fn read(self, path: &Path) -> io::Result<FeatureTable> {
        let (file, _) = open_plain(path)?;
        match self {
            Self::Safetensors => Ok(safetensors::read(file)?.0),
            Self::Npy => npy::read(BufReader::new(file)),
            Self::JsonLines => json_lines::read(BufReader::new(file)),
            #[cfg(feature = "parquet")]
            Self::Parquet => parquet::read(BufReader::new(file)),
        }
    }
}

/// A file that was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

/// Writes a file that has its name only when it is complete and on the disk.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<Hashed>) -> io::Result<()>,
) -> io::Result<Written> {
    let partial = partial(path);
    let file = Hashed { file: File::create(&partial)?, bytes: 0, hash: Sha256::new() };
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write(&mut out)?;
    let Hashed { file, bytes, hash } = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(partial, path)?;
    Ok(Written { bytes, sha256: hash.finalize().into() })
}

/// A file whose bytes are hashed while they are written.
pub(super) struct Hashed {
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The name of a file while it is not complete.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// A file that is going to hold a [`FeatureTable`], made before the features are computed: a folder
/// that cannot be written is an error at once, not after an hour.
///
/// The form follows from the ending of the name:
///
/// - `.safetensors`: the tensor `features` of `[n, d]`; its header holds `names`, a JSON list, and
///   for labelled images `classes`, a list of names, and `labels`, for each image a list of indices
///   of classes. The header has room for about two million images
/// - `.npy`: the array alone, without labels; the names stand in a file beside it that ends in `.names.txt`, a line
///   each, so that none may have a line break
/// - `.jsonl`: an object with `name` and `features` for each image, and `labels` by name for labelled images
/// - `.parquet`, with this library's feature of this name: columns `name` (string) and `features` (list of float),
///   and `labels` (list of string) for labelled images; not compressed
///
/// It is written beside its final name and renamed when it is complete. Dropped without
/// [`FeatureFile::write`], it leaves nothing.
#[derive(Debug)]
pub struct FeatureFile {
    path: PathBuf,
    form: FeatureForm,
}

impl FeatureFile {
    /// Makes the file's folder and the partial file.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Ending`], [`FeatureFileError::Io`].
    pub fn create(path: &Path) -> Result<Self, FeatureFileError> {
        let form =
            FeatureForm::of(path).ok_or_else(|| FeatureFileError::Ending { path: path.into() })?;
        let io = |reason| FeatureFileError::Io { path: path.into(), reason };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        File::create(partial(path)).map_err(io)?;
        Ok(Self { path: path.into(), form })
    }

    /// Refuses names that the file cannot hold, so that this is known before the features are computed.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Io`] for a name with a line break, where the names are a list of lines.
    pub fn check_names(
        &self,
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), FeatureFileError> {
        if self.form != FeatureForm::Npy {
            return Ok(());
        }
        match names.into_iter().find(|name| name.as_ref().contains(['\n', '\r'])) {
            None => Ok(()),
            Some(name) => {
                let reason = invalid(format!(
                    "the name {:?} has a line break, which a list of a name on each line cannot hold; the other \
                     forms can",
                    name.as_ref()
                ));
                Err(FeatureFileError::Io { path: self.path.clone(), reason })
            }
        }
    }

    /// Writes the table and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Empty`], [`FeatureFileError::NotFinite`], [`FeatureFileError::Io`].
    pub fn write(self, table: &FeatureTable) -> Result<(), FeatureFileError> {
        let path = || self.path.clone();
        if table.rows() == 0 {
            return Err(FeatureFileError::Empty { path: path() });
        }
        if let Some(row) = table.first_non_finite() {
            let name = table.names().get(row).cloned().unwrap_or_else(|| format!("row {row}"));
            return Err(FeatureFileError::NotFinite { path: path(), name });
        }
        self.check_names(table.names())?;
        self.write_rows(table).map_err(|reason| FeatureFileError::Io { path: path(), reason })
    }

    fn write_rows(&self, table: &FeatureTable) -> io::Result<()> {
        if self.form == FeatureForm::Npy && !table.names().is_empty() {
            let names = self.path.with_extension("names.txt");
            std::fs::write(names, table.names().join("\n") + "\n")?;
        }
        self.form.write_file(table, &self.path).map(drop)
    }
}

impl Drop for FeatureFile {
    fn drop(&mut self) {
        // After the renaming there is no such file any more.
        let _ = std::fs::remove_file(partial(&self.path));
    }
}

impl FeatureTable {
    /// Writes the table to a file whose form follows from the ending of its name:
    /// [`FeatureFile`] says what each holds.
    ///
    /// # Errors
    ///
    /// [`FeatureFileError`] if the name has another ending, the table has no row or a number in it is not finite, or
    /// the system refuses.
    pub fn write(&self, path: &Path) -> Result<(), FeatureFileError> {
        FeatureFile::create(path)?.write(self)
    }

    /// Reads a file that [`FeatureTable::write`] wrote. The classes of a file that names the labels alone are all
    /// labels, sorted; whole numbers are indices of classes, as for
    /// [`ImageSet::list`](crate::data::ImageSet::list).
    ///
    /// # Errors
    ///
    /// [`FeatureFileError::Ending`], [`FeatureFileError::Read`].
    ///
    /// ```
    /// use vit22b::probe::FeatureTable;
    ///
    /// let table = FeatureTable::new(vec![0.5, 1.0, -0.5, 2.0], 2)?.with_names(["a.jpg", "b.jpg"])?;
    /// let path = std::env::temp_dir().join(format!("features-{}.jsonl", std::process::id()));
    /// table.write(&path)?;
    /// assert_eq!(FeatureTable::read(&path)?, table);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: &Path) -> Result<Self, FeatureFileError> {
        let form =
            FeatureForm::of(path).ok_or_else(|| FeatureFileError::Ending { path: path.into() })?;
        let read = || {
            let table = form.read(path)?;
            let names = path.with_extension("names.txt");
            if form != FeatureForm::Npy || !names.exists() {
                return Ok(table);
            }
            let names = std::fs::read_to_string(names)?;
            table.with_names(names.lines()).map_err(|error| invalid(error.to_string()))
        };
        read().map_err(|reason| FeatureFileError::Read { path: path.into(), reason })
    }

    /// Adds the names of each row's labels. The classes are all of them.
    pub(super) fn with_label_names(self, labels: &[Vec<String>]) -> io::Result<Self> {
        if labels.iter().all(Vec::is_empty) {
            return Ok(self);
        }
        let (classes, indices) = classes_and_indices(labels);
        self.with_labels(classes, indices).map_err(|error| invalid(error.to_string()))
    }
}

/// Where the values of a file's bytes begin, which are so many rows and columns of f32 as they are in memory.
pub(super) fn values_at(path: &Path, bytes: &[u8], shape: [usize; 2]) -> io::Result<usize> {
    let mut rest = bytes;
    let got = match FeatureForm::of(path) {
        Some(FeatureForm::Safetensors) => safetensors::header(&mut rest)?.shape(),
        Some(FeatureForm::Npy) => npy::header(&mut rest)?,
        _ => {
            return Err(invalid(
                "expected .safetensors or .npy, whose values can be mapped into memory",
            ));
        }
    };
    let [rows, columns] = shape;
    if got != shape.map(|axis| axis as u64) || rest.len() != 4 * rows * columns {
        return Err(invalid(format!("expected {rows} × {columns} values, as its folder says")));
    }
    Ok(bytes.len() - rest.len())
}

/// The classes that the names of labels are of, and their indices.
pub(super) fn classes_and_indices(labels: &[Vec<String>]) -> (Vec<String>, Vec<Vec<usize>>) {
    let classes = Classes::of(labels.iter().flatten());
    let index = |label: &String| classes.index(label);
    let indices = labels.iter().map(|labels| labels.iter().filter_map(index).collect()).collect();
    (classes.names, indices)
}

#[cfg(test)]
mod tests {
    use ::safetensors::SafeTensors;

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
    fn each_form_is_read_as_it_was_written() {
        let folder = folder("read");
        std::fs::create_dir_all(&folder).unwrap();
        let values: Vec<f32> = (0..300).map(|value| (value as f32).sin() / 3.0).collect();
        let names: Vec<String> = (0..100).map(|row| format!("a/{row}.jpg")).collect();
        let labels: Vec<Vec<usize>> = (0..100).map(|row| (0..row % 3).collect()).collect();
        let plain = FeatureTable::new(values, 3).unwrap().with_names(names).unwrap();
        let named = plain.clone().with_labels(["a\nb", "ü"], labels.clone()).unwrap();
        let numbered = plain.clone().with_labels(["0", "1"], labels).unwrap();
        let one = FeatureTable::new(vec![1.5], 1).unwrap().with_names(["x"]).unwrap();
        // Names of more than 65,536 bytes.
        let many = (0..9_000).map(|row| format!("ä/{row}.jpg"));
        let many = FeatureTable::new(vec![0.5; 9_000], 1).unwrap().with_names(many).unwrap();
        for form in FeatureForm::ALL {
            let path = folder.join("x").with_extension(form.ending());
            for table in [&plain, &named, &numbered, &many, &one] {
                table.write(&path).unwrap();
                let read = FeatureTable::read(&path).unwrap();
                match form {
                    FeatureForm::Npy => {
                        assert_eq!((read.matrix(), read.names()), (table.matrix(), table.names()));
                    }
                    _ => assert_eq!(read, *table, "{form:?}"),
                }
            }
            let whole = std::fs::read(&path).unwrap();
            std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
            let error = FeatureTable::read(&path).unwrap_err().to_string();
            assert!(error.contains("cannot read features: "), "{error}");
            std::fs::write(&path, b"").unwrap();
            assert!(FeatureTable::read(&path).is_err(), "{form:?}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn features_that_are_no_numbers_are_refused_by_the_name_of_their_image() {
        let folder = folder("nan");
        let table = FeatureTable::new(vec![0.0, 1.0, f32::NAN, 2.0], 2).unwrap();
        let table = table.with_names(["a.jpg", "b.jpg"]).unwrap();
        let error = table.write(&folder.join("x.npy")).unwrap_err().to_string();
        assert!(error.contains("the features of b.jpg are not finite numbers"), "{error}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_header_holds_names_and_labels_as_json() {
        let bytes = to_safetensors(&labelled(), [("key", "k")]).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let header = metadata.metadata().clone().unwrap();
        assert_eq!(header["names"], r#"["a.jpg","\"b\".jpg"]"#);
        assert_eq!(header["classes"], r#"["cat","dog"]"#);
        assert_eq!(header["labels"], "[[1,0],[]]");
        let (table_of, header) = from_safetensors(&bytes).unwrap();
        assert_eq!((table_of, &*header["key"]), (labelled(), "k"));
        let bytes = to_safetensors(&table(), []).unwrap();
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
        assert!(error.contains("expected a name that ends in .safetensors, .npy"), "{error}");
        std::fs::write(&path, "").unwrap();
        let error = FeatureFile::create(&path.join("below/x.npy")).unwrap_err().to_string();
        assert!(error.contains("cannot write features"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn names_with_line_breaks_are_in_no_list_of_lines() {
        let folder = std::env::temp_dir().join(format!("vit22b-names-{}", std::process::id()));
        let table = FeatureTable::new(vec![0.5, 1.0], 1).unwrap();
        let table = table.with_names(["a.png", "b\n.png"]).unwrap();
        let error = table.write(&folder.join("x.npy")).unwrap_err().to_string();
        assert!(error.contains(r#""b\n.png" has a line break"#), "{error}");
        assert!(!folder.join("x.npy").exists() && !folder.join("x.names.txt").exists());
        let path = folder.join("x.jsonl");
        table.write(&path).unwrap();
        assert_eq!(FeatureTable::read(&path).unwrap(), table);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

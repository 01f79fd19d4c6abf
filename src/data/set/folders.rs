//! Sets of images in folders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::remarks::Remarks;
use super::{ImageSet, Item, Location};
use crate::data::error::DataError;
use crate::data::image::{ENDINGS, is_image};

/// Names of the part of a set to train with, and of the parts that are held out, in lower case. Of several
/// that are held out, the first is taken.
const TRAIN: &[&str] = &["train", "training"];
const HELD_OUT: &[&str] = &["val", "valid", "validation", "test", "testing"];

/// What `__MACOSX` and its like hold: copies of metadata under the names of the images.
const FOREIGN: &[&str] = &["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"];

impl ImageSet {
    /// All images below a folder, in the order of their paths, without labels. Names are paths relative
    /// to the folder. Hidden files and folders, and files that are no images, are left out and told in
    /// [`ImageSet::remarks`]; a folder that links lead to more than once is read once.
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`], or [`DataError::Io`] if the folder cannot be read.
    pub fn folder(root: &Path) -> Result<Self, DataError> {
        let mut remarks = Remarks::default();
        let items = items(root, root, None, &mut remarks)?;
        if items.is_empty() {
            return Err(no_images(root, "files", remarks));
        }
        Ok(Self { remarks: remarks.lines(), ..Self::new(Vec::new(), items)? })
    }

    /// The images of a folder that has one folder for each class. The names of the folders, sorted, are
    /// the classes. A folder without images is no class. What is left out is told in
    /// [`ImageSet::remarks`].
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`] if no class has an image, [`DataError::Case`] for classes that differ in case
    /// alone, [`DataError::Io`] if the folder cannot be read.
    pub fn class_folders(root: &Path) -> Result<Self, DataError> {
        let mut remarks = Remarks::default();
        let (mut classes, mut all) = (Vec::new(), Vec::new());
        for path in sorted(root)? {
            let name = file_name(&path);
            if !path.is_dir() {
                not_a_folder(&path, &name, &mut remarks);
                continue;
            }
            if skipped(&name, &mut remarks) {
                continue;
            }
            if path.canonicalize().is_ok_and(|real| is_read_anyway(root, &path, &real)) {
                remarks.add(READ_ANYWAY, name);
                continue;
            }
            let items = items(root, &path, Some(classes.len()), &mut remarks)?;
            if items.is_empty() {
                remarks.add("folders without images are no classes", name);
                continue;
            }
            all.extend(items);
            classes.push(name);
        }
        if all.is_empty() {
            return Err(no_images(root, "one folder for each class, with files", remarks));
        }
        differ_in_more_than_case(root, &classes)?;
        Ok(Self { remarks: remarks.lines(), ..Self::new(classes, all)? })
    }

    /// The class folders of a folder's parts: one to train with, and one that is held out, both with the classes
    /// of the first. The parts are folders with the usual names in any case: `train` or `training`; `val`,
    /// `valid`, `validation`, `test` or `testing`, of which the first that is there is taken. `None` if the
    /// folder has no such parts: then it is for [`ImageSet::class_folders`].
    ///
    /// # Errors
    ///
    /// As [`ImageSet::class_folders`], [`DataError::Class`] for a class that is held out and not trained, and
    /// [`DataError::Parts`] for two folders that are both the same part.
    pub fn parts(root: &Path) -> Result<Option<[Self; 2]>, DataError> {
        let mut parts: BTreeMap<String, PathBuf> = BTreeMap::new();
        let mut others = Vec::new();
        for path in sorted(root)?.into_iter().filter(|path| path.is_dir()) {
            let name = file_name(&path);
            let part = name.to_lowercase();
            if !TRAIN.iter().chain(HELD_OUT).any(|known| *known == part) {
                others.push(name);
            } else if let Some(first) = parts.insert(part, path) {
                let (first, second) = (file_name(&first), name);
                return Err(DataError::Parts { path: root.into(), first, second });
            }
        }
        let find = |names: &[&str]| names.iter().find_map(|name| parts.get(*name));
        let (Some(train), Some(held_out)) = (find(TRAIN), find(HELD_OUT)) else { return Ok(None) };
        // A class may be called `train`, as may a folder of images without classes: neither has folders.
        if !others.is_empty() && !has_folders(train)? {
            return Ok(None);
        }
        let mut train_set = Self::class_folders(train)?;
        let held_out_set = Self::class_folders(held_out)?.with_classes(train_set.classes())?;
        let mut remarks = Remarks::default();
        remarks.tell(format!("{} is held out", file_name(held_out)));
        let taken = [train, held_out];
        let left = parts.values().filter(|path| !taken.contains(path)).map(|path| file_name(path));
        for name in left.chain(others) {
            remarks.add("folders beside these parts are left out", name);
        }
        train_set.remarks.extend(remarks.lines());
        Ok(Some([train_set, held_out_set]))
    }
}

fn no_images(path: &Path, what: &str, remarks: Remarks) -> DataError {
    let found = remarks.lines();
    let found = if found.is_empty() { String::new() } else { format!("; {}", found.join("; ")) };
    let endings = ENDINGS.join(", .");
    DataError::NoImages {
        path: path.into(),
        expected: format!("{what} that end in .{endings}{found}"),
    }
}

fn differ_in_more_than_case(root: &Path, classes: &[String]) -> Result<(), DataError> {
    let mut lower = BTreeMap::new();
    for class in classes {
        if let Some(first) = lower.insert(class.to_lowercase(), class) {
            let (first, second) = (first.clone(), class.clone());
            return Err(DataError::Case { path: root.into(), first, second });
        }
    }
    Ok(())
}

/// The images below a folder, named by their path relative to `root` and in the order of these paths.
fn items(
    root: &Path,
    folder: &Path,
    label: Option<usize>,
    remarks: &mut Remarks,
) -> Result<Vec<Item>, DataError> {
    let named = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    let mut found = Vec::new();
    // Links last: what is found with one and without one is named by its own path.
    let (mut folders, mut links) = (vec![folder.to_path_buf()], VecDeque::new());
    let mut visited = BTreeSet::new();
    while let Some(folder) = folders.pop().or_else(|| links.pop_front()) {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        if is_read_anyway(root, &folder, &real) || !visited.insert(real) {
            remarks.add(READ_ANYWAY, named(&folder));
            continue;
        }
        let paths = match sorted(&folder) {
            Ok(paths) => paths,
            Err(error) if folder == root => return Err(error),
            Err(error) => {
                remarks.add("folders that cannot be read", error.to_string());
                continue;
            }
        };
        for path in paths {
            let name = file_name(&path);
            if path.is_dir() {
                if !skipped(&name, remarks) {
                    if path.is_symlink() { links.push_back(path) } else { folders.push(path) }
                }
            } else if name.starts_with('.') {
                // macOS keeps a file's metadata beside it under its name with `._` before it.
            } else if path.extension().and_then(OsStr::to_str).is_some_and(is_image) {
                let labels = label.into_iter().collect();
                found.push(Item { name: named(&path), location: Location::File(path), labels });
            } else {
                not_read(&path, &named(&path), remarks);
            }
        }
    }
    found.sort_by(|a, b| Path::new(&a.name).cmp(Path::new(&b.name)));
    Ok(found)
}

const READ_ANYWAY: &str = "links to folders that are read without them are left out";

/// Whether `folder` is a link to a folder, `real`, that lies below the root or around one of the two.
fn is_read_anyway(root: &Path, folder: &Path, real: &Path) -> bool {
    let around = |folder: &Path| folder.canonicalize().is_ok_and(|inner| inner.starts_with(real));
    let hidden = |path: &Path| path.iter().any(|name| name.to_string_lossy().starts_with('.'));
    let below = |root: PathBuf| real.strip_prefix(root).is_ok_and(|path| !hidden(path));
    folder.is_symlink()
        && folder != root
        && (root.canonicalize().is_ok_and(below)
            || around(root)
            || folder.parent().is_some_and(around))
}

/// Whether a folder is hidden or of another program, which is told.
fn skipped(name: &str, remarks: &mut Remarks) -> bool {
    let skipped = name.starts_with('.') || FOREIGN.contains(&name);
    if skipped {
        remarks.add("hidden folders and those of other programs are left out", name);
    }
    skipped
}

/// Tells a file among the folders of classes.
fn not_a_folder(path: &Path, name: &str, remarks: &mut Remarks) {
    match path.extension().and_then(OsStr::to_str) {
        _ if name.starts_with('.') => {}
        Some(ending) if is_image(ending) => {
            remarks.add("images beside the folders of classes are left out", name);
        }
        _ => not_read(path, name, remarks),
    }
}

fn not_read(path: &Path, name: &str, remarks: &mut Remarks) {
    match path.extension().and_then(OsStr::to_str) {
        Some(ending) => {
            remarks.add(&format!(".{} files are not read", ending.to_lowercase()), name);
        }
        None => remarks.add("files without an ending are not read", name),
    }
}

fn has_folders(folder: &Path) -> Result<bool, DataError> {
    Ok(sorted(folder)?.iter().any(|path| path.is_dir() && !file_name(path).starts_with('.')))
}

/// The paths in a folder.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |reason| DataError::Io { path: folder.into(), reason };
    let entries = std::fs::read_dir(folder).map_err(io)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(io)?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

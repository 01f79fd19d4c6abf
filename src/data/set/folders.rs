//! Sets of images in folders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use super::file_names::shown;
use super::items::{Items, Names};
use super::remarks::Remarks;
use super::{ImageSet, Location};
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
        let mut items = Items::default();
        find(root, root, None, &mut items, &mut remarks)?;
        if items.len() == 0 {
            return Err(no_images(root, "files", remarks));
        }
        Ok(Self::of(Vec::new(), items, remarks))
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
        let (mut classes, mut items) = (Vec::new(), Items::default());
        for entry in sorted(root)? {
            let (path, name) = (root.join(&entry.name), entry.shown());
            if entry.kind == Kind::File {
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
            let before = items.len();
            find(root, &path, Some(classes.len()), &mut items, &mut remarks)?;
            if items.len() == before {
                remarks.add("folders without images are no classes", name);
                continue;
            }
            classes.push(name);
        }
        if items.len() == 0 {
            return Err(no_images(root, "one folder for each class, with files", remarks));
        }
        differ_in_more_than_case(root, &classes)?;
        Ok(Self::of(classes, items, remarks))
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
        for entry in sorted(root)?.into_iter().filter(|entry| entry.kind != Kind::File) {
            let (path, name) = (root.join(&entry.name), entry.shown());
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
        let held_out_set = Self::class_folders(held_out)?.with_classes(train_set.classes());
        let held_out_set = held_out_set.map_err(|error| match error {
            // Names of images are relative to their part.
            DataError::Class { name, label, known } => {
                DataError::Class { name: format!("{}/{name}", file_name(held_out)), label, known }
            }
            error => error,
        })?;
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

/// The images of a folder that was visited, and the folders in it that were, in the order of their names.
#[derive(Default)]
struct Visited {
    images: Names,
    /// The names of files that are no text.
    odd: BTreeMap<usize, OsString>,
    folders: BTreeSet<OsString>,
}

/// Adds the images below a folder, named by their path relative to `root` and in the order of these paths.
fn find(
    root: &Path,
    folder: &Path,
    label: Option<usize>,
    items: &mut Items,
    remarks: &mut Remarks,
) -> Result<(), DataError> {
    let named = |path: &Path| shown(path.strip_prefix(root).unwrap_or(path).as_os_str());
    let mut found: BTreeMap<PathBuf, Visited> = BTreeMap::new();
    // Links last: what is found with one and without one is named by its own path.
    let (mut folders, mut links) = (vec![folder.to_path_buf()], VecDeque::new());
    let mut visited = BTreeSet::new();
    while let Some(folder) = folders.pop().or_else(|| links.pop_front()) {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        if is_read_anyway(root, &folder, &real) || !visited.insert(real) {
            remarks.add(READ_ANYWAY, named(&folder));
            continue;
        }
        let entries = match sorted(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(error),
            Err(error) => {
                remarks.add("folders that cannot be read", error.to_string());
                continue;
            }
        };
        let mut here = Visited::default();
        for entry in entries {
            let name = entry.shown();
            if entry.name.to_str().is_none() && folder.join(&name).exists() {
                let what = "names that are no UTF-8 and read as others are left out; rename them";
                remarks.add(what, named(&folder.join(entry.name)));
                continue;
            }
            match entry.kind {
                Kind::Folder if !skipped(&name, remarks) => folders.push(folder.join(entry.name)),
                Kind::Link if !skipped(&name, remarks) => links.push_back(folder.join(entry.name)),
                // macOS keeps a file's metadata beside it under its name with `._` before it.
                Kind::File if !name.starts_with('.') => {
                    let ending = Path::new(&entry.name).extension().and_then(OsStr::to_str);
                    if ending.is_some_and(is_image) {
                        if entry.name.to_str().is_none() {
                            here.odd.insert(here.images.len(), entry.name);
                        }
                        here.images.push(&name);
                    } else {
                        let path = folder.join(entry.name);
                        not_read(&path, &named(&path), remarks);
                    }
                }
                _ => {}
            }
        }
        if let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) {
            found.entry(parent.into()).or_default().folders.insert(name.into());
        }
        let Visited { folders, .. } = found.remove(&folder).unwrap_or_default();
        found.insert(folder, Visited { folders, ..here });
    }
    add(folder, &mut found, &mut |path: PathBuf| {
        items.push(&named(&path), Location::File(path), label);
    });
    Ok(())
}

/// Hands on the images of a folder and of those in it, in the order of their paths.
fn add(folder: &Path, found: &mut BTreeMap<PathBuf, Visited>, each: &mut impl FnMut(PathBuf)) {
    let Some(Visited { images, mut odd, folders }) = found.remove(folder) else { return };
    let mut folders = folders.into_iter().peekable();
    for index in 0..images.len() {
        let image = odd.remove(&index).unwrap_or_else(|| images.get(index).into());
        while let Some(name) = folders.next_if(|name| *name < image) {
            add(&folder.join(name), found, each);
        }
        each(folder.join(image));
    }
    folders.for_each(|name| add(&folder.join(name), found, each));
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

impl ImageSet {
    /// A remark on a folder that is taken for a class though it looks like a part of a set: it has the name of one,
    /// and folders in it.
    pub(super) fn part_without_another(root: &Path, classes: &[String]) -> Option<String> {
        let is_part = |class: &&String| {
            let name = class.to_lowercase();
            TRAIN.iter().chain(HELD_OUT).any(|part| *part == name)
                && has_folders(&root.join(class)).unwrap_or(false)
        };
        let part = classes.iter().find(is_part)?;
        Some(format!(
            "{part} is taken for a class and not for a part of the set: that takes two, called train and val, \
             valid, validation or test"
        ))
    }
}

fn has_folders(folder: &Path) -> Result<bool, DataError> {
    let is_folder = |entry: &Entry| entry.kind != Kind::File && !entry.shown().starts_with('.');
    Ok(sorted(folder)?.iter().any(is_folder))
}

/// What a name in a folder is of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    File,
    Folder,
    /// A link to a folder.
    Link,
}

struct Entry {
    name: OsString,
    kind: Kind,
}

impl Entry {
    /// The name as text.
    fn shown(&self) -> String {
        shown(&self.name)
    }
}

/// What is in a folder, in the order of the names.
fn sorted(folder: &Path) -> Result<Vec<Entry>, DataError> {
    let entry = |entry: std::io::Result<DirEntry>| {
        let entry = entry?;
        // The system says it with the name, so that files need not be asked one by one.
        let kind = match entry.file_type()? {
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_symlink() && entry.path().is_dir() => Kind::Link,
            _ => Kind::File,
        };
        Ok(Entry { name: entry.file_name(), kind })
    };
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.map(entry).collect());
    let mut entries: Vec<Entry> =
        entries.map_err(|reason| DataError::Io { path: folder.into(), reason })?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    shown(path.file_name().unwrap_or_default())
}

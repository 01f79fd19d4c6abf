//! Sets of images in folders.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{ImageSet, Item, Location};
use crate::data::error::DataError;

/// Endings of the files that are read, in upper or lower case.
const ENDINGS: [&str; 6] = ["bmp", "jfif", "jpeg", "jpg", "png", "webp"];

const EXPECTED: &str = "files that end in .jpg, .jpeg, .jfif, .png, .webp or .bmp";

impl ImageSet {
    /// All images below a folder, in the order of their paths, without labels. Names are paths relative
    /// to the folder; hidden files and folders are left out.
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`], or [`DataError::Io`] for a folder that cannot be read.
    pub fn folder(root: &Path) -> Result<Self, DataError> {
        let items = items(root, root, None)?;
        if items.is_empty() {
            return Err(DataError::NoImages { path: root.into(), expected: EXPECTED });
        }
        Self::new(Vec::new(), items)
    }

    /// The images of a folder that has one folder for each class. The names of the folders, sorted, are
    /// the classes. A class may have no images.
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`] if no class has an image, [`DataError::Io`] for a folder that cannot be read.
    pub fn class_folders(root: &Path) -> Result<Self, DataError> {
        let (mut classes, mut all) = (Vec::new(), Vec::new());
        for path in sorted(root)?.into_iter().filter(|path| path.is_dir()) {
            all.extend(items(root, &path, Some(classes.len()))?);
            classes.push(file_name(&path));
        }
        if all.is_empty() {
            let expected = "one folder for each class, with images";
            return Err(DataError::NoImages { path: root.into(), expected });
        }
        Self::new(classes, all)
    }

    /// The class folders of `root/train` and of `root/val`, both with the classes of `train`.
    ///
    /// # Errors
    ///
    /// As [`ImageSet::class_folders`], and [`DataError::Class`] for a class of `val` that `train` lacks.
    pub fn train_val(root: &Path) -> Result<[Self; 2], DataError> {
        let train = Self::class_folders(&root.join("train"))?;
        let val = Self::class_folders(&root.join("val"))?.with_classes(train.classes())?;
        Ok([train, val])
    }
}

/// Adds the images below a folder, named by their path relative to `root`.
fn items(root: &Path, folder: &Path, label: Option<usize>) -> Result<Vec<Item>, DataError> {
    let mut found = Vec::new();
    for path in sorted(folder)? {
        if path.is_dir() {
            found.extend(items(root, &path, label)?);
        } else if path.extension().and_then(OsStr::to_str).is_some_and(is_image) {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            found.push(Item {
                name,
                location: Location::File(path),
                labels: label.into_iter().collect(),
            });
        }
    }
    Ok(found)
}

/// Whether files with this ending are read.
pub(super) fn is_image(ending: &str) -> bool {
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// The paths in a folder that are not hidden.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |reason| DataError::Io { path: folder.into(), reason };
    let entries = std::fs::read_dir(folder).map_err(io)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(io)?;
    paths.retain(|path| !file_name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

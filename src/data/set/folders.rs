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
    /// to the folder; hidden files and folders are left out. A link to a folder is followed, unless its
    /// images are found without it: [`links_left`](Self::links_left) names the others.
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`], or [`DataError::Io`] for a folder that cannot be read.
    pub fn folder(root: &Path) -> Result<Self, DataError> {
        let mut walk = Walk::new(root)?;
        walk.add(root, None)?;
        if walk.items.is_empty() {
            return Err(DataError::NoImages { path: root.into(), expected: EXPECTED });
        }
        walk.into_set(Vec::new())
    }

    /// The images of a folder that has one folder for each class. The names of the folders, sorted, are
    /// the classes. A class may have no images. A link to a folder whose images are found without
    /// it is not followed, and is no class.
    ///
    /// # Errors
    ///
    /// [`DataError::NoImages`] if no class has an image, [`DataError::Io`] for a folder that cannot be read.
    pub fn class_folders(root: &Path) -> Result<Self, DataError> {
        let (mut classes, mut walk) = (Vec::new(), Walk::new(root)?);
        for path in sorted(root)?.into_iter().filter(|path| path.is_dir()) {
            if walk.enter(&path, Some(classes.len()))? {
                classes.push(file_name(&path));
            }
        }
        if walk.items.is_empty() {
            let expected = "one folder for each class, with images";
            return Err(DataError::NoImages { path: root.into(), expected });
        }
        walk.into_set(classes)
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

/// The images below a folder, as they are found. Each is found once: a link is not followed where it
/// leads back to a folder that it lies in, or to another folder that is read anyway.
struct Walk<'a> {
    /// Names are paths relative to this folder.
    root: &'a Path,
    /// The folders that the walk is in, without links; the first is the root.
    inside: Vec<PathBuf>,
    items: Vec<Item>,
    links_left: Vec<PathBuf>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path) -> Result<Self, DataError> {
        let inside = vec![without_links(root)?];
        Ok(Self { root, inside, items: Vec::new(), links_left: Vec::new() })
    }

    /// Adds the images below a folder. False, and nothing added, for a link that is not followed.
    fn enter(&mut self, folder: &Path, label: Option<usize>) -> Result<bool, DataError> {
        let place = without_links(folder)?;
        if folder.is_symlink() && self.is_read_anyway(&place) {
            self.links_left.push(folder.into());
            return Ok(false);
        }
        self.inside.push(place);
        self.add(folder, label)?;
        self.inside.pop();
        Ok(true)
    }

    /// Whether the walk is in the folder, or comes to it without a link.
    fn is_read_anyway(&self, place: &Path) -> bool {
        let mut inside = self.inside.iter();
        let hidden = |path: &Path| path.iter().any(|name| name.to_string_lossy().starts_with('.'));
        let below_root = place.strip_prefix(&self.inside[0]).is_ok_and(|path| !hidden(path));
        below_root || inside.any(|folder| folder.starts_with(place))
    }

    /// Adds the images below a folder that the walk is in.
    fn add(&mut self, folder: &Path, label: Option<usize>) -> Result<(), DataError> {
        for path in sorted(folder)? {
            if path.is_dir() {
                self.enter(&path, label)?;
            } else if path.extension().and_then(OsStr::to_str).is_some_and(is_image) {
                let name = path.strip_prefix(self.root).unwrap_or(&path).display().to_string();
                let labels = label.into_iter().collect();
                self.items.push(Item { name, location: Location::File(path), labels });
            }
        }
        Ok(())
    }

    fn into_set(self, classes: Vec<String>) -> Result<ImageSet, DataError> {
        Ok(ImageSet { links_left: self.links_left, ..ImageSet::new(classes, self.items)? })
    }
}

fn without_links(folder: &Path) -> Result<PathBuf, DataError> {
    folder.canonicalize().map_err(|reason| DataError::Io { path: folder.into(), reason })
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

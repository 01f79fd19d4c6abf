//! Sets of images with labels. The images stay on disk.

mod folders;
mod hierarchy_file;
mod labels;
mod lists;
mod open;
mod remarks;
mod shards;
mod table;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::remarks::Remarks;
use crate::data::error::DataError;
use crate::data::image::{DecodeOptions, Image};
use crate::data::labels::Hierarchy;

/// Where the bytes of an encoded image are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A file of its own.
    File(PathBuf),
    /// Some bytes of a larger file, such as a tar shard.
    Within {
        /// The larger file.
        file: Arc<Path>,
        /// Its first byte.
        offset: u64,
        /// The number of bytes.
        len: u64,
    },
}

/// An encoded image and its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name that reports use: its path, or its key in a shard.
    pub name: String,
    /// Where its bytes are.
    pub location: Location,
    /// Indices of its classes: none, one or many.
    pub labels: Vec<usize>,
}

/// A set of images with labels, to train or to evaluate with. It holds names, locations and labels, not
/// pixels; any image can be read at any time, from any thread.
///
/// ```
/// use vit22b::data::{DecodeOptions, ImageSet};
///
/// # let root = std::env::temp_dir().join(format!("image-set-{}", std::process::id()));
/// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
/// # for class in ["cat", "dog"] {
/// #     std::fs::create_dir_all(root.join(class))?;
/// #     std::fs::copy(photo, root.join(class).join("1.jpg"))?;
/// # }
/// // A folder with one folder for each class.
/// let set = ImageSet::class_folders(&root)?;
/// assert_eq!(set.classes(), ["cat", "dog"]);
/// assert_eq!(set.items()[1].labels, [1]);
/// assert_eq!(set.decode(1, DecodeOptions::default())?.width(), 75);
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    classes: Vec<String>,
    items: Vec<Item>,
    remarks: Vec<String>,
}

impl ImageSet {
    /// A set of items whose labels are indices of `classes`.
    ///
    /// # Errors
    ///
    /// [`DataError::Class`] for the first label that is no index of `classes`.
    pub fn new(classes: Vec<String>, items: Vec<Item>) -> Result<Self, DataError> {
        for item in &items {
            if let Some(label) = item.labels.iter().find(|label| **label >= classes.len()) {
                return Err(DataError::Class {
                    name: item.name.clone(),
                    label: label.to_string(),
                    known: classes.len(),
                });
            }
        }
        Ok(Self { classes, items, remarks: Vec::new() })
    }

    /// A set of items whose labels are names. The classes are all names, sorted; if all names are whole
    /// numbers, they are indices of classes.
    fn from_names(items: Vec<(String, Location, Vec<String>)>, mut remarks: Remarks) -> Self {
        let (classes, empty) = labels::classes(items.iter().flat_map(|(_, _, labels)| labels));
        if let Some(empty) = empty {
            remarks.tell(format!(
                "the labels are whole numbers and so indices of {} classes, of which {empty} have no images",
                classes.len()
            ));
        }
        let index: BTreeMap<&String, usize> = classes.iter().zip(0..).collect();
        let item = |(name, location, labels): (String, Location, Vec<String>)| {
            let label = |label: &String| index.get(label).copied().or_else(|| labels::index(label));
            Item { name, location, labels: labels.iter().filter_map(label).collect() }
        };
        let items = items.into_iter().map(item).collect();
        Self { items, classes, remarks: remarks.lines() }
    }

    /// What was left out or changed while the set was read, a line for each kind: files that are no images,
    /// hidden folders, circles of links, columns that are not read, odd members of shards.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The names of the classes, in the order of the targets.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// All images.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The same images with the classes of another set, usually the one that a model was trained on.
    ///
    /// # Errors
    ///
    /// [`DataError::Class`] for an image with a label that is not among them.
    pub fn with_classes(self, classes: &[String]) -> Result<Self, DataError> {
        let index: BTreeMap<&String, usize> = classes.iter().zip(0..).collect();
        let moved: Vec<Option<usize>> =
            self.classes.iter().map(|class| index.get(class).copied()).collect();
        let mut items = self.items;
        for item in &mut items {
            for label in &mut item.labels {
                *label = moved[*label].ok_or_else(|| DataError::Class {
                    name: item.name.clone(),
                    label: self.classes[*label].clone(),
                    known: classes.len(),
                })?;
            }
        }
        Ok(Self { classes: classes.to_vec(), items, remarks: self.remarks })
    }

    /// The same images with the ancestors of their labels added. The classes are those of the hierarchy.
    ///
    /// # Errors
    ///
    /// [`DataError::Label`] for a label that is not in the hierarchy.
    pub fn with_hierarchy(self, hierarchy: &Hierarchy) -> Result<Self, DataError> {
        let mut items = self.items;
        for item in &mut items {
            let labels = item.labels.iter().map(|label| &self.classes[*label]);
            item.labels = hierarchy
                .indices(labels)
                .map_err(|reason| DataError::Label { name: item.name.clone(), reason })?;
        }
        Ok(Self { classes: hierarchy.names().to_vec(), items, remarks: self.remarks })
    }

    /// The target of the `index`-th image: 1 for its labels, 0 for the other classes.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn multi_hot(&self, index: usize) -> Vec<f32> {
        let mut target = vec![0.0; self.classes.len()];
        self.mark(index, &mut target);
        target
    }

    pub(super) fn mark(&self, index: usize, target: &mut [f32]) {
        self.items[index].labels.iter().for_each(|label| target[*label] = 1.0);
    }

    /// The encoded bytes of the `index`-th image.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if they cannot be read.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        let location = &self.items[index].location;
        let path = match location {
            Location::File(path) => path.as_path(),
            Location::Within { file, .. } => file,
        };
        let io = |reason| DataError::Io { path: path.into(), reason };
        let mut bytes = Vec::new();
        match location {
            Location::File(path) => {
                File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
            }
            Location::Within { file, offset, len } => File::open(file).and_then(|mut file| {
                file.seek(SeekFrom::Start(*offset))?;
                file.take(*len).read_to_end(&mut bytes)
            }),
        }
        .map_err(io)?;
        Ok(bytes)
    }

    /// Reads and decodes the `index`-th image.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`], or [`DataError::Image`] with the name of the image.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn decode(&self, index: usize, decoding: DecodeOptions) -> Result<Image, DataError> {
        Image::decode(&self.read(index)?, decoding)
            .map_err(|reason| DataError::Image { name: self.items[index].name.clone(), reason })
    }
}

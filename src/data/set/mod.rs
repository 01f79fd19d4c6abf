//! Sets of images with labels. The images stay on disk.

mod captions;
mod file_names;
mod folders;
mod hierarchy_file;
mod item;
mod items;
mod labels;
mod lists;
mod members;
mod open;
mod remarks;
mod shards;
mod streams;
mod table;
mod videos;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use self::captions::Captions;
pub(crate) use self::file_names::shown;
pub(crate) use self::item::Stamp;
pub use self::item::{Item, Location};
use self::items::Items;
pub(crate) use self::labels::Classes;
use self::remarks::Remarks;
pub(crate) use self::streams::Decoded;
use self::streams::Streams;
pub use self::videos::{FrameSource, Video, VideoSet};
use crate::data::error::DataError;
use crate::data::image::{DecodeOptions, Image};
use crate::data::labels::Hierarchy;
use crate::files::hex;

/// A set of images with labels, to train or to evaluate with. It holds names, locations and labels, not
/// pixels; any image can be read at any time, from any thread.
///
/// A set of ten million images fits into memory: of a name it holds what differs from the name before, so that an
/// image below a folder takes about 20 bytes with a label, where names are in order, and one of a shard 16 more. Clones
/// share them.
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
/// assert_eq!(set.item(1).labels, [1]);
/// assert_eq!(set.decode(1, DecodeOptions::default())?.width(), 75);
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ImageSet {
    classes: Vec<String>,
    items: Arc<Items>,
    /// Which of the items the set has, in its order; all where there is none.
    order: Option<Arc<[u32]>>,
    remarks: Vec<String>,
    streams: Arc<Streams>,
}

impl fmt::Debug for ImageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSet")
            .field("images", &self.len())
            .field("classes", &self.classes)
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}

impl PartialEq for ImageSet {
    fn eq(&self, other: &Self) -> bool {
        self.classes == other.classes
            && self.remarks == other.remarks
            && self.items().eq(other.items())
    }
}

impl Eq for ImageSet {}

impl ImageSet {
    /// A set of items whose labels are indices of `classes`.
    ///
    /// # Errors
    ///
    /// [`DataError::Class`] for the first label that is no index of `classes`.
    pub fn new(
        classes: Vec<String>,
        items: impl IntoIterator<Item = Item>,
    ) -> Result<Self, DataError> {
        let checked = items.into_iter().map(|item| {
            match item.labels.iter().find(|label| **label >= classes.len()) {
                None => Ok(item),
                Some(label) => Err(DataError::Class {
                    name: item.name.clone(),
                    label: label.to_string(),
                    known: classes.len(),
                }),
            }
        });
        let items = checked.collect::<Result<Items, _>>()?;
        Ok(Self::of(classes, items, Remarks::default()))
    }

    fn of(classes: Vec<String>, items: Items, remarks: Remarks) -> Self {
        let streams = Arc::default();
        Self { classes, items: Arc::new(items), order: None, remarks: remarks.lines(), streams }
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

    /// All images, one after the other.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Item> {
        (0..self.len()).map(|index| self.item(index))
    }

    /// The `index`-th image.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn item(&self, index: usize) -> Item {
        self.items.item(self.held(index))
    }

    /// The name of the `index`-th image.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn name(&self, index: usize) -> String {
        self.items.name(self.held(index))
    }

    /// Some of the images, in this order. They share their names and labels with this set.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let order = indices.into_iter().map(|index| self.held(index) as u32).collect();
        Self { order: Some(order), ..self.clone() }
    }

    /// The place of the `index`-th image in what is held.
    fn held(&self, index: usize) -> usize {
        assert!(index < self.len(), "{} images have no image {index}", self.len());
        self.order.as_ref().map_or(index, |order| order[index] as usize)
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.order.as_ref().map_or(self.items.len(), |order| order.len())
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A hash of names, labels and classes in their order, as 64 hexadecimal digits: the same images in one order, with one
    /// kind of labels. The pixels are not read.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        text(&self.classes.len().to_string());
        self.classes.iter().for_each(|class| text(class));
        for index in 0..self.len() {
            let held = self.held(index);
            text(&self.items.name(held));
            let labels = self.items.labels(held).iter().map(u32::to_string);
            text(&labels.collect::<Vec<_>>().join(" "));
        }
        hex(hash.finalize())
    }

    /// The same images with the classes of another set, usually the one that a model was trained on.
    ///
    /// # Errors
    ///
    /// [`DataError::Class`] for an image with a label that is not among them.
    pub fn with_classes(self, classes: &[String]) -> Result<Self, DataError> {
        let index: BTreeMap<&String, u32> = classes.iter().zip(0..).collect();
        let moved: Vec<Option<u32>> =
            self.classes.iter().map(|class| index.get(class).copied()).collect();
        let is_missing = |label: &u32| moved[*label as usize].is_none();
        for index in 0..self.len() {
            let held = self.held(index);
            if let Some(label) = self.items.labels(held).iter().find(|label| is_missing(label)) {
                return Err(DataError::Class {
                    name: self.items.name(held),
                    label: self.classes[*label as usize].clone(),
                    known: classes.len(),
                });
            }
        }
        let mut items = Arc::unwrap_or_clone(self.items);
        for label in items.all_labels_mut() {
            // Those that stay are of images that the set does not have.
            *label = moved[*label as usize].unwrap_or(*label);
        }
        Ok(Self { classes: classes.to_vec(), items: Arc::new(items), ..self })
    }

    /// The same images with the ancestors of their labels added. The classes are those of the hierarchy.
    ///
    /// # Errors
    ///
    /// [`DataError::Label`] for a label that is not in the hierarchy.
    pub fn with_hierarchy(self, hierarchy: &Hierarchy) -> Result<Self, DataError> {
        let added = self.items().map(|mut item| {
            let labels = item.labels.iter().map(|label| &self.classes[*label]);
            match hierarchy.indices(labels) {
                Ok(labels) => item.labels = labels,
                Err(reason) => return Err(DataError::Label { name: item.name, reason }),
            }
            Ok(item)
        });
        let items = Arc::new(added.collect::<Result<Items, _>>()?);
        let classes = hierarchy.names().to_vec();
        Ok(Self { classes, items, order: None, ..self })
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
        let labels = self.items.labels(self.held(index));
        labels.iter().for_each(|label| target[*label as usize] = 1.0);
    }

    /// The encoded bytes of the `index`-th image; of a frame of a video file, those of the whole file.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if they cannot be read.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        Ok(self.read_stamped(index)?.0)
    }

    /// The encoded bytes of the `index`-th image, and size and time of its file before they were read.
    fn read_stamped(&self, index: usize) -> Result<(Vec<u8>, Stamp), DataError> {
        let location = self.item(index).location;
        let io = |reason| DataError::Io { path: location.file().into(), reason };
        location.read().map_err(io)
    }

    /// Size and time of the `index`-th image's file.
    pub(crate) fn stamp(&self, index: usize) -> Result<Stamp, DataError> {
        let location = self.item(index).location;
        let io = |reason| DataError::Io { path: location.file().into(), reason };
        location.stamp().map_err(io)
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
        if let Item { name, location: Location::Frame { of, frame }, .. } = self.item(index) {
            return self.streams.frame((&of, frame), name, decoding).image;
        }
        Image::decode(&self.read(index)?, decoding)
            .map_err(|reason| DataError::Image { name: self.name(index), reason })
    }

    /// As [`decode`](Self::decode), with what was read.
    pub(crate) fn decode_recorded(&self, index: usize, decoding: DecodeOptions) -> Decoded {
        let Item { name, location, .. } = self.item(index);
        if let Location::Frame { of, frame } = &location {
            return self.streams.frame((of, *frame), name, decoding);
        }
        match self.read_stamped(index) {
            Ok((bytes, stamp)) => Decoded {
                stamp: Some(stamp),
                sha256: Some(Sha256::digest(&bytes).into()),
                image: Image::decode(&bytes, decoding)
                    .map_err(|reason| DataError::Image { name, reason }),
            },
            Err(error) => Decoded { stamp: location.stamp().ok(), sha256: None, image: Err(error) },
        }
    }
}

/// A set whose labels are names, while it is read.
#[derive(Default)]
struct Named {
    items: Items,
    /// The number of each label, in the order in which they were seen first.
    labels: HashMap<String, usize>,
}

impl Named {
    fn push(&mut self, name: &str, location: Location, labels: &[String]) {
        let numbers = labels.iter().map(|label| match self.labels.get(label) {
            Some(number) => *number,
            None => {
                let number = self.labels.len();
                self.labels.insert(label.clone(), number);
                number
            }
        });
        self.items.push(name, location, numbers);
    }

    /// The set. Its classes are all names, sorted; if all names are whole numbers, they are indices of classes.
    fn finish(self, mut remarks: Remarks) -> ImageSet {
        let Self { mut items, labels } = self;
        let classes = Classes::of(labels.keys());
        if classes.empty > 0 {
            remarks.tell(format!(
                "the labels are whole numbers and so indices of {} classes, of which {} have no images",
                classes.names.len(),
                classes.empty
            ));
        }
        if let Some(label) = classes.negative() {
            remarks.tell(format!(
                "the label {label} is taken for a class, and not for an image without a label, whose label is empty"
            ));
        }
        let mut moved = vec![0; labels.len()];
        for (label, number) in &labels {
            moved[*number] = classes.index(label).unwrap_or_default() as u32;
        }
        items.all_labels_mut().iter_mut().for_each(|label| *label = moved[*label as usize]);
        ImageSet::of(classes.names, items, remarks)
    }
}

//! Images from disk as batches, for training and for evaluation.

mod broken;
mod recorded;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::TensorData;
use rayon::prelude::*;

use crate::data::batch::{
    BatchError, BatchSource, Epoch, ExampleKey, HeldOut, ImageBatch, Masked, permuted,
};
use crate::data::error::DataError;
use crate::data::image::{DecodeOptions, Image};
use crate::data::preprocess::Preprocess;
use crate::data::set::ImageSet;

pub use broken::{BrokenImages, OnBroken};
pub(crate) use recorded::{ReadImage, RecordedBatch, RecordedImages};

/// The number of consecutive broken images after which training stops.
const MOST_BROKEN: usize = 1_000;

/// Images of an [`ImageSet`], preprocessed and joined to batches, for training and evaluation.
///
/// As a [`BatchSource`] it gives batches for training without end. Each epoch has its own order, in which
/// every image comes once. Order and augmentations follow from the seed and the position, so that neither
/// the number of threads nor a restart changes them. Threads share the images of a batch. A broken image is replaced by the next one.
///
/// [`ImageLoader::epoch`] gives each image once, in the order of the set, for evaluation.
///
/// ```
/// use std::{path::Path, sync::Arc};
/// use vit22b::data::{ImageLoader, ImageSet, Prefetch};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
/// let set = ImageSet::folder(Path::new(folder))?;
/// let steps = "inception_crop(32)|flip_lr|value_range(-1, 1)".parse()?;
/// let loader = Arc::new(ImageLoader::new(set, steps)?.with_seed(7));
/// // Batches 10 to 12 of 8 images, made ahead on two threads.
/// for batch in Prefetch::new(loader.clone(), 80, 8, 3, 2) {
///     assert_eq!(batch?.images.dims(), [8, 3, 32, 32]);
/// }
/// println!("{}", loader.broken());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ImageLoader {
    set: ImageSet,
    preprocess: Preprocess,
    decoding: DecodeOptions,
    on_broken: OnBroken,
    seed: u64,
    broken: Mutex<BTreeMap<usize, String>>,
}

impl ImageLoader {
    /// A loader that skips broken images, with seed 0.
    ///
    /// # Errors
    ///
    /// [`DataError::Empty`] for a set without images.
    pub fn new(set: ImageSet, preprocess: Preprocess) -> Result<Self, DataError> {
        if set.is_empty() {
            return Err(DataError::Empty);
        }
        Ok(Self {
            set,
            preprocess,
            decoding: DecodeOptions::default(),
            on_broken: OnBroken::default(),
            seed: 0,
            broken: Mutex::default(),
        })
    }

    /// Sets the seed that orders and augmentations follow from.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets how images are decoded: the most pixels, and whether they are turned upright.
    pub fn with_decoding(self, decoding: DecodeOptions) -> Self {
        Self { decoding, ..self }
    }

    /// Sets what happens at broken images.
    pub fn with_broken(self, on_broken: OnBroken) -> Self {
        Self { on_broken, ..self }
    }

    /// The set of images.
    pub fn set(&self) -> &ImageSet {
        &self.set
    }

    /// The steps of preprocessing.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The broken images seen so far.
    pub fn broken(&self) -> BrokenImages {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |index: &usize| self.set.name(*index);
        BrokenImages {
            of: self.set.len(),
            images: broken.iter().map(|(index, reason)| (name(index), reason.clone())).collect(),
        }
    }

    /// Each image once, in the order of the set, in batches of `size` that `threads` threads make ahead.
    /// Random steps draw the numbers of epoch 0. Images that get sizes of their own
    /// ([`Preprocess::is_fixed`]) need batches of one.
    ///
    /// ```
    /// use std::{path::Path, sync::Arc};
    /// use vit22b::data::{ImageLoader, ImageSet};
    ///
    /// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
    /// let set = ImageSet::folder(Path::new(folder))?;
    /// let steps = "resize_small(36)|central_crop(32)|value_range(-1, 1)".parse()?;
    /// let loader = Arc::new(ImageLoader::new(set, steps)?);
    /// let mut seen = 0;
    /// for batch in loader.epoch(7, 2) {
    ///     let batch = batch?;
    ///     assert_eq!(batch.batch.images.dims(), [7, 3, 32, 32]);
    ///     seen += batch.indices().count();
    /// }
    /// assert_eq!(seen, loader.set().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn epoch(self: &Arc<Self>, size: usize, threads: usize) -> Epoch<ImageBatch> {
        Epoch::new(Arc::clone(self) as Arc<dyn HeldOut<ImageBatch>>, size, threads)
    }

    fn rows(&self, size: usize) -> Rows {
        let sides = self.preprocess.size();
        let image = 3 * sides.iter().product::<usize>();
        let classes = self.set.classes().len();
        let images = vec![0.0; size * image];
        Rows { sides, image, classes, images, targets: vec![0.0; size * classes] }
    }

    /// One row, of the size that this image gets.
    fn rows_of(&self, image: Option<&Image>) -> Rows {
        let mut rows = self.rows(1);
        if let Some(image) = image {
            rows.sides = self.preprocess.size_for([image.height(), image.width()]);
            rows.image = 3 * rows.sides.iter().product::<usize>();
            rows.images = vec![0.0; rows.image];
        }
        rows
    }

    /// An image of a size of its own, as a batch.
    fn alone(&self, index: usize) -> Result<Masked<ImageBatch>, DataError> {
        let image = self.set.decode(index, self.decoding);
        let mut rows = self.rows_of(image.as_ref().ok());
        let valid = self.write(image, index, 0, rows.row(0))?.is_none();
        Ok(Masked { batch: rows.batch(), mask: vec![valid], first: index })
    }

    /// Reads an image and its labels into a row. For an image that is skipped, returns the reason.
    fn read(
        &self,
        index: usize,
        epoch: u64,
        row: (&mut [f32], &mut [f32]),
    ) -> Result<Option<String>, DataError> {
        self.write(self.set.decode(index, self.decoding), index, epoch, row)
    }

    /// Writes a decoded image and its labels into a row. For an image that is skipped, returns the reason.
    fn write(
        &self,
        image: Result<Image, DataError>,
        index: usize,
        epoch: u64,
        (values, target): (&mut [f32], &mut [f32]),
    ) -> Result<Option<String>, DataError> {
        match image {
            Ok(image) => {
                let key = ExampleKey::new(self.seed, epoch, index as u64);
                self.preprocess.write(&image, key, values);
                self.set.mark(index, target);
                Ok(None)
            }
            Err(error) if self.on_broken == OnBroken::Skip && is_of_the_image(&error) => {
                let reason = match &error {
                    DataError::Image { reason, .. } => reason.to_string(),
                    error => error.to_string(),
                };
                let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                broken.insert(index, reason);
                Ok(Some(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the image at a position of an endless run, or the next one that is not broken.
    fn read_at(&self, position: u64, row: (&mut [f32], &mut [f32])) -> Result<(), DataError> {
        let count = self.set.len() as u64;
        let epoch = position / count;
        let order = ExampleKey::new(self.seed, epoch, u64::MAX);
        let tries = MOST_BROKEN.min(self.set.len());
        let mut last = String::new();
        for ahead in 0..tries as u64 {
            let index = permuted((position + ahead) % count, count, order) as usize;
            match self.read(index, epoch, (&mut *row.0, &mut *row.1))? {
                None => return Ok(()),
                Some(reason) => last = reason,
            }
        }
        Err(DataError::Broken { tries, last })
    }
}

/// Whether an error concerns this image alone, so that others can still be read: a file that is missing, broken or
/// may not be read, but not a failing disk.
fn is_of_the_image(error: &DataError) -> bool {
    match error {
        DataError::Io { reason, .. } => matches!(
            reason.kind(),
            ErrorKind::NotFound
                | ErrorKind::PermissionDenied
                | ErrorKind::IsADirectory
                | ErrorKind::NotADirectory
                | ErrorKind::InvalidFilename
                | ErrorKind::InvalidInput
        ),
        error => matches!(error, DataError::Image { .. }),
    }
}

impl BatchSource<ImageBatch> for ImageLoader {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        if !self.preprocess.is_fixed() {
            return Err(BatchError::new(position, DataError::Sizes));
        }
        let mut rows = self.rows(size);
        let read = rows.each(|row, values| self.read_at(position + row as u64, values));
        match read.into_iter().find_map(Result::err) {
            Some(error) => Err(BatchError::new(position, error)),
            None => Ok(rows.batch()),
        }
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.set.len() as u64)
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "images": self.set.fingerprint(),
            "preprocess": self.preprocess.to_string(),
            "exif_orientation": self.decoding.exif_orientation,
            "seed": self.seed,
        })
    }
}

/// The images in the order of the set. Random steps draw as in epoch 0; rows without an image and those
/// of broken images are zeros.
impl HeldOut<ImageBatch> for ImageLoader {
    fn len(&self) -> usize {
        self.set.len()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<ImageBatch>, BatchError> {
        if !self.preprocess.is_fixed() {
            let alone = if size == 1 { self.alone(first) } else { Err(DataError::Sizes) };
            return alone.map_err(|error| BatchError::new(first as u64, error));
        }
        let mut rows = self.rows(size);
        let is_there = |row: usize| first + row < self.set.len();
        let read = rows.each(|row, values| match is_there(row) {
            true => Ok(self.read(first + row, 0, values)?.is_none()),
            false => Ok(false),
        });
        let mask = read.into_iter().collect::<Result<Vec<bool>, DataError>>();
        let mask = mask.map_err(|error| BatchError::new(first as u64, error))?;
        Ok(Masked { batch: rows.batch(), mask, first })
    }
}

/// A batch that is being filled.
struct Rows {
    sides: [usize; 2],
    image: usize,
    classes: usize,
    images: Vec<f32>,
    targets: Vec<f32>,
}

impl Rows {
    fn row(&mut self, row: usize) -> (&mut [f32], &mut [f32]) {
        (
            &mut self.images[row * self.image..][..self.image],
            &mut self.targets[row * self.classes..][..self.classes],
        )
    }

    /// Fills all rows, on the threads of this pool of rayon: a thread makes an image and not a batch.
    fn each<T: Send>(
        &mut self,
        fill: impl Fn(usize, (&mut [f32], &mut [f32])) -> T + Sync,
    ) -> Vec<T> {
        let Self { image, classes, images, targets, .. } = self;
        let mut targets = &mut targets[..];
        let rows = images.chunks_exact_mut(*image).map(|values| {
            // Chunks of nothing are none, and there may be no classes.
            let (of_row, rest) = std::mem::take(&mut targets).split_at_mut(*classes);
            targets = rest;
            (values, of_row)
        });
        let rows: Vec<_> = rows.collect();
        rows.into_par_iter().enumerate().map(|(row, values)| fill(row, values)).collect()
    }

    fn batch(self) -> ImageBatch {
        let size = self.images.len() / self.image;
        let [height, width] = self.sides;
        ImageBatch::new(
            TensorData::new(self.images, [size, 3, height, width]),
            TensorData::new(self.targets, [size, self.classes]),
        )
    }
}

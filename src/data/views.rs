//! Views of images: random crops and mixtures that can be made again.

use crate::data::batch::{BatchError, BatchSource, ExampleKey, ImageBatch, permuted};
use crate::data::error::DataError;
use crate::data::image::DecodeOptions;
use crate::data::preprocess::Preprocess;
use crate::data::set::ImageSet;

use burn::tensor::TensorData;
use rayon::prelude::*;
use serde_json::{Value, json};

/// What the mixture of a view is drawn from; the numbers below are of the steps of preprocessing.
const MIXTURE: u64 = 1 << 32;

/// A fixed number of views of each image of a set, to distil a patient and consistent teacher: a view is what the random steps
/// of preprocessing make of an image, mixed with the same view of another image.
///
/// View, partner and share are functions of the seed, the image and the number of the view alone. So views can be made again
/// at any time, on any number of threads and in batches of any size, and what a teacher said of them can be kept. Two `Views`
/// of one set with one seed draw the same numbers: where the steps of their preprocessing stand at the same places, a crop for the
/// teacher is the student's crop in another size.
///
/// As a [`BatchSource`] it gives epoch after epoch each image once, in an order of its own; epoch `e` sees view
/// `e mod views`.
///
/// # Reference
///
/// "Knowledge distillation: A good teacher is patient and consistent": mixup of every image, with a share λ ~ U(0, 1), `max(λ, 1 − λ)`
/// for the image itself. There the partner is the next image of the batch; here it is drawn, so that no batch matters.
///
/// ```
/// use std::path::Path;
/// use vit22b::data::{ImageSet, Views};
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
/// let set = ImageSet::folder(Path::new(folder))?;
/// let views = Views::new(set, "inception_crop(32)|flip_lr|value_range(-1, 1)".parse()?, 8, 7)?;
/// let (partner, share) = views.mixture(0, 5);
/// assert!(partner < views.set().len() && (0.5..=1.0).contains(&share));
/// let batch = views.batch_of(&[(0, 5), (1, 5)])?;
/// assert_eq!(batch.images.to_data(), views.batch_of(&[(0, 5), (1, 5)])?.images.to_data());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Views {
    set: ImageSet,
    preprocess: Preprocess,
    decoding: DecodeOptions,
    views: u64,
    seed: u64,
    mixup: bool,
}

impl Views {
    /// So many views of each image, mixed in pairs. Of 0 views one is made.
    ///
    /// # Errors
    ///
    /// [`DataError::Empty`] for a set without images, [`DataError::Sizes`] for images that get sizes of their own.
    pub fn new(
        set: ImageSet,
        preprocess: Preprocess,
        views: u64,
        seed: u64,
    ) -> Result<Self, DataError> {
        if set.is_empty() {
            return Err(DataError::Empty);
        }
        if !preprocess.is_fixed() {
            return Err(DataError::Sizes);
        }
        let decoding = DecodeOptions::default();
        Ok(Self { set, preprocess, decoding, views: views.max(1), seed, mixup: true })
    }

    /// Sets whether views are mixed in pairs.
    #[must_use]
    pub fn with_mixup(self, mixup: bool) -> Self {
        Self { mixup, ..self }
    }

    /// Sets how images are decoded.
    #[must_use]
    pub fn with_decoding(self, decoding: DecodeOptions) -> Self {
        Self { decoding, ..self }
    }

    /// The same views with other preprocessing, such as that of a teacher.
    ///
    /// # Errors
    ///
    /// [`DataError::Sizes`] for images that get sizes of their own.
    pub fn with_preprocess(self, preprocess: Preprocess) -> Result<Self, DataError> {
        match preprocess.is_fixed() {
            true => Ok(Self { preprocess, ..self }),
            false => Err(DataError::Sizes),
        }
    }

    /// The images.
    pub fn set(&self) -> &ImageSet {
        &self.set
    }

    /// The steps of preprocessing.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The number of views of each image.
    pub fn views(&self) -> u64 {
        self.views
    }

    /// The image with which a view of an image is mixed, and the share of the image itself, at least one half; the
    /// image alone where views are not mixed.
    pub fn mixture(&self, image: usize, view: u64) -> (usize, f32) {
        if !self.mixup {
            return (image, 1.0);
        }
        let mut rng = ExampleKey::new(self.seed, view, image as u64).rng(MIXTURE);
        let share = rng.f32();
        (rng.usize(..self.set.len()), share.max(1.0 - share))
    }

    /// The image and the view at a position of an endless run.
    pub fn at(&self, position: u64) -> (usize, u64) {
        let count = self.set.len() as u64;
        let epoch = position / count;
        let order = ExampleKey::new(self.seed, epoch, u64::MAX);
        (permuted(position % count, count, order) as usize, epoch % self.views)
    }

    /// The views of images as a batch. Targets are mixed as the images are. Threads share the images of a batch.
    ///
    /// # Errors
    ///
    /// [`DataError`] for an image that cannot be read: what a teacher said must have its image.
    ///
    /// # Panics
    ///
    /// For an image that is not in the set.
    pub fn batch_of(&self, views: &[(usize, u64)]) -> Result<ImageBatch, DataError> {
        let [height, width] = self.preprocess.size();
        let pixels = 3 * height * width;
        let mut images = vec![0.0; views.len() * pixels];
        // Where batches are made ahead on threads, these are the threads.
        let rows = views.par_iter().zip(images.par_chunks_mut(pixels.max(1)));
        let rows = rows.map(|((image, view), values)| self.row(*image, *view, values));
        let targets = rows.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(ImageBatch::new(
            TensorData::new(images, [views.len(), 3, height, width]),
            TensorData::new(targets.concat(), [views.len(), self.set.classes().len()]),
        ))
    }

    /// Writes a view of an image, and gives its target.
    fn row(&self, image: usize, view: u64, values: &mut [f32]) -> Result<Vec<f32>, DataError> {
        let mut target = vec![0.0; self.set.classes().len()];
        self.write(image, view, values, &mut target)?;
        let (partner, share) = self.mixture(image, view);
        if partner != image {
            let (mut other, mut others) = (vec![0.0; values.len()], vec![0.0; target.len()]);
            self.write(partner, view, &mut other, &mut others)?;
            mix(values, &other, share);
            mix(&mut target, &others, share);
        }
        Ok(target)
    }

    fn write(
        &self,
        image: usize,
        view: u64,
        values: &mut [f32],
        target: &mut [f32],
    ) -> Result<(), DataError> {
        let decoded = self.set.decode(image, self.decoding)?;
        self.preprocess.write(&decoded, ExampleKey::new(self.seed, view, image as u64), values);
        self.set.mark(image, target);
        Ok(())
    }
}

fn mix(values: &mut [f32], others: &[f32], share: f32) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = share * *value + (1.0 - share) * other;
    }
}

impl BatchSource<ImageBatch> for Views {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let views: Vec<_> = (position..position + size as u64).map(|at| self.at(at)).collect();
        self.batch_of(&views).map_err(|error| BatchError::new(position, error))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.set.len() as u64)
    }

    fn describe(&self) -> Value {
        json!({
            "images": self.set.fingerprint(),
            "preprocess": self.preprocess.to_string(),
            "exif_orientation": self.decoding.exif_orientation,
            "views": self.views,
            "mixup": self.mixup,
            "seed": self.seed,
        })
    }
}

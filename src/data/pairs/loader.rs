//! Pairs as batches, for training and for evaluation.

use rayon::prelude::*;
use serde_json::{Value, json};

use super::Pairs;
use super::crop::JointCrop;
use super::truth::Truth;
use crate::data::batch::{BatchError, BatchSource, ExampleKey, HeldOut, Masked, permuted};
use crate::data::error::DataError;
use crate::data::image::DecodeOptions;

/// Random crops of [`Pairs`], joined to batches.
///
/// As a [`BatchSource`] it gives batches without end. Each epoch has its own order, in which every pair comes once; order and crops
/// follow from the seed and the position. As [`HeldOut`] examples it gives each pair once, as a crop of epoch 0. A pair
/// that cannot be read is an error, since a part of the truth would be missing without a word.
///
/// ```
/// use std::sync::Arc;
/// use vit22b::data::{BatchSource, ImageSet, DepthMap, DepthTruth, JointCrop, PairLoader, Pairs};
///
/// # let root = std::env::temp_dir().join(format!("pair-loader-{}", std::process::id()));
/// # std::fs::create_dir_all(root.join("depths"))?;
/// # std::fs::create_dir_all(root.join("images"))?;
/// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
/// # std::fs::copy(photo, root.join("images/photo.jpg"))?;
/// DepthMap::new(50, 75, vec![3.5; 50 * 75])?.write(&root.join("depths/photo.npy"), 1.0)?;
/// let pairs = Pairs::open::<DepthTruth>(ImageSet::folder(&root.join("images"))?, &root.join("depths"))?;
/// let statistics = [[0.5; 3]; 2]; // mean and standard deviation: values in [−1, 1]
/// let loader = PairLoader::new(pairs, DepthTruth::new(256.0)?, JointCrop::new([32, 32]), statistics)?;
/// let batch = loader.batch(0, 4)?;
/// assert_eq!((batch.images.dims(), batch.depths.dims()), ([4, 3, 32, 32], [4, 32, 32]));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PairLoader<T> {
    pairs: Pairs,
    truth: T,
    crop: JointCrop,
    statistics: [[f32; 3]; 2],
    decoding: DecodeOptions,
    seed: u64,
}

impl<T: Truth> PairLoader<T> {
    /// A loader with seed 0. `statistics` are mean and standard deviation of each channel, of values in [0, 1], as
    /// [`Preprocess::normalisation`](crate::data::Preprocess::normalisation) says them.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] for crops that are not valid.
    pub fn new(
        pairs: Pairs,
        truth: T,
        crop: JointCrop,
        statistics: [[f32; 3]; 2],
    ) -> Result<Self, DataError> {
        crop.validate()?;
        Ok(Self { pairs, truth, crop, statistics, decoding: DecodeOptions::default(), seed: 0 })
    }

    /// Sets the seed that orders and crops follow from.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets how images are decoded.
    #[must_use]
    pub fn with_decoding(self, decoding: DecodeOptions) -> Self {
        Self { decoding, ..self }
    }

    /// The pairs.
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    fn join(&self, examples: Vec<(usize, u64)>) -> Result<T::Batch, DataError> {
        let [height, width] = self.crop.size;
        let plane = height * width;
        let mut values = vec![0.0; 3 * plane * examples.len()];
        let rows = values.chunks_exact_mut(3 * plane).zip(&examples).collect::<Vec<_>>();
        let crops = rows.into_par_iter().map(|(values, (index, epoch))| {
            let (image, pixels) = self.pairs.read(*index, &self.truth, self.decoding)?;
            let mut rng = ExampleKey::new(self.seed, *epoch, *index as u64).rng(0);
            let pair = (&image, &pixels[..]);
            Ok(self.crop.draw(pair, &self.truth, self.statistics, &mut rng, values))
        });
        let crops = crops.collect::<Result<Vec<_>, DataError>>()?;
        Ok(T::batch(values, crops.concat(), [examples.len(), height, width]))
    }
}

impl<T: Truth> BatchSource<T::Batch> for PairLoader<T> {
    fn batch(&self, position: u64, size: usize) -> Result<T::Batch, BatchError> {
        let count = self.pairs.len() as u64;
        let example = |position: u64| {
            let epoch = position / count;
            let order = ExampleKey::new(self.seed, epoch, u64::MAX);
            (permuted(position % count, count, order) as usize, epoch)
        };
        let examples = (position..position + size as u64).map(example).collect();
        self.join(examples).map_err(|error| BatchError::new(position, error))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.pairs.len() as u64)
    }

    fn describe(&self) -> Value {
        json!({
            "images": self.pairs.images().fingerprint(),
            "truth": self.truth.describe(),
            "crop": self.crop,
            "statistics": self.statistics,
            "exif_orientation": self.decoding.exif_orientation,
            "seed": self.seed,
        })
    }
}

impl<T: Truth> HeldOut<T::Batch> for PairLoader<T> {
    fn len(&self) -> usize {
        self.pairs.len()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<T::Batch>, BatchError> {
        let last = self.pairs.len() - 1;
        let mask = (first..first + size).map(|index| index <= last).collect();
        // Rows behind the last pair hold it again.
        let examples = (first..first + size).map(|index| (index.min(last), 0)).collect();
        let batch = self.join(examples).map_err(|error| BatchError::new(first as u64, error))?;
        Ok(Masked { batch, mask, first })
    }
}

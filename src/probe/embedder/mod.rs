//! From images to features, by a frozen model.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use burn::tensor::{DType, Tensor};

use super::error::EmbedError;
use super::image_features::{BatchFeatures, ImageFeatures};
use super::request::{Asked, FeatureFunction, Question, Questions};
use super::table::FeatureTable;
use crate::data::preprocess::Preprocess;
use crate::data::{BrokenImages, DecodeOptions, ImageLoader, ImageSet, OnBroken};
use crate::params::NamedTensors;
use crate::runtime::{Bound, Runtime};
use crate::train::Precision;
use crate::vit::{FeatureRequest, ViT22B, ViT22BConfig};

/// Images of a batch, unless [`Embedder::with_batch`] says otherwise.
const BATCH: usize = 8;
/// The most threads that decode images, unless [`Embedder::with_threads`] says otherwise.
const MOST_THREADS: usize = 8;

/// A frozen model on a [`Runtime`] with the preprocessing of its images: the one way from images to
/// features.
///
/// Images are decoded ahead on threads. All batches have one size, so that one program serves them all;
/// the last one is filled up with zeros, whose features are dropped. The model's parameters are
/// copied to the device once, for every kind of features.
///
/// ```
/// use std::path::Path;
/// use vit22b::{Runtime, data::ImageSet, probe::Embedder, vit::Variant};
///
/// let runtime = Runtime::flex();
/// let model = Variant::parse("mu/16")?.config(0).with_image([32, 32]).init(&runtime.device())?;
/// let preprocess = "resize(32)|value_range(-1, 1)".parse()?;
/// let embedder = Embedder::new(&runtime, model, preprocess)?.with_batch(16);
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
/// let set = ImageSet::folder(Path::new(folder))?;
/// let (table, broken) = embedder.embed(&set, |done| eprintln!("{done} of {}", set.len()))?;
/// assert_eq!((table.rows(), table.columns()), (set.len(), 32));
/// assert!(broken.images.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Embedder {
    model: Bound<ViT22B, (Tensor<4>, Asked), NamedTensors>,
    config: ViT22BConfig,
    precision: Precision,
    preprocess: Preprocess,
    batch: usize,
    threads: usize,
    on_broken: OnBroken,
    decoding: DecodeOptions,
    seed: u64,
    questions: Questions,
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder")
            .field("model", &self.model)
            .field("preprocess", &self.preprocess.to_string())
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

impl Embedder {
    /// Puts a model on the device of a runtime. Images are preprocessed by these steps, and come in
    /// batches of 8.
    ///
    /// # Errors
    ///
    /// [`EmbedError::Channels`] or [`EmbedError::Size`] if the steps make images that the model does
    /// not take, [`EmbedError::Runtime`] if the device has no room for the model.
    pub fn new(
        runtime: &Runtime,
        model: ViT22B,
        preprocess: Preprocess,
    ) -> Result<Self, EmbedError> {
        Self::in_precision(runtime, model, preprocess, Precision::F32)
    }

    /// As [`new`](Self::new), with a model that computes in a precision. Features are f32 in both.
    ///
    /// In bf16 each of a block's results is rounded to 8 bits: pooled vectors differ from those in f32 by one to
    /// three hundredths of their length. It is faster where the device multiplies bf16 faster
    /// ([`Runtime::is_faster_in_bf16`]).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`EmbedError::Runtime`] for bf16 on a device that has none.
    pub fn in_precision(
        runtime: &Runtime,
        model: ViT22B,
        preprocess: Preprocess,
        precision: Precision,
    ) -> Result<Self, EmbedError> {
        precision.check_on(runtime)?;
        let config = model.config().clone();
        let ([height, width], patch) = (preprocess.size(), config.patch);
        if config.channels != 3 {
            return Err(EmbedError::Channels { channels: config.channels });
        }
        if !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
            let steps = Box::new(preprocess);
            return Err(EmbedError::Size { steps, height, width, patch });
        }
        let answer = move |model: &ViT22B, (images, asked): (Tensor<4>, Asked)| {
            asked.answer(model, precision.cast_tensor(images))
        };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            model: runtime.bind(precision.cast(model), answer)?,
            config,
            precision,
            preprocess,
            batch: BATCH,
            threads: cores.clamp(2, MOST_THREADS),
            on_broken: OnBroken::default(),
            decoding: DecodeOptions::default(),
            seed: 0,
            questions: Questions::default(),
        })
    }

    /// Takes the parameters of another model of the same config, without compiling anything anew.
    pub(super) fn set_model(&mut self, model: ViT22B) -> Result<(), EmbedError> {
        Ok(self.model.set_state(self.precision.cast(model))?)
    }

    /// Images of a batch, at least 1.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Threads that decode images, at least 1. Default: one for each core, from 2 to 8.
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// What happens at an image that cannot be read: it is left out, which is the default, or the
    /// call ends with an error.
    pub fn with_broken(self, on_broken: OnBroken) -> Self {
        Self { on_broken, ..self }
    }

    /// How images are decoded: the most pixels, and whether they are turned upright.
    pub fn with_decoding(self, decoding: DecodeOptions) -> Self {
        Self { decoding, ..self }
    }

    /// The seed of steps that draw, such as random crops. Default: 0.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The config of the model.
    pub fn config(&self) -> &ViT22BConfig {
        &self.config
    }

    /// The type in which the model computes.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The steps from a decoded image to what the model takes.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The pooled vectors of all images of a set, with their names and labels, and the images that
    /// could not be read. After each batch, `progress` gets the number of images that are done.
    ///
    /// # Errors
    ///
    /// [`EmbedError`] for a set without images, for an image that cannot be read if
    /// [`Self::with_broken`] says so, for one whose features are NaN or infinite, or if the model cannot be run.
    pub fn embed(
        &self,
        set: &ImageSet,
        mut progress: impl FnMut(usize),
    ) -> Result<(FeatureTable, BrokenImages), EmbedError> {
        let (mut values, mut embedded) = (Vec::new(), Vec::new());
        let broken = self.each_batch(set, &self.pooled(), |rows, features, done| {
            for (row, index) in rows {
                let pooled = features.image(*row).values("pooled").unwrap_or_default();
                if pooled.iter().any(|value| !value.is_finite()) {
                    return Err(EmbedError::Features { name: set.name(*index) });
                }
                values.extend(pooled);
                embedded.push(*index);
            }
            progress(done);
            Ok(())
        })?;
        let names = embedded.iter().map(|index| set.name(*index));
        let labels = embedded.iter().map(|index| set.item(*index).labels).collect();
        let mut table = FeatureTable::new(values, self.config.width)?.with_names(names)?;
        if !set.classes().is_empty() {
            table = table.with_labels(set.classes().iter().cloned(), labels)?;
        }
        Ok((table, broken))
    }

    /// The pooled vectors of images in memory, which are preprocessed already.
    ///
    /// # Shapes
    ///
    /// - images: `[n, 3, height, width]`, any size that the patch divides
    /// - returns: `[n, d]`
    ///
    /// # Errors
    ///
    /// [`EmbedError::Images`] for other shapes, [`EmbedError::Runtime`] if the model cannot be run.
    pub fn tensor(&self, images: Tensor<4>) -> Result<Tensor<2>, EmbedError> {
        self.of_images(images, FeatureRequest::new().pooled(), "pooled")
    }

    /// The tokens that enter the pooling, of images in memory, which are preprocessed already. They keep what
    /// is where in an image, which the pooled vector does not have to.
    ///
    /// # Shapes
    ///
    /// - images: as in [`Self::tensor`]
    /// - returns: `[n, tokens, d]`
    ///
    /// # Errors
    ///
    /// As [`Self::tensor`].
    pub fn tokens(&self, images: Tensor<4>) -> Result<Tensor<3>, EmbedError> {
        self.of_images(images, FeatureRequest::new().encoded(), "encoded")
    }

    /// One kind of features of images in memory, under the name that it has in [`Features`](crate::vit::Features).
    fn of_images<const D: usize>(
        &self,
        images: Tensor<4>,
        request: FeatureRequest,
        name: &str,
    ) -> Result<Tensor<D>, EmbedError> {
        let (shape, patch) = (images.dims(), self.config.patch);
        let [n, channels, height, width] = shape;
        let fits = |side: usize| side > 0 && side.is_multiple_of(patch);
        if n == 0 || channels != 3 || !fits(height) || !fits(width) {
            return Err(EmbedError::Images { patch, got: shape });
        }
        let asked = self.questions.ask(Question::Features(request));
        let batches = images.split(self.batch, 0).into_iter().map(|images| {
            let [n, ..] = images.dims();
            let missing = self.batch - n;
            let images = match missing {
                0 => images,
                _ => {
                    let rest = [missing, channels, height, width];
                    let rest = Tensor::zeros(rest, (&images.device(), images.dtype()));
                    Tensor::cat(vec![images, rest], 0)
                }
            };
            let features = self.model.call((images, asked.clone()))?.take::<D>(name);
            Ok(features.expect("it was asked for").narrow(0, 0, n).cast(DType::F32))
        });
        Ok(Tensor::cat(batches.collect::<Result<Vec<_>, EmbedError>>()?, 0))
    }

    /// Hands on the features that are asked for, image by image with its index in the set: tokens,
    /// attention, or the output of any block. Returns the images that could not be read.
    ///
    /// # Errors
    ///
    /// As [`Self::embed`], [`EmbedError::Feature`] for a feature that the model does not have, and
    /// the first error of `each`.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use vit22b::{Runtime, data::ImageSet, probe::{EmbedError, Embedder}, vit::{FeatureRequest, Variant}};
    /// # let runtime = Runtime::flex();
    /// # let model = Variant::parse("mu/16")?.config(0).with_image([32, 32]).init(&runtime.device())?;
    /// # let embedder = Embedder::new(&runtime, model, "resize(32)|value_range(-1, 1)".parse()?)?;
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
    /// # let set = ImageSet::folder(Path::new(folder))?;
    /// let request = FeatureRequest::new().encoded().attention(0);
    /// embedder.visit(&set, &request, |index, features| {
    ///     assert_eq!(features.shape("encoded"), Some(&[4, 32][..]), "{}", set.name(index));
    ///     assert_eq!(features.values("attention0").map(<[f32]>::len), Some(2 * 4 * 4));
    ///     Ok::<_, EmbedError>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn visit<E: From<EmbedError>>(
        &self,
        set: &ImageSet,
        request: &FeatureRequest,
        each: impl FnMut(usize, ImageFeatures<'_>) -> Result<(), E>,
    ) -> Result<BrokenImages, E> {
        request.validate(&self.config).map_err(EmbedError::Feature)?;
        self.each_image(set, Question::Features(request.clone()), each)
    }

    /// As [`Self::visit`], with named tensors that a function makes of the model and a batch of
    /// images. The first axis of each tensor is the images. A runtime that compiles does so at the first
    /// call with this function; the calls after it, for any set, take the same program.
    ///
    /// # Errors
    ///
    /// As [`Self::visit`].
    pub fn visit_with<E: From<EmbedError>>(
        &self,
        set: &ImageSet,
        function: &FeatureFunction,
        each: impl FnMut(usize, ImageFeatures<'_>) -> Result<(), E>,
    ) -> Result<BrokenImages, E> {
        self.each_image(set, Question::Function(function.clone()), each)
    }

    /// The images of a set, as this embedder reads them.
    pub(super) fn loader(&self, set: &ImageSet) -> Result<ImageLoader, EmbedError> {
        self.loader_of(set, self.preprocess.clone())
    }

    /// The same with other steps of preprocessing.
    pub(super) fn loader_of(
        &self,
        set: &ImageSet,
        preprocess: Preprocess,
    ) -> Result<ImageLoader, EmbedError> {
        let loader = ImageLoader::new(set.clone(), preprocess)?;
        let loader = loader.with_broken(self.on_broken).with_decoding(self.decoding);
        Ok(loader.with_seed(self.seed))
    }

    /// Images of a batch. Those of different sizes come one by one.
    pub(super) fn batch_size(&self) -> usize {
        if self.preprocess.is_fixed() { self.batch } else { 1 }
    }

    /// The seed of steps that draw.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(crate) fn decoding(&self) -> DecodeOptions {
        self.decoding
    }

    /// The pooled vectors of a batch.
    pub(super) fn pooled_of(&self, images: Tensor<4>) -> Result<BatchFeatures, EmbedError> {
        Ok(BatchFeatures::read(self.model.call((images, self.pooled()))?))
    }

    fn pooled(&self) -> Asked {
        self.questions.ask(Question::Features(FeatureRequest::new().pooled()))
    }

    fn each_image<E: From<EmbedError>>(
        &self,
        set: &ImageSet,
        question: Question,
        mut each: impl FnMut(usize, ImageFeatures<'_>) -> Result<(), E>,
    ) -> Result<BrokenImages, E> {
        self.each_batch(set, &self.questions.ask(question), |rows, features, _| {
            rows.iter().try_for_each(|(row, index)| each(*index, features.image(*row)))
        })
    }

    /// Calls a function with the rows of each batch that are images, each with its index in the set,
    /// with the batch's features, and with the number of images that are done.
    fn each_batch<E: From<EmbedError>>(
        &self,
        set: &ImageSet,
        asked: &Asked,
        mut each: impl FnMut(&[(usize, usize)], &BatchFeatures, usize) -> Result<(), E>,
    ) -> Result<BrokenImages, E> {
        let loader = Arc::new(self.loader(set)?);
        let size = self.batch_size();
        for batch in loader.epoch(size, self.threads) {
            let batch = batch.map_err(EmbedError::Batch)?;
            let rows: Vec<(usize, usize)> = batch.indices().collect();
            let done = (batch.first + size).min(set.len());
            let arguments = (batch.batch.images, asked.clone());
            let features = self.model.call(arguments).map_err(EmbedError::Runtime)?;
            each(&rows, &BatchFeatures::read(features), done)?;
        }
        Ok(loader.broken())
    }
}

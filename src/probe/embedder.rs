//! From images to features, by a frozen model.

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
    /// In bf16 each of a block's results is rounded to 8 bits: pooled vectors differ from those in f32 by about a
    /// hundredth of their length. It is faster where the device multiplies bf16 faster
    /// ([`Runtime::is_faster_in_bf16`]).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn in_precision(
        runtime: &Runtime,
        model: ViT22B,
        preprocess: Preprocess,
        precision: Precision,
    ) -> Result<Self, EmbedError> {
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
            questions: Questions::default(),
        })
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
        let loader = ImageLoader::new(set.clone(), self.preprocess.clone())?;
        Ok(loader.with_broken(self.on_broken).with_decoding(self.decoding))
    }

    /// Images of a batch. Those of different sizes come one by one.
    pub(super) fn batch_size(&self) -> usize {
        if self.preprocess.is_fixed() { self.batch } else { 1 }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn decoding(&self) -> DecodeOptions {
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    #[cfg(feature = "xla")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use burn::tensor::Device;

    use super::*;

    const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");

    fn config() -> ViT22BConfig {
        let config = ViT22BConfig::new(0).with_image([32, 32]).with_patch(16).with_width(24);
        config.with_depth(2).with_mlp_dim(48).with_num_heads(3)
    }

    fn embedder() -> Embedder {
        let model = config().init(&Device::flex()).unwrap();
        let preprocess = "resize(32)|value_range(-1, 1)".parse().unwrap();
        Embedder::new(&Runtime::flex(), model, preprocess).unwrap()
    }

    /// Two images of each of two classes in folders, and a list of the same with a file that is no image.
    fn sets(name: &str) -> (PathBuf, [ImageSet; 2]) {
        let root = std::env::temp_dir().join(format!("vit22b-{name}-{}", std::process::id()));
        let files =
            [("cat", "scene.png"), ("cat", "dark.png"), ("dog", "photo.jpg"), ("dog", "grey.png")];
        let mut list = String::from("path,label\n");
        for (class, file) in files {
            std::fs::create_dir_all(root.join("classes").join(class)).unwrap();
            let path = Path::new("classes").join(class).join(file);
            std::fs::copy(Path::new(IMAGES).join(file), root.join(&path)).unwrap();
            list += &format!("{},{class}\n", path.display());
        }
        std::fs::write(root.join("no.png"), "no image").unwrap();
        list.insert_str("path,label\n".len(), "no.png,dog\n");
        std::fs::write(root.join("list.csv"), list).unwrap();
        let folders = ImageSet::class_folders(&root.join("classes")).unwrap();
        let list = ImageSet::list(&root.join("list.csv")).unwrap();
        (root, [folders, list])
    }

    #[test]
    fn a_folder_and_a_list_become_tables_with_names_and_labels() {
        let (root, [folders, list]) = sets("embed");
        let embedder = embedder().with_batch(3);
        let mut done = Vec::new();
        let (of_folders, broken) = embedder.embed(&folders, |images| done.push(images)).unwrap();
        assert_eq!((done, broken.images.len()), (vec![3, 4], 0));
        assert_eq!(
            of_folders.names(),
            ["cat/dark.png", "cat/scene.png", "dog/grey.png", "dog/photo.jpg"]
        );
        assert_eq!(of_folders.classes(), ["cat", "dog"]);
        assert_eq!(of_folders.first_labels().unwrap(), [0, 0, 1, 1]);
        let (of_list, broken) = embedder.embed(&list, |_| ()).unwrap();
        assert_eq!((broken.of, broken.images.len()), (5, 1));
        assert_eq!(broken.images[0].0, list.name(0));
        assert_eq!(of_list.first_labels().unwrap(), [0, 0, 1, 1]);
        // The list has scene.png before dark.png.
        let row = |table: &FeatureTable, row| table.matrix().row(row).to_vec();
        for (here, there) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
            assert_eq!(row(&of_list, here), row(&of_folders, there));
        }
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn features_do_not_depend_on_the_batch_and_are_those_of_the_model() {
        let set = ImageSet::folder(Path::new(IMAGES)).unwrap();
        let embedder = embedder();
        let loader = ImageLoader::new(set.clone(), embedder.preprocess().clone()).unwrap();
        let batch = Arc::new(loader).epoch(set.len(), 1).next().unwrap().unwrap();
        let images = batch.batch.images;
        let (table, _) = embedder.embed(&set, |_| ()).unwrap();
        let values = embedder.tensor(images.clone()).unwrap().into_data();
        let far = |(a, b): (f32, &f32)| (a - b).abs() > 1e-5;
        assert_eq!(
            values.iter::<f32>().zip(table.matrix().values()).filter(|x| far(*x)).count(),
            0
        );
        let embedder = embedder.with_batch(7);
        let again = embedder.tensor(images.clone()).unwrap().into_data();
        assert_eq!(again.iter::<f32>().zip(table.matrix().values()).filter(|x| far(*x)).count(), 0);
        assert_eq!(again.shape()[..], [set.len(), 24]);

        let tokens = embedder.tokens(images).unwrap();
        assert_eq!(tokens.dims(), [set.len(), 4, 24]);
        let tokens: Vec<f32> = tokens.into_data().iter().collect();
        let visit = embedder.visit(&set, &FeatureRequest::new().encoded(), |index, features| {
            let visited = features.values("encoded").unwrap().iter();
            let here = &tokens[index * 4 * 24..][..4 * 24];
            assert!(visited.zip(here).all(|(a, b)| !far((*a, b))), "{index}");
            Ok::<_, EmbedError>(())
        });
        assert!(visit.unwrap().images.is_empty());
    }

    #[test]
    fn features_in_bf16_are_those_in_f32_but_for_rounding() {
        let set = ImageSet::folder(Path::new(IMAGES)).unwrap();
        let model = config().init(&Device::flex()).unwrap();
        let make = |precision| {
            let preprocess = "resize(32)|value_range(-1, 1)".parse().unwrap();
            Embedder::in_precision(&Runtime::flex(), model.clone(), preprocess, precision).unwrap()
        };
        let [wide, narrow] =
            [Precision::F32, Precision::Bf16].map(|p| make(p).embed(&set, |_| ()).unwrap().0);
        let length = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
        let mut differ = false;
        for row in 0..set.len() {
            let (wide, narrow) = (wide.matrix().row(row), narrow.matrix().row(row));
            let off: Vec<_> = wide.iter().zip(narrow).map(|(x, y)| x - y).collect();
            // Some roundings to 8 bits, each of which is off by 1/512 on average, in two blocks.
            assert!(length(&off) < 0.02 * length(wide), "{wide:?} {narrow:?}");
            differ |= length(&off) > 0.0;
        }
        assert!(differ);
    }

    #[test]
    fn tokens_attention_and_functions_are_visited_image_by_image() {
        let (root, [set, _]) = sets("visit");
        let embedder = embedder().with_batch(3);
        let (table, _) = embedder.embed(&set, |_| ()).unwrap();
        let request = FeatureRequest::new().block(0).attention(1).pooled();
        let mut seen = Vec::new();
        let each = |index: usize, features: ImageFeatures<'_>| {
            assert_eq!(features.names().collect::<Vec<_>>(), ["attention1", "block0", "pooled"]);
            assert_eq!(features.shape("block0"), Some(&[4, 24][..]));
            let attention = features.values("attention1").unwrap();
            assert!(
                attention.chunks_exact(4).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5)
            );
            let pooled = features.values("pooled").unwrap();
            assert!(
                pooled.iter().zip(table.matrix().row(index)).all(|(a, b)| (a - b).abs() < 1e-5)
            );
            assert_eq!(features.values("logits"), None);
            seen.push(index);
            Ok::<_, EmbedError>(())
        };
        embedder.visit(&set, &request, each).unwrap();
        assert_eq!(seen, [0, 1, 2, 3]);
        let mut sums: Vec<f32> = Vec::new();
        let sum = FeatureFunction::new(|model, images| {
            let mut out = NamedTensors::default();
            out.insert("sum", model.pooled(images).sum_dim(1));
            out
        });
        let each = |_: usize, features: ImageFeatures<'_>| {
            sums.extend(features.values("sum").unwrap());
            Ok::<_, EmbedError>(())
        };
        embedder.visit_with(&set, &sum, each).unwrap();
        for (sum, row) in sums.iter().zip(table.matrix().iter()) {
            assert!((sum - row.iter().sum::<f32>()).abs() < 1e-4);
        }
        std::fs::remove_dir_all(root).unwrap();
    }

    #[cfg(feature = "xla")]
    #[test]
    fn a_function_is_compiled_once() {
        let (root, [folders, list]) = sets("compiled-once");
        let model = config().init(&Device::flex()).unwrap();
        let steps = "resize(32)|value_range(-1, 1)".parse().unwrap();
        let runtime = Runtime::named("xla:cpu").unwrap();
        let embedder = Embedder::new(&runtime, model, steps).unwrap().with_batch(3);
        // A function runs when it is recorded, and not when its program runs.
        let recorded = Arc::new(AtomicUsize::new(0));
        let counted = |name: &'static str, recorded: Arc<AtomicUsize>| {
            FeatureFunction::new(move |model, images| {
                recorded.fetch_add(1, Ordering::Relaxed);
                let mut out = NamedTensors::default();
                out.insert(name, model.pooled(images).sum_dim(1));
                out
            })
        };
        let sums = counted("sum", Arc::clone(&recorded));
        for set in [&folders, &folders, &list] {
            let each = |_: usize, features: ImageFeatures<'_>| {
                assert!(features.values("sum").is_some());
                Ok::<_, EmbedError>(())
            };
            embedder.visit_with(set, &sums, each).unwrap();
            assert_eq!(recorded.load(Ordering::Relaxed), 1);
        }
        // Another function of the same code, and a request in between.
        embedder.embed(&folders, |_| ()).unwrap();
        let other = counted("other", Arc::clone(&recorded));
        let each = |_: usize, features: ImageFeatures<'_>| {
            assert_eq!(features.names().collect::<Vec<_>>(), ["other"]);
            Ok::<_, EmbedError>(())
        };
        embedder.visit_with(&folders, &other, each).unwrap();
        assert_eq!(recorded.load(Ordering::Relaxed), 2);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[cfg(feature = "xla")]
    #[test]
    fn a_runtime_that_compiles_answers_every_request_from_one_copy_of_the_model() {
        let (root, [set, _]) = sets("compiled");
        let model = config().init(&Device::flex()).unwrap();
        let new = |runtime: Runtime| {
            let steps = "resize(32)|value_range(-1, 1)".parse().unwrap();
            Embedder::new(&runtime, model.clone(), steps).unwrap().with_batch(3)
        };
        let [eager, compiled] = [Runtime::flex(), Runtime::named("xla:cpu").unwrap()].map(new);
        let request = FeatureRequest::new().block(0).attention(1);
        let views = super::super::PatchViews { patches: true, attention: true };
        let all = |embedder: &Embedder| {
            let mut values: Vec<f32> = Vec::new();
            let mut each = |_: usize, features: ImageFeatures<'_>| {
                for name in features.names() {
                    values.extend(features.values(name).unwrap());
                }
                Ok::<_, EmbedError>(())
            };
            embedder.visit(&set, &request, &mut each).unwrap();
            embedder.visit_with(&set, &views.function(), &mut each).unwrap();
            embedder.visit(&set, &request, &mut each).unwrap();
            let (table, _) = embedder.embed(&set, |_| ()).unwrap();
            values.extend(table.matrix().values());
            values
        };
        let (expected, got) = (all(&eager), all(&compiled));
        assert_eq!(expected.len(), got.len());
        for (a, b) in expected.iter().zip(&got) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let new = |config: ViT22BConfig, steps: &str| {
            let model = config.init(&Device::flex()).unwrap();
            Embedder::new(&Runtime::flex(), model, steps.parse().unwrap()).unwrap_err().to_string()
        };
        assert_eq!(
            new(config(), "resize(40, 32)|value_range(-1, 1)"),
            "resize(40, 32, bilinear)|value_range(-1, 1): makes 40 × 32 pixels, expected multiples of \
             the patch, 16"
        );
        assert_eq!(
            new(config().with_channels(1), "resize(32)|value_range(-1, 1)"),
            "the model takes 1 channels, and images have 3"
        );
        let embedder = embedder().with_broken(OnBroken::Fail);
        let error = embedder.tensor(Tensor::zeros([1, 3, 32, 30], &Device::flex())).unwrap_err();
        assert!(error.to_string().ends_with("multiples of 16, got [1, 3, 32, 30]"), "{error}");
        let (root, [_, list]) = sets("broken");
        let error = embedder.embed(&list, |_| ()).unwrap_err().to_string();
        assert!(error.contains("no.png"), "{error}");
        let request = FeatureRequest::new().block(2);
        let visited = embedder.visit(&list, &request, |_, _| Ok::<_, EmbedError>(()));
        let error = visited.unwrap_err().to_string();
        assert_eq!(error, "feature \"block2\" is not known: the last one is block1");
        std::fs::remove_dir_all(root).unwrap();
    }
}

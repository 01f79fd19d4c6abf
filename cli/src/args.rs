//! Options that several verbs have, and what is made of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use vit22b::Runtime;
use vit22b::data::{DecodeOptions, ImageSet, OnBroken};
use vit22b::dense::{DepthModel, SegmentationModel};
use vit22b::probe::{Embedder, FeatureTable};
use vit22b::train::Precision;
use vit22b::weights::{LoadOptions, LoadedDense, WeightsFile};

use crate::given::About;
use crate::terminal::ImageBar;
use crate::unsaid::{Loaded, Unsaid, UnsaidOfTower, open_weights};
use crate::weights::WeightsName;

/// Where the work is done. Most backends of Burn are features of this program, and a name that is not built in is an
/// error that names its feature.
#[derive(Args)]
pub(crate) struct DeviceName {
    /// What computes: auto, flex, cuda[:n], rocm[:n], wgpu, vulkan,
    /// metal, tch[:n] or xla[:cpu|cuda|tpu]
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
}

impl DeviceName {
    pub(crate) fn runtime(&self) -> anyhow::Result<Runtime> {
        Runtime::named(&self.device).with_context(|| format!("--device {}", self.device))
    }

    /// The same with so many devices, of XLA.
    pub(crate) fn runtime_of(&self, devices: usize) -> anyhow::Result<Runtime> {
        let named = Runtime::with_devices(&self.device, devices);
        named.with_context(|| format!("--device {}", self.device))
    }
}

/// An error about a field of a config, a recipe or a run, with the name of the option that sets the field.
pub(crate) fn naming_option(
    error: impl Into<anyhow::Error>,
    options: &[(&str, &'static str)],
) -> anyhow::Error {
    let error = error.into();
    let text = error.to_string();
    match options.iter().find(|(field, _)| text.starts_with(field)) {
        Some((_, option)) => error.context(*option),
        None => error,
    }
}

/// The type of products and activations.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionName {
    F32,
    Bf16,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
        }
    }
}

/// The precision of a model that is asked and not trained.
#[derive(Args, Clone, Copy)]
pub(crate) struct ModelPrecision {
    /// The type of the model's products and activations. bf16 is faster
    /// on processors that multiply it; features then differ from those
    /// in f32 by one to three hundredths of their length
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
}

impl From<ModelPrecision> for Precision {
    fn from(chosen: ModelPrecision) -> Self {
        chosen.precision.into()
    }
}

impl ModelPrecision {
    /// Says that bf16 is faster, where it is and was not chosen.
    pub(crate) fn tell(self, runtime: &Runtime) {
        if self.precision == PrecisionName::F32 && runtime.is_faster_in_bf16() {
            eprintln!("note: --precision bf16 is faster here, and rounds to 8 bits");
        }
    }
}

/// A published model.
#[derive(Args)]
pub(crate) struct Weights {
    /// A checkpoint of timm, transformers, big_vision or vit22b: a file
    /// or a folder, or hf:ORGANISATION/NAME[@REVISION] for a model of the
    /// Hugging Face hub, which is fetched into that hub's cache
    #[arg(long, value_name = "PATH")]
    weights: WeightsName,
    #[command(flatten)]
    unsaid: Unsaid,
}

impl Weights {
    /// What was typed.
    pub(crate) fn name(&self) -> &WeightsName {
        &self.weights
    }

    /// The file, and what the options say of it.
    pub(crate) fn open(&self) -> anyhow::Result<(WeightsFile, LoadOptions)> {
        Ok((open_weights(&self.weights)?, self.unsaid.options()))
    }

    /// What the file leaves open.
    pub(crate) fn unsaid(&self) -> &Unsaid {
        &self.unsaid
    }

    /// The model without its classifier, on the device of a runtime.
    pub(crate) fn embedder(&self, runtime: &Runtime, images: &Images) -> anyhow::Result<Embedder> {
        self.load(runtime)?.embedder(runtime, images)
    }

    /// The model without its classifier.
    pub(crate) fn load(&self, runtime: &Runtime) -> anyhow::Result<Loaded> {
        self.unsaid.load(&open_weights(&self.weights)?, &runtime.device())
    }

    /// The model with the classifier that the file holds, and the names of its classes; none where it holds none.
    pub(crate) fn classifier(
        &self,
        device: &Device,
    ) -> anyhow::Result<Option<(Loaded, Vec<String>)>> {
        self.unsaid.classifier(&open_weights(&self.weights)?, device)
    }

    /// The model without its classifier, for images of its own size; and the side that was asked for.
    pub(crate) fn body(&self, device: &Device) -> anyhow::Result<(Loaded, Option<usize>)> {
        self.unsaid.body(&open_weights(&self.weights)?, device)
    }
}

/// A published model of depth or segmentation, or a tower for one.
#[derive(Args)]
pub(crate) struct DenseWeights {
    /// A checkpoint of transformers or vit22b: a file or a folder, or
    /// hf:ORGANISATION/NAME[@REVISION] for a model of the Hugging Face hub,
    /// which is fetched into that hub's cache
    #[arg(long, value_name = "PATH")]
    weights: WeightsName,
    #[command(flatten)]
    tower: UnsaidOfTower,
}

impl DenseWeights {
    fn unsaid(&self) -> Unsaid {
        Unsaid { tower: self.tower.clone(), pool: None }
    }

    /// A model of depth, and how it is known.
    pub(crate) fn load_depth(&self, runtime: &Runtime) -> anyhow::Result<LoadedDense<DepthModel>> {
        let file = open_weights(&self.weights)?;
        let loaded = file.load_depth(&self.unsaid().options(), &runtime.device());
        let loaded = loaded.map_err(|error| self.unsaid().explained(error))?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        Ok(loaded)
    }

    /// A model of segmentation, and how it is known.
    pub(crate) fn load_segmentation(
        &self,
        runtime: &Runtime,
    ) -> anyhow::Result<LoadedDense<SegmentationModel>> {
        let file = open_weights(&self.weights)?;
        let loaded = file.load_segmentation(&self.unsaid().options(), &runtime.device());
        let loaded = loaded.map_err(|error| self.unsaid().explained(error))?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        Ok(loaded)
    }

    /// The tower alone, for images of its own size; and the side that was asked for.
    pub(crate) fn body(&self, device: &Device) -> anyhow::Result<(Loaded, Option<usize>)> {
        let file = open_weights(&self.weights)?;
        self.unsaid().with_any_pool(&file).body(&file, device)
    }
}

impl Loaded {
    /// The model on the device of a runtime, with images as the options say.
    pub(crate) fn embedder(self, runtime: &Runtime, images: &Images) -> anyhow::Result<Embedder> {
        eprintln!("on {runtime}\n");
        let precision = images.precision.into();
        let embedder = Embedder::in_precision(runtime, self.model, self.preprocess, precision)?;
        Ok(embedder
            .with_batch(images.batch())
            .with_broken(images.files.on_broken())
            .with_decoding(images.decoding().options()))
    }
}

/// How images are decoded.
#[derive(Args, Clone, Copy)]
pub(crate) struct Decoding {
    /// Leave images as their pixels are stored, as timm and torchvision
    /// do, in place of turning them upright by their EXIF orientation
    #[arg(long, verbatim_doc_comment)]
    ignore_orientation: bool,
    /// The most pixels of an image; larger ones are not read
    #[arg(long, value_name = "PIXELS", default_value_t = DecodeOptions::default().max_pixels)]
    max_pixels: u64,
}

impl Decoding {
    pub(crate) fn options(self) -> DecodeOptions {
        DecodeOptions { exif_orientation: !self.ignore_orientation, max_pixels: self.max_pixels }
    }

    /// The word for the orientation in results.
    pub(crate) fn orientation(self) -> &'static str {
        if self.ignore_orientation { "ignored" } else { "followed" }
    }
}

/// Images on disk.
#[derive(Args)]
pub(crate) struct ImageFiles {
    /// Images: a folder, a list (.csv, .tsv or .jsonl) or shards (.tar,
    /// several as "a-{000..099}.tar")
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    images: PathBuf,
    #[command(flatten)]
    decoding: Decoding,
    /// Images of a batch
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Stop at an image that cannot be read, in place of leaving it out
    #[arg(long)]
    stop_at_broken: bool,
}

impl ImageFiles {
    pub(crate) fn path(&self) -> &Path {
        &self.images
    }

    /// Images of a batch.
    pub(crate) fn batch(&self) -> usize {
        self.batch.into()
    }

    /// Whether an image that cannot be read ends the work.
    pub(crate) fn stops_at_broken(&self) -> bool {
        self.stop_at_broken
    }

    /// All images; those of a folder have no labels, wherever in it they are.
    pub(crate) fn open(&self) -> anyhow::Result<ImageSet> {
        ImageSet::open(&self.images).context("--images")
    }

    /// How images are decoded.
    pub(crate) fn decoding(&self) -> Decoding {
        self.decoding
    }

    fn on_broken(&self) -> OnBroken {
        if self.stop_at_broken { OnBroken::Fail } else { OnBroken::Skip }
    }
}

/// Images on disk, for an embedder.
#[derive(Args)]
pub(crate) struct Images {
    #[command(flatten)]
    files: ImageFiles,
    #[command(flatten)]
    precision: ModelPrecision,
}

impl About for Images {
    const MAIN: &'static str = "images";
}

impl Images {
    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    /// Images of a batch.
    pub(crate) fn batch(&self) -> usize {
        self.files.batch()
    }

    /// All images; those of a folder have no labels, wherever in it they are.
    pub(crate) fn open(&self) -> anyhow::Result<ImageSet> {
        self.files.open()
    }

    /// Labelled images to train with, and others to test with.
    pub(crate) fn train_test(&self, seed: u64) -> anyhow::Result<[ImageSet; 2]> {
        train_test(self.path(), seed)
    }

    /// The type in which the model computes.
    pub(crate) fn precision(&self) -> ModelPrecision {
        self.precision
    }

    /// How images are decoded.
    pub(crate) fn decoding(&self) -> Decoding {
        self.files.decoding()
    }

    /// Features of a set, with a bar; images that cannot be read are told on standard error.
    pub(crate) fn embed(
        &self,
        embedder: &Embedder,
        set: &ImageSet,
    ) -> anyhow::Result<FeatureTable> {
        let mut bar = ImageBar::new(set.len());
        let (table, broken) = embedder.embed(set, |done| bar.done(done))?;
        bar.finish(&broken);
        Ok(table)
    }
}

/// Labelled images to train with, and others to test with; what is left out of them is told at once.
pub(crate) fn train_test(path: &Path, seed: u64) -> anyhow::Result<[ImageSet; 2]> {
    let parts = ImageSet::open_labelled(path, seed).context("--images")?;
    parts.iter().for_each(tell_remarks);
    Ok(parts)
}

/// Prints what a set leaves out, and what was changed in it.
pub(crate) fn tell_remarks(set: &ImageSet) {
    set.remarks().iter().for_each(|remark| eprintln!("note: --images: {remark}"));
}

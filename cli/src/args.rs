//! Options that several verbs have, and what is made of them.

use std::fmt::{self, Debug, Display};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use vit22b::Runtime;
use vit22b::contrast::TwoTower;
use vit22b::data::{DecodeOptions, ImageSet, OnBroken, Preprocess};
use vit22b::dense::{DepthModel, SegmentationModel};
use vit22b::probe::{Embedder, FeatureTable};
use vit22b::text::TextPool;
use vit22b::train::Precision;
use vit22b::vit::{Gelu, Pool, ViT22B};
use vit22b::weights::{
    Description, HeadChoice, Inspection, LoadOptions, LoadedDense, WeightsError, WeightsFile,
};

use crate::terminal::ImageBar;
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

    /// What the file is, and what a load would do with its tensors.
    pub(crate) fn inspect(&self) -> anyhow::Result<Inspection> {
        let file = open_weights(&self.weights)?;
        let inspection = self.unsaid.inspect(&file)?;
        self.unsaid.compare(&file, &inspection.description)?;
        Ok(inspection)
    }

    /// The file, and what the options say of it.
    pub(crate) fn open(&self) -> anyhow::Result<(WeightsFile, LoadOptions)> {
        Ok((open_weights(&self.weights)?, self.unsaid.options()))
    }

    /// The model without its classifier, on the device of a runtime.
    pub(crate) fn embedder(&self, runtime: &Runtime, images: &Images) -> anyhow::Result<Embedder> {
        self.load(runtime)?.embedder(runtime, images)
    }

    /// Both towers of a model of images and texts, and what images become for it.
    pub(crate) fn load_two_towers(
        &self,
        runtime: &Runtime,
        text_heads: Option<usize>,
        text_pool: Option<TextPool>,
    ) -> anyhow::Result<(TwoTower, Preprocess)> {
        let file = open_weights(&self.weights)?;
        let options = self.unsaid.options();
        let options = options.with_text_heads(text_heads).with_text_pool(text_pool);
        let loaded = file.load_two_towers(&options, &runtime.device());
        let loaded = loaded.map_err(|error| self.unsaid.explained(error))?;
        eprintln!("{}\n{}\n{}", loaded.image, loaded.text, loaded.report);
        Ok((loaded.model, loaded.image.preprocessing))
    }

    /// The model without its classifier.
    pub(crate) fn load(&self, runtime: &Runtime) -> anyhow::Result<Loaded> {
        self.unsaid.load(&open_weights(&self.weights)?, &runtime.device())
    }

    /// The model without its classifier, for images of its own size; and the side that was asked for.
    pub(crate) fn body(&self, device: &Device) -> anyhow::Result<(Loaded, Option<usize>)> {
        self.unsaid.body(&self.weights, device)
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
        self.unsaid().body(&self.weights, device)
    }
}

/// Opens a checkpoint, without its tensors.
pub(crate) fn open_weights(weights: &WeightsName) -> anyhow::Result<WeightsFile> {
    WeightsFile::open(weights.path()?).map_err(explained)
}

/// What a weights file leaves open, or what shall be other than the file says.
#[derive(Args, Clone)]
pub(crate) struct Unsaid {
    #[command(flatten)]
    tower: UnsaidOfTower,
    /// How tokens become one vector, in place of what the file says
    #[arg(long)]
    pool: Option<PoolName>,
}

/// The same for models that make no vector of tokens.
#[derive(Args, Clone)]
pub(crate) struct UnsaidOfTower {
    /// Attention heads, where neither the file nor JSON beside it says
    #[arg(long, value_parser = positive)]
    num_heads: Option<usize>,
    /// The form of GELU, in place of the origin's usual one
    #[arg(long)]
    gelu: Option<GeluName>,
    /// Side of the images in pixels, in place of the model's own
    #[arg(long, value_name = "PIXELS", alias = "image", value_parser = positive)]
    side: Option<usize>,
    /// Rows and columns of the positions in the file, such as 7x9, where
    /// they form no square
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = grid)]
    grid: Option<[usize; 2]>,
    /// Steps of preprocessing, in place of the model's own
    #[arg(long, value_name = "STEPS")]
    preprocess: Option<Preprocess>,
    /// Which model, where the file holds several: the beginning of its
    /// tensors' names, such as teacher.backbone
    #[arg(long, value_name = "PREFIX", verbatim_doc_comment)]
    part: Option<String>,
    /// The architecture, in place of a config.json that is refused
    #[arg(long, value_name = "NAME")]
    assume: Option<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum PoolName {
    Token,
    Average,
    Map,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum GeluName {
    Tanh,
    Erf,
    Quick,
}

impl From<PoolName> for Pool {
    fn from(name: PoolName) -> Self {
        match name {
            PoolName::Token => Self::ClassToken,
            PoolName::Average => Self::Average,
            PoolName::Map => Self::Map,
        }
    }
}

impl From<GeluName> for Gelu {
    fn from(name: GeluName) -> Self {
        match name {
            GeluName::Tanh => Self::Tanh,
            GeluName::Erf => Self::Erf,
            GeluName::Quick => Self::Quick,
        }
    }
}

/// The option's value for a field of the config; of one that no option has, its own name.
fn named<N: ValueEnum, T: From<N> + PartialEq + Debug>(field: T) -> String {
    let is_it = |name: &&N| T::from((*name).clone()) == field;
    let value = N::value_variants().iter().find(is_it).and_then(N::to_possible_value);
    value.map_or_else(|| format!("{field:?}").to_lowercase(), |value| value.get_name().into())
}

pub(crate) fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a whole number from 1 on".into())
}

fn grid(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').map(|(rows, columns)| [positive(rows), positive(columns)]);
    match sides {
        Some([Ok(rows), Ok(columns)]) => Ok([rows, columns]),
        _ => Err("expected rows and columns, such as 7x9".into()),
    }
}

/// A model, and what images become for it.
pub(crate) struct Loaded {
    pub(crate) model: ViT22B,
    pub(crate) preprocess: Preprocess,
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

impl Unsaid {
    /// The model without its classifier, for images of its own size; and the side that was asked for.
    fn body(
        &self,
        weights: &WeightsName,
        device: &Device,
    ) -> anyhow::Result<(Loaded, Option<usize>)> {
        let mut own = self.clone();
        own.tower.side = None;
        Ok((own.load(&open_weights(weights)?, device)?, self.tower.side))
    }

    fn options(&self) -> LoadOptions {
        LoadOptions::new()
            .with_num_heads(self.tower.num_heads)
            .with_gelu(self.tower.gelu.map(Gelu::from))
            .with_preprocess(self.tower.preprocess.clone())
            .with_part(self.tower.part.clone())
            .with_assume(self.tower.assume.clone())
            .with_pool(self.pool.map(Pool::from))
            .with_grid(self.tower.grid)
            .with_image(self.tower.side.map(|side| [side, side]))
    }

    /// The first of these options that was given.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--num-heads", self.tower.num_heads.is_some()),
            ("--gelu", self.tower.gelu.is_some()),
            ("--side", self.tower.side.is_some()),
            ("--grid", self.tower.grid.is_some()),
            ("--preprocess", self.tower.preprocess.is_some()),
            ("--part", self.tower.part.is_some()),
            ("--assume", self.tower.assume.is_some()),
            ("--pool", self.pool.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// The error in the words of this program; one about a field that an option set names that option.
    fn explained(&self, error: WeightsError) -> anyhow::Error {
        let WeightsError::Config(error) = error else { return explained(error) };
        let fields = [
            ("image", "--side", self.tower.side.is_some()),
            ("num_heads", "--num-heads", self.tower.num_heads.is_some()),
        ];
        let text = error.to_string();
        let set = fields.into_iter().find(|(field, _, given)| *given && text.starts_with(field));
        anyhow!(error).context(set.map_or("--weights", |(_, option, _)| option))
    }

    /// Refuses options that the file contradicts, and prints on standard error which of them replaced
    /// something, and which changed nothing.
    fn compare(&self, file: &WeightsFile, found: &Description) -> anyhow::Result<()> {
        let options = self.options();
        let without = |options: LoadOptions| Some(file.describe(&options).ok()?.config);
        let config = &found.config;
        if let Some(heads) = self.tower.num_heads {
            let said = without(options.clone().with_num_heads(None)).map(|said| said.num_heads);
            compared("num-heads", heads, config.num_heads, said)?;
        }
        if let Some(gelu) = options.gelu {
            let said = without(options.clone().with_gelu(None)).map(|said| said.gelu);
            let [gelu, found] = [gelu, config.gelu].map(named::<GeluName, _>);
            compared("gelu", gelu, found, said.map(named::<GeluName, _>))?;
        }
        if let Some(pool) = options.pool {
            let said = without(options.clone().with_pool(None)).map(|said| said.pool);
            let [pool, found] = [pool, config.pool].map(pool_name);
            compared("pool", pool, found, said.map(pool_name))?;
        }
        if let Some(grid) = self.tower.grid {
            let said = without(options.clone().with_grid(None)).map(|said| Grid(said.grid()));
            compared("grid", Grid(grid), Grid(config.grid()), said)?;
        }
        if let Some(name) = &self.tower.assume {
            let said = without(options.with_assume(None));
            if said.is_some_and(|said| said == *config) {
                eprintln!("--assume {name} changes nothing: the file is understood without it");
            }
        }
        Ok(())
    }

    /// Refuses a side that the patch does not divide, before what the file says is taken for the reason.
    fn check_side(&self, file: &WeightsFile) -> anyhow::Result<()> {
        let options = self.options().with_head(HeadChoice::Drop).with_image(None);
        let (Some(side), Ok(found)) = (self.tower.side, file.describe(&options)) else {
            return Ok(());
        };
        let patch = found.config.patch;
        ensure!(
            side.is_multiple_of(patch),
            "--side {side}: expected a multiple of the patch, {patch}; the nearest is {}",
            (side + patch / 2).max(patch) / patch * patch
        );
        Ok(())
    }

    /// What a file is. Of one whose classifier has a form that is not computed, the rest, which is told.
    fn inspect(&self, file: &WeightsFile) -> anyhow::Result<Inspection> {
        self.check_side(file)?;
        let options = self.options();
        let inspection = match file.inspect(&options) {
            Err(WeightsError::Unsupported { what, .. }) => {
                let without = file.inspect(&options.with_head(HeadChoice::Drop));
                without.inspect(|_| eprintln!("left out: the file's classifier: {what}"))
            }
            other => other,
        };
        inspection.map_err(|error| self.explained(error))
    }

    /// Loads a model with the classifier that the file holds, and the names of its classes where they are
    /// known. None where it holds none, or one of a form that is not computed, which is told.
    pub(crate) fn classifier(
        &self,
        file: &WeightsFile,
        device: &Device,
    ) -> anyhow::Result<Option<(Loaded, Vec<String>)>> {
        if self.inspect(file)?.num_classes == 0 {
            return Ok(None);
        }
        match file.load(&self.options(), device) {
            Ok(loaded) => {
                let description = loaded.description;
                let preprocess = description.preprocessing;
                Ok(Some((Loaded { model: loaded.model, preprocess }, description.class_names)))
            }
            Err(WeightsError::Unsupported { what, .. }) => {
                eprintln!("left out: the file's classifier: {what}");
                Ok(None)
            }
            Err(error) => Err(self.explained(error)),
        }
    }

    /// Loads a model of colour images without its classifier, and prints on standard error what it is
    /// and how that is known.
    pub(crate) fn load(&self, file: &WeightsFile, device: &Device) -> anyhow::Result<Loaded> {
        self.check_side(file)?;
        let options = self.options().with_head(HeadChoice::Drop);
        let loaded = file.load(&options, device).map_err(|error| self.explained(error))?;
        self.compare(file, &loaded.description)?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        let preprocess = loaded.description.preprocessing;
        let config = loaded.model.config();
        let ([height, width], patch) = (preprocess.size(), config.patch);
        ensure!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "--preprocess {preprocess}: makes {height} x {width} pixels, expected multiples of the \
             patch, {patch}"
        );
        ensure!(
            config.channels == 3,
            "--weights: the model takes {} channels, and images have 3",
            config.channels
        );
        Ok(Loaded { model: loaded.model, preprocess })
    }
}

/// An option's value beside that of the model, and that of the model without the option.
fn compared<T: PartialEq + Display>(
    option: &str,
    given: T,
    found: T,
    without: Option<T>,
) -> anyhow::Result<()> {
    ensure!(
        given == found,
        "--{option} {given}: the file is of a model with {found}, which no option changes; leave \
         --{option} out"
    );
    if let Some(without) = without.filter(|without| *without != given) {
        eprintln!(
            "--{option} {given} in place of {without}, which the file says or its origin has"
        );
    }
    Ok(())
}

/// A class token is one also where a distillation token stands behind it.
fn pool_name(pool: Pool) -> String {
    named::<PoolName, _>(match pool {
        Pool::ClassBesideDistillation => Pool::ClassToken,
        other => other,
    })
}

/// Rows and columns of positions.
#[derive(PartialEq)]
struct Grid([usize; 2]);

impl Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([rows, columns]) = self;
        write!(f, "{rows}x{columns}")
    }
}

/// The error in the words of this program: its options where the library names its own.
pub(crate) fn explained(error: WeightsError) -> anyhow::Error {
    match error {
        WeightsError::Ambiguous { field: "part", why, .. } if why.contains("none of these") => {
            anyhow!("--part: {why}; give one of them, or leave --part out where it is one")
        }
        WeightsError::Ambiguous { field: "part", why, .. } if why.contains("more than one") => {
            anyhow!("--part: {why}; give more of the name")
        }
        WeightsError::Ambiguous { field, why, option } => {
            let option = option.replace('_', "-");
            anyhow!("--weights: {field} does not follow from the file: {why}; give --{option}")
        }
        WeightsError::NotUnderstood { file, key, value, expected, option } => anyhow!(
            "--weights: {file} says {key} = {value}, which is not followed: expected {expected}; \
             --{option} goes on without it"
        ),
        WeightsError::UnknownArchitecture { name, expected } => anyhow!(
            "--assume {name}: no architecture that is computed here has this name: expected {expected}"
        ),
        WeightsError::DoesNotFit(report) => {
            anyhow!("--weights: the file does not fit the model\n{report}")
        }
        error => anyhow!(error).context("--weights"),
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
    /// The type of the model's products and activations. bf16 is faster
    /// on processors that multiply it; features then differ from those
    /// in f32 by one to three hundredths of their length
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
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

    /// Says that bf16 is faster, where it is and was not chosen.
    pub(crate) fn tell_precision(&self, runtime: &Runtime) {
        if self.precision == PrecisionName::F32 && runtime.is_faster_in_bf16() {
            eprintln!("note: --precision bf16 is faster here, and rounds to 8 bits");
        }
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

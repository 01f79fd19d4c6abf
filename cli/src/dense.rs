//! What the verbs for segmentation and depth have in common: images in batches, pairs of images and truth, and training.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail, ensure};
use clap::Args;
use vit22b::Runtime;
use vit22b::data::{Image, ImageSet, JointCrop, PairLoader, Pairs, Truth};
use vit22b::dense::{BlockChoice, Segmenter, Windows};
use vit22b::train::{Recipe, Rules, Stage, Task, Trainer, Tune};
use vit22b::vit::ViT22B;

use crate::args::{Decoding, DenseWeights, ImageFiles, naming_option, tell_remarks};
use crate::terminal::{ImageBar, counted};
use crate::training::{self, Data, Keeping};
use crate::unsaid::{Loaded, check_side};

/// Calls a function on batches of the images of a set that can be read; says which cannot.
pub(crate) fn for_each_batch(
    images: &ImageFiles,
    set: &ImageSet,
    mut each: impl FnMut(&[usize], &[Image]) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let (mut bar, decoding) = (ImageBar::new(set.len()), images.decoding().options());
    let (mut indices, mut batch) = (Vec::new(), Vec::new());
    let (mut done, mut left_out) = (0, 0);
    for index in 0..set.len() {
        match set.decode(index, decoding) {
            Ok(image) => {
                indices.push(index);
                batch.push(image);
            }
            Err(error) if images.stops_at_broken() => bail!(error),
            Err(error) => {
                bar.say(&format!("left out: {error}"));
                left_out += 1;
            }
        }
        if batch.len() == images.batch() || index + 1 == set.len() {
            each(&indices, &batch)?;
            done += batch.len();
            indices.clear();
            batch.clear();
            bar.done_and_skipped(done + left_out, left_out);
        }
    }
    bar.clear();
    tell_remarks(set);
    if left_out > 0 {
        eprintln!("{} could not be read", counted(left_out, "image"));
    }
    Ok(done)
}

/// Images with a file of truth each, told what is left out.
pub(crate) fn open_pairs<T: Truth>(
    images: &Path,
    truths: &Path,
    [images_option, truths_option]: [&str; 2],
) -> anyhow::Result<Pairs> {
    let set = ImageSet::open(images).context(images_option.to_string())?;
    tell_remarks(&set);
    ensure!(
        truths.is_dir(),
        "{truths_option} {}: expected a folder with a file for each image, and there is no such folder",
        truths.display()
    );
    let pairs = Pairs::open::<T>(set, truths).context(truths_option.to_string())?;
    pairs.remarks().iter().for_each(|remark| eprintln!("note: {truths_option}: {remark}"));
    Ok(pairs)
}

/// How a head is trained on a tower.
#[derive(Args)]
pub(crate) struct Training {
    #[command(flatten)]
    pub(crate) weights: DenseWeights,
    /// Images to train with: a folder, a list (.csv, .tsv or .jsonl) or
    /// shards (.tar)
    #[arg(long, value_name = "PATH")]
    images: PathBuf,
    /// Images to test with; without them each fifth of --images
    #[arg(long, value_name = "PATH")]
    test_images: Option<PathBuf>,
    #[command(flatten)]
    decoding: Decoding,
    /// Blocks that the head reads, counted from 0, as 2,5,8,11
    /// [default: one of each quarter, or the last for a linear head]
    #[arg(long, value_name = "BLOCKS", value_delimiter = ',')]
    blocks: Vec<usize>,
    /// Channels inside the head [default: by the tower's width]
    #[arg(long, value_parser = crate::unsaid::positive)]
    pub(crate) channels: Option<usize>,
    /// Train the tower too, in place of the head alone
    #[arg(long)]
    pub(crate) fine_tune: bool,
    /// Multiply the rate of each block of the tower by this number once more
    /// than that of the block above
    #[arg(long, value_name = "FACTOR", requires = "fine_tune")]
    layer_decay: Option<f64>,
    /// Smallest and largest factor on the size of a training image
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', num_args = 1)]
    scale: Vec<f64>,
    /// Leave the colours of training images as they are
    #[arg(long)]
    plain_colours: bool,
    /// Do not mirror training images
    #[arg(long)]
    no_flip: bool,
    /// Steps of the run
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Equal parts of a batch that are computed one after the other,
    /// for less memory
    #[arg(long, default_value_t = 1)]
    micro_batches: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 1e-3, allow_negative_numbers = true)]
    lr: f64,
    #[command(flatten)]
    pub(crate) keeping: Keeping,
    /// Seed of the head's parameters, of order and crops of images, and of
    /// which are held out
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) device: crate::args::DeviceName,
}

/// Of pairs in one place, each fifth tests.
const TEST_EVERY: usize = 5;

/// A tower that is ready for a head, and how it sees images.
pub(crate) struct Tower {
    pub(crate) model: ViT22B,
    pub(crate) side: usize,
    pub(crate) statistics: [[f32; 3]; 2],
}

impl Training {
    /// The tower for square images of the side that was asked for, or of its own.
    pub(crate) fn tower(&self, runtime: &Runtime) -> anyhow::Result<Tower> {
        let (Loaded { model, preprocess }, given) = self.weights.body(&runtime.device())?;
        let (patch, own) = (model.config().patch, model.config().image);
        let side = given.unwrap_or(own[0].min(own[1]));
        check_side(side, patch)?;
        let model = model.with_image([side, side]).context("--side")?;
        Ok(Tower { model, side, statistics: preprocess.normalisation() })
    }

    /// The blocks that a head of so many maps reads, with the tower's last norm on each.
    pub(crate) fn blocks(&self, depth: usize, maps: usize) -> anyhow::Result<BlockChoice> {
        let choice = match (&self.blocks[..], maps) {
            ([], 1) => BlockChoice::new(vec![depth - 1]),
            ([], _) => BlockChoice::quarters(depth),
            (blocks, _) => BlockChoice::new(blocks.to_vec()),
        };
        choice.validate(depth).context("--blocks")?;
        ensure!(
            choice.blocks.len() == maps,
            "--blocks: expected {}, got {}",
            counted(maps, "block"),
            choice.blocks.len()
        );
        Ok(choice.with_norm(true))
    }

    /// Pairs to train with, and others to test with.
    pub(crate) fn pairs<T: Truth>(
        &self,
        truth: &T,
        (truths, test_truths): (&Path, Option<&Path>),
        options: [[&str; 2]; 2],
    ) -> anyhow::Result<[Pairs; 2]> {
        let train = open_pairs::<T>(&self.images, truths, options[0])?;
        let (pairs, test_option) = match (&self.test_images, test_truths) {
            (Some(images), Some(truths)) => {
                ([train, open_pairs::<T>(images, truths, options[1])?], options[1][1])
            }
            (None, None) => (train.held_out(TEST_EVERY, self.seed), options[0][1]),
            _ => bail!("{}: give both of these or none", options[1].join(" and ")),
        };
        let parts = [(&pairs[0], options[0][1], "train"), (&pairs[1], test_option, "test")];
        for (pairs, option, what) in parts {
            ensure!(
                pairs.is_empty() || is_known(pairs, truth)?,
                "no pixel counts: of {} to {what} with, nothing is known of any pixel ({option})",
                counted(pairs.len(), "image")
            );
        }
        Ok(pairs)
    }

    /// Random crops to train with, and plain ones to evaluate with.
    pub(crate) fn loaders<T: Truth>(
        &self,
        pairs: &[Pairs; 2],
        truth: &T,
        (tower, usual_scale): (&Tower, [f64; 2]),
    ) -> anyhow::Result<[Arc<PairLoader<T>>; 2]> {
        let scale = match self.scale[..] {
            [] => usual_scale,
            [low, high] => [low, high],
            _ => bail!("--scale: expected two factors, such as 0.5,2"),
        };
        let size = [tower.side; 2];
        let crop = JointCrop {
            scale,
            flip: !self.no_flip,
            photometric: !self.plain_colours,
            ..JointCrop::new(size)
        };
        let loader = |pairs: &Pairs, crop: JointCrop| {
            let loader = PairLoader::new(pairs.clone(), truth.clone(), crop, tower.statistics);
            let loader = loader.map_err(|error| naming_option(error, &[("scale", "--scale")]))?;
            anyhow::Ok(Arc::new(loader.with_seed(self.seed).with_decoding(self.decoding.options())))
        };
        Ok([loader(&pairs[0], crop)?, loader(&pairs[1], JointCrop::plain(size))?])
    }

    /// A recipe with these options: the tower frozen and nothing decayed, or all of it trained.
    pub(crate) fn recipe(
        &self,
        make: fn(u64, u64, f64) -> Recipe,
        depth: usize,
    ) -> anyhow::Result<Recipe> {
        let mut recipe = make(self.batch, self.steps, self.lr);
        recipe.micro_batches = self.micro_batches;
        if !self.fine_tune {
            recipe.update.retain(|stage| !matches!(stage, Stage::WeightDecay(_)));
            return Ok(recipe.with_frozen([r"tower\..*"]));
        }
        if let Some(rate) = self.layer_decay {
            ensure!(
                rate > 0.0 && rate <= 1.0,
                "--layer-decay {rate}: expected a number above 0 and at most 1"
            );
            let factor = |layers: usize| Tune::Factor(rate.powi(layers as i32));
            let blocks = (0..depth)
                .map(|index| (format!(r"tower\.blocks\.{index}\..*"), factor(depth - index)));
            let others = [
                (r"tower\.norm\..*".to_string(), factor(1)),
                (r"tower\..*".to_string(), factor(depth + 1)),
                (".*".to_string(), factor(0)),
            ];
            recipe = recipe.with_factors(Rules::new(blocks.chain(others)));
        }
        Ok(recipe)
    }

    /// The model after training; none if the run was stopped.
    pub(crate) fn train<T: Task>(
        &self,
        (task, recipe, model): (T, Recipe, T::Model),
        (data, held_out): Data<T::Batch>,
        (runtime, out, stop): (&Runtime, &Path, &AtomicBool),
    ) -> anyhow::Result<Option<T::Model>> {
        let trainer = Trainer::new(task, recipe, data, out)
            .with_evaluation(held_out, self.keeping.evaluate_every)
            .with_seed(self.seed)
            .with_model(model);
        let Some(ended) = training::finish(&self.keeping.apply(trainer), runtime, stop)? else {
            return Ok(None);
        };
        Ok(Some(ended.engine.model()?))
    }
}

/// Whether something is known of a pixel. Files behind the first that tells it are not read.
fn is_known<T: Truth>(pairs: &Pairs, truth: &T) -> anyhow::Result<bool> {
    for index in 0..pairs.len() {
        let (_, pixels) = truth.read(pairs.truth(index))?;
        if pixels.iter().any(|pixel| *pixel != T::UNKNOWN) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Calls a function on batches of pairs.
pub(crate) fn for_each_pair<T: Truth>(
    pairs: &Pairs,
    truth: &T,
    (decoding, batch): (Decoding, usize),
    mut each: impl FnMut(&[Image], &[Vec<T::Pixel>]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut bar = ImageBar::new(pairs.len());
    let (mut images, mut truths) = (Vec::new(), Vec::new());
    for index in 0..pairs.len() {
        let (image, pixels) = pairs.read(index, truth, decoding.options())?;
        images.push(image);
        truths.push(pixels);
        if images.len() == batch || index + 1 == pairs.len() {
            each(&images, &truths)?;
            images.clear();
            truths.clear();
            bar.done(index + 1);
        }
    }
    bar.clear();
    Ok(())
}

impl Training {
    /// How images are decoded, and how many are computed at once in an evaluation.
    pub(crate) fn evaluating(&self) -> (Decoding, usize) {
        (self.decoding, self.batch.min(64) as usize)
    }
}

/// How a model of segmentation sees images.
#[derive(Args, Clone)]
pub(crate) struct Seeing {
    /// See images in square windows of this side that overlap, and average
    /// their logits, in place of whole images
    #[arg(long, value_name = "PIXELS", value_parser = crate::unsaid::positive)]
    window: Option<usize>,
    /// Pixels from a window to the next one [default: two thirds of the
    /// window]
    #[arg(long, value_name = "PIXELS", requires = "window", value_parser = crate::unsaid::positive)]
    stride: Option<usize>,
    /// See images in these sizes, relative to the model's own, and average
    /// their probabilities
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', default_values_t = [1.0])]
    scales: Vec<f64>,
    /// See each image mirrored too
    #[arg(long)]
    mirrored: bool,
}

impl Seeing {
    /// The segmenter that sees images so.
    pub(crate) fn apply(&self, segmenter: Segmenter) -> anyhow::Result<Segmenter> {
        let windows = self.window.map(|side| {
            let stride = self.stride.unwrap_or((2 * side).div_ceil(3));
            Windows { side, stride }
        });
        let naming = |error| {
            let options = [("window", "--window"), ("stride", "--stride"), ("scales", "--scales")];
            naming_option(error, &options)
        };
        let segmenter = segmenter.with_windows(windows).map_err(naming)?;
        let segmenter = segmenter.with_scales(self.scales.clone()).map_err(naming)?;
        Ok(segmenter.with_mirrored(self.mirrored))
    }

    /// How images are seen, for results.
    pub(crate) fn shown(&self) -> String {
        let size = match (self.window, self.stride) {
            (None, _) => "whole images".to_string(),
            (Some(side), stride) => {
                let stride = stride.unwrap_or((2 * side).div_ceil(3));
                format!("windows of {side} pixels at distances of {stride}")
            }
        };
        let scales: Vec<String> = self.scales.iter().map(f64::to_string).collect();
        let mirrored = if self.mirrored { ", also mirrored" } else { "" };
        match &scales[..] {
            [one] if one == "1" => format!("{size}{mirrored}"),
            scales => format!("{size}, in the sizes {}{mirrored}", scales.join(", ")),
        }
    }
}

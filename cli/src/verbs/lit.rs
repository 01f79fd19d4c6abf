//! Trains a text tower beside an image model that stays as it is, and writes both for `zero-shot` and `retrieve`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use vit22b::data::{Captions, ImageSet, Preprocess};
use vit22b::lit::{Contrast, ImageViews, Lit, LitBatch, Pairs};
use vit22b::probe::{Embedder, FeatureCache, FeatureKey};
use vit22b::text::{TextConfig, TextEncoder, Tokenizer, TokenizerKind};
use vit22b::train::{Recipe, Trainer};
use vit22b::vit::ViT22B;
use vit22b::{Runtime, weights};

use crate::args::{Decoding, DeviceName, PrecisionName, Weights, naming_option, tell_remarks};
use crate::sharding::Large;
use crate::terminal::{ImageBar, counted};
use crate::training::{self, Data, Keeping, NotYet, OPTIONS, stop_on_signal, values_step};
use crate::two_towers::tell_cut;
use crate::unsaid::{Loaded, positive};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    /// Images: a folder, a list (.csv, .tsv or .jsonl) or shards (.tar,
    /// several as "a-{000..099}.tar")
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    images: PathBuf,
    #[command(flatten)]
    decoding: Decoding,
    /// Texts of the images, as lines of JSON such as
    /// {"image": "a/b.png", "text": "a red cat"} (.jsonl), or shards with
    /// .txt or .json beside the images; default: those of --images
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    captions: Option<PathBuf>,
    /// The tokenizer of the new text tower: SentencePiece's model, CLIP's
    /// merges or a tokenizer.json
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    tokenizer: PathBuf,
    /// Views of each image that the image model is asked about: one is the
    /// whole image, more are random crops, some of them mirrored
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    views: u64,
    /// Least share of the area of an image in percent that a random crop
    /// shows
    #[arg(long, value_name = "PERCENT", default_value_t = 50.0)]
    least_area: f64,
    /// Images that the image model sees at once
    #[arg(long, default_value_t = 32, value_parser = positive)]
    image_batch: usize,
    /// Folder that keeps the image model's answers
    /// [default: vectors in --out]
    #[arg(long, value_name = "FOLDER")]
    vectors: Option<PathBuf>,
    /// Tokens of a text; longer ones are cut
    #[arg(long, default_value_t = 16, value_parser = positive)]
    length: usize,
    /// Width of the text tower, which has a head for each whole 64 of it
    #[arg(long, default_value_t = 512, value_parser = positive)]
    width: usize,
    /// Blocks of the text tower
    #[arg(long, default_value_t = 12, value_parser = positive)]
    depth: usize,
    /// How pairs are compared: each a match or none, or a choice among
    /// those of the batch
    #[arg(long, default_value = "sigmoid")]
    loss: LossName,
    /// Steps of the run
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Pairs of a step
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(2..))]
    batch: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.001, allow_negative_numbers = true)]
    lr: f64,
    /// Share of the images in percent that are held out
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    held_out: f64,
    /// The type of products and activations, of the text tower and of the
    /// image model
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    keeping: Keeping,
    /// Seed of parameters, views, and the order of pairs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceName,
    /// Folder for model.safetensors with both towers, the tokenizer,
    /// checkpoints, metrics.jsonl and curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/lit")]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum LossName {
    Softmax,
    Sigmoid,
}

impl From<LossName> for Contrast {
    fn from(name: LossName) -> Self {
        match name {
            LossName::Softmax => Self::Softmax,
            LossName::Sigmoid => Self::Sigmoid,
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { seed, ref out, .. } = arguments;
    let stop = stop_on_signal()?;
    let every = arguments.every()?;
    let tokenizer = Tokenizer::read(&arguments.tokenizer).context("--tokenizer")?;
    let (file, usual_name) = (tokenizer.file().to_string(), tokenizer.usual_name());
    let set = ImageSet::open(&arguments.images).context("--images")?;
    tell_remarks(&set);
    let captions = arguments.captions(&set)?;
    let text = arguments.text(&tokenizer)?;
    let encoder = TextEncoder::new(tokenizer, &text).context("--tokenizer")?;

    let large = &arguments.large;
    let runtime = large.runtime(&arguments.device)?;
    large.check(&runtime, arguments.batch, ("--width", text.num_heads))?;
    // Settings that are not valid are told before the image model is asked, which may take long.
    let trial = arguments.trainer(text.clone(), (Arc::new(NotYet), Arc::new(NotYet)))?;
    trial.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let loaded = arguments.weights.load(&runtime)?;
    let (model, preprocess) = (loaded.model.clone(), loaded.preprocess.clone());
    let views = arguments.views(loaded, &runtime, &set)?;
    let pairs = Pairs::new(&views, &captions, &encoder, seed).context("--captions")?;
    tell_cut(pairs.ids().cut, "text");
    let left = set.len() - pairs.images();
    if left > 0 {
        eprintln!("note: {} without a text, or not to be read, left out", counted(left, "image"));
    }
    let text = text.with_output(Some(pairs.width()));
    let [train, held_out] = pairs.held_out(every);
    ensure!(
        train.images() > 1 && held_out.images() > 0,
        "--images: {} with texts are too few to train with some and hold others out",
        counted(pairs.images(), "image")
    );

    let TextConfig { vocabulary, length, width, depth, .. } = text;
    println!(
        "text tower: {vocabulary} ids, {length} tokens, width {width}, depth {depth}, vectors of {}\non {runtime}",
        text.outputs()
    );
    println!(
        "{} with {} to train with, {} held out; {} of each image",
        counted(train.images(), "image"),
        counted(train.texts(), "text"),
        held_out.images(),
        counted(views.tables().len(), "view"),
    );
    let trainer = arguments.trainer(text, (Arc::new(train), Arc::new(held_out)))?;
    let ended = training::finish(&trainer, &runtime, &stop);
    let Some(ended) = ended.map_err(|error| large.explained(error))? else {
        return Ok(());
    };
    let step = ended.engine.steps_done();
    let model = ended.engine.model()?.with_image(model)?;
    let path = out.join("model.safetensors");
    weights::save_two_towers(&model, &preprocess, &path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let beside = out.join(usual_name);
    if !is_same(Path::new(&file), &beside) {
        std::fs::copy(&file, &beside)
            .with_context(|| format!("cannot write {}", beside.display()))?;
    }
    println!("{step} steps; {}, {usual_name}", path.display());
    println!("vit22b zero-shot --weights {} --images FOLDER", out.display());
    Ok(())
}

/// Fields of the tower's config, and the options that set them.
const TEXT_OPTIONS: [(&str, &str); 4] =
    [("length", "--length"), ("width", "--width"), ("num_heads", "--width"), ("depth", "--depth")];

/// Whether two paths are one file.
fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(one).is_some() && whole(one) == whole(other)
}

impl Arguments {
    /// Of so many images one is held out.
    fn every(&self) -> anyhow::Result<usize> {
        ensure!(
            self.held_out > 0.0 && self.held_out <= 50.0,
            "--held-out {}: expected a percentage above 0 and at most 50",
            self.held_out
        );
        Ok((100.0 / self.held_out).round() as usize)
    }

    fn captions(&self, set: &ImageSet) -> anyhow::Result<Captions> {
        let (option, path) = match &self.captions {
            Some(path) => ("--captions", path),
            None => ("--captions is not given, and --images has none", &self.images),
        };
        let is_list = |path: &Path| path.extension().is_some_and(|ending| ending != "tar");
        ensure!(
            self.captions.is_some() || !path.is_dir() && !is_list(path),
            "give --captions FILE: lines of JSON such as {{\"image\": \"a/b.png\", \"text\": \"a red cat\"}}"
        );
        Captions::open(path, set).context(option)
    }

    /// The tower before the length of its vectors is known.
    fn text(&self, tokenizer: &Tokenizer) -> anyhow::Result<TextConfig> {
        let end = tokenizer.end().with_context(|| {
            format!(
                "--tokenizer {}: expected one with an end of a text (</s>, <eos> or <|endoftext|>), got one without",
                self.tokenizer.display()
            )
        })?;
        let is_clip = tokenizer.kind() == TokenizerKind::ClipBpe;
        let start = tokenizer.start().filter(|_| is_clip).map(|id| id as usize);
        let heads = (self.width / 64).max(1);
        let config = TextConfig::new(tokenizer.vocabulary(), self.length, end as usize)
            .with_start(start)
            .with_pad(end as usize)
            .with_lowercase(!is_clip)
            .with_width(self.width)
            .with_depth(self.depth)
            .with_mlp_dim(4 * self.width)
            .with_num_heads(heads);
        config.validate().map_err(|error| naming_option(error, &TEXT_OPTIONS))?;
        Ok(config)
    }

    /// The run on pairs to train with and others to evaluate on.
    fn trainer(
        &self,
        text: TextConfig,
        (train, held_out): Data<LitBatch>,
    ) -> anyhow::Result<Trainer<Lit>> {
        let task = Lit::new(text, self.loss.into())
            .map_err(|error| naming_option(error, &TEXT_OPTIONS))?;
        let recipe = Recipe {
            precision: self.precision.into(),
            ..Recipe::lit(self.batch, self.steps, self.lr)
        };
        let trainer = Trainer::new(task, recipe, train, &self.out)
            .with_evaluation(held_out, self.keeping.evaluate_every)
            .with_seed(self.seed);
        self.large.apply(self.keeping.apply(trainer))
    }

    /// What the image model makes of the images.
    fn views(
        &self,
        Loaded { model, preprocess }: Loaded,
        runtime: &Runtime,
        set: &ImageSet,
    ) -> anyhow::Result<ImageViews> {
        let key = key(&model);
        let [height, width] = preprocess.size();
        let steps: Preprocess = match self.views {
            1 => preprocess,
            _ => format!(
                "inception_crop({height}, {width}, {}, 100, bilinear)|flip_lr|{}",
                self.least_area,
                values_step(&preprocess)
            )
            .parse()
            .with_context(|| format!("--least-area {}", self.least_area))?,
        };
        let embedder = Embedder::in_precision(runtime, model, steps, self.precision.into())?
            .with_batch(self.image_batch)
            .with_threads(self.keeping.threads.max(1))
            .with_decoding(self.decoding.options());
        let folder = self.vectors.clone().unwrap_or_else(|| self.out.join("vectors"));
        let cache = FeatureCache::new(folder);
        let mut bar = ImageBar::new(set.len() * self.views as usize);
        let done = |view: usize, images: usize| bar.done(view * set.len() + images);
        let views = ImageViews::embed(embedder, set, (self.views, self.seed), (&cache, &key), done);
        bar.clear();
        views.context("--images")
    }
}

/// The key of the image model's answers.
fn key(model: &ViT22B) -> FeatureKey {
    let config = serde_json::to_string(model.config()).unwrap_or_default();
    FeatureKey::new("locked image model").text(&config).params(model)
}

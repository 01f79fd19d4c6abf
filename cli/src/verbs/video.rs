//! Videos by the features of their frames: a frozen model makes them once, a temporal head learns from them, and is measured.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand, ValueEnum};
use vit22b::data::VideoSet;
use vit22b::probe::{Embedder, FeatureKey, PartsReport};
use vit22b::train::{Duration, Recipe, Regularisation, Trainer};
use vit22b::video::{
    ClassifyClips, ClipConfig, ClipExamples, TemporalHeadConfig, TrainedHead, VideoError,
    VideoFeatures, VideoFeaturesConfig, ViewMean, evaluate,
};

use crate::args::{Decoding, DeviceName, PrecisionName, Weights, naming_option};
use crate::terminal::{ImageBar, counted, in_own_words};
use crate::training::{self, Keeping, stop_on_signal};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
enum Part {
    /// Compute the features of the frames of videos by a published model, and keep them
    Features(FeaturesArguments),
    /// Train a temporal head on kept features
    Train(TrainArguments),
    /// Measure a temporal head: top-1 and top-5 over all views of each video
    Eval(EvalArguments),
}

#[derive(Args)]
struct FeaturesArguments {
    #[command(flatten)]
    weights: Weights,
    /// Videos: a folder with a folder for each class, in which each folder
    /// of frames, animated GIF or WebP, or MP4 is one; a list (.csv or
    /// .tsv), also as Kinetics and Moments in Time publish theirs; shards
    /// (.tar)
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    videos: PathBuf,
    /// Folder at which the paths of a list begin [default: the list's]
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Frames of a clip
    #[arg(long, default_value_t = 8)]
    frames: usize,
    /// From each frame of a clip to the next; a video that is too short
    /// begins anew
    #[arg(long, default_value_t = 2)]
    stride: usize,
    /// Clips of a video, spread from its beginning to its end; one is in
    /// the middle
    #[arg(long, default_value_t = 1)]
    clips: usize,
    /// Square crops of each frame along its longer side; one has the
    /// model's own preprocessing
    #[arg(long, default_value_t = 1)]
    crops: usize,
    #[command(flatten)]
    decoding: Decoding,
    /// Frames of a batch
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// The type of the model's products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    /// Folder for the features; what is there already is kept
    #[arg(long, value_name = "FOLDER", default_value = "out/video")]
    out: PathBuf,
    /// Bring the folder --out to the videos as they are now
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Args)]
struct TrainArguments {
    /// Features with labels that video features has written
    #[arg(long, value_name = "FOLDER", default_value = "out/video")]
    features: PathBuf,
    /// Features to test with, of the same model; without them each fifth
    /// video of --features tests
    #[arg(long, value_name = "FOLDER")]
    test_features: Option<PathBuf>,
    /// Width of the head
    #[arg(long, default_value_t = 256)]
    width: usize,
    /// Blocks of the head
    #[arg(long, default_value_t = 4)]
    depth: usize,
    /// Attention heads of the head; they divide its width
    #[arg(long, default_value_t = 4)]
    num_heads: usize,
    /// Share of tokens, hidden units and branches that are dropped
    #[arg(long, default_value_t = 0.1)]
    dropout: f64,
    /// Share of the target that all classes have in common
    #[arg(long, default_value_t = 0.0)]
    label_smoothing: f64,
    /// Passes over the videos, by one of the views of each
    #[arg(long, default_value_t = 30.0)]
    epochs: f64,
    /// Clips of a step
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.001, allow_negative_numbers = true)]
    lr: f64,
    #[command(flatten)]
    keeping: Keeping,
    /// Seed of parameters, order and views, and of which videos test
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for head.safetensors, checkpoints, metrics.jsonl and
    /// curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/head")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Args)]
struct EvalArguments {
    /// A head that video train has written
    #[arg(long, value_name = "FILE", default_value = "out/head/head.safetensors")]
    head: PathBuf,
    /// Features with labels that video features has written, of any number
    /// of views
    #[arg(long, value_name = "FOLDER", default_value = "out/video")]
    features: PathBuf,
    /// Of what the mean over the views of a video is taken
    #[arg(long, default_value = "logits")]
    mean: MeanName,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Clone, Copy, ValueEnum)]
enum MeanName {
    Logits,
    Probabilities,
}

/// Fields of clips, heads and tasks, and the options that set them.
const FIELDS: [(&str, &str); 9] = [
    ("frames", "--frames"),
    ("stride", "--stride"),
    ("clips", "--clips"),
    ("crops", "--crops"),
    ("width", "--width"),
    ("depth", "--depth"),
    ("num_heads", "--num-heads"),
    ("dropout", "--dropout"),
    ("label_smoothing", "--label-smoothing"),
];

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.part {
        Part::Features(arguments) => features(arguments),
        Part::Train(arguments) => train(arguments),
        Part::Eval(arguments) => eval(arguments),
    }
}

fn features(arguments: FeaturesArguments) -> anyhow::Result<()> {
    let FeaturesArguments { weights, videos, root, out, device, .. } = &arguments;
    let FeaturesArguments { frames, stride, clips, crops, .. } = arguments;
    let clips = ClipConfig::new(frames, stride).with_clips(clips).with_crops(crops);
    clips.validate().map_err(|error| naming_option(error, &FIELDS))?;
    let set = VideoSet::open(videos, root.as_deref()).context("--videos")?;
    set.remarks().iter().for_each(|remark| eprintln!("note: --videos: {remark}"));
    let runtime = device.runtime()?;
    let loaded = weights.load(&runtime)?;
    eprintln!("on {runtime}\n");
    let (model, own) = (loaded.model, loaded.preprocess);
    let parameters = FeatureKey::new("parameters").params(&model).digest();
    let config = VideoFeaturesConfig { folder: out.clone(), clips, update: arguments.update };
    let embedder = |steps| {
        let precision = arguments.precision.into();
        let embedder = Embedder::in_precision(&runtime, model.clone(), steps, precision)?;
        Ok(embedder.with_batch(arguments.batch.into()).with_decoding(arguments.decoding.options()))
    };
    let (mut bar, mut now) = (None, 0);
    let mut broken = Vec::new();
    let reports = VideoFeatures::write(
        &set,
        &config,
        (&own, &parameters),
        embedder,
        |error| broken.push(in_own_words(&error.to_string())),
        |crop, progress| {
            if std::mem::replace(&mut now, crop) != crop
                && let Some(bar) = bar.take()
            {
                ImageBar::clear(&bar);
            }
            let bar = bar.get_or_insert_with(|| ImageBar::new(progress.of));
            bar.done_and_skipped(progress.done, progress.skipped);
        },
    );
    if let Some(bar) = bar {
        bar.clear();
    }
    if !broken.is_empty() {
        eprintln!("left out: {} of {}", broken.len(), counted(set.videos().len(), "video"));
        broken.iter().take(SHOWN).for_each(|line| eprintln!("  {line}"));
        if broken.len() > SHOWN {
            eprintln!("  and {} more", broken.len() - SHOWN);
        }
    }
    let reports = reports.map_err(explained)?;
    reports.iter().for_each(tell_skipped);
    let frames: usize = reports.iter().map(|report| report.rows).sum();
    let kept = VideoFeatures::open(out).context("--out")?;
    println!(
        "{}, {} × {} views of {} frames: {} of {} features in {}",
        counted(kept.len(), "video"),
        clips.clips,
        clips.crops,
        clips.frames,
        counted(frames, "vector"),
        kept.width(),
        out.display()
    );
    if kept.left_out() > 0 {
        println!("{} left out", counted(kept.left_out(), "video"));
    }
    Ok(())
}

/// The error with the option that it is about.
fn explained(error: VideoError) -> anyhow::Error {
    let option = match error {
        VideoError::NoVideos { .. } | VideoError::Data(_) => "--videos",
        VideoError::Fit { .. } => "--crops",
        VideoError::Embed(_) => return anyhow::Error::new(error),
        _ => "--out",
    };
    anyhow::Error::new(error).context(option)
}

/// Lines of a kind that are shown.
const SHOWN: usize = 10;

fn tell_skipped(report: &PartsReport) {
    for (kind, images) in &report.skipped {
        eprintln!("skipped frames: {}: {images}", in_own_words(kind));
    }
}

fn opened(option: &str, folder: &Path) -> anyhow::Result<VideoFeatures> {
    VideoFeatures::open(folder).with_context(|| option.to_string())
}

/// Videos to train with and videos to test with.
fn split(arguments: &TrainArguments) -> anyhow::Result<[VideoFeatures; 2]> {
    let all = opened("--features", &arguments.features)?;
    let shown = arguments.features.display();
    let is_labelled = |features: &VideoFeatures, video: &usize| !features.labels(*video).is_empty();
    let mut order: Vec<usize> = (0..all.len()).filter(|video| is_labelled(&all, video)).collect();
    ensure!(
        all.classes().len() > 1 && !order.is_empty(),
        "--features {shown}: expected videos of at least two classes, got {}",
        all.classes().len()
    );
    if let Some(folder) = &arguments.test_features {
        let test = opened("--test-features", folder)?;
        let shown = folder.display();
        ensure!(
            test.is_made_as(all.made_by()),
            "--test-features {shown}: made by another model or in another way than --features"
        );
        ensure!(
            test.clips().frames == all.clips().frames,
            "--test-features {shown}: expected clips of {} frames as in --features, got {}",
            all.clips().frames,
            test.clips().frames
        );
        let test = test.with_classes(all.classes()).context("--test-features")?;
        let some = (0..test.len()).filter(|video| is_labelled(&test, video)).collect::<Vec<_>>();
        ensure!(!some.is_empty(), "--test-features {shown}: no video has a label");
        return Ok([all.select(order), test.select(some)]);
    }
    ensure!(
        order.len() > 1,
        "--features {shown}: one video is too few to train with some and test with others"
    );
    fastrand::Rng::with_seed(arguments.seed).shuffle(&mut order);
    let part = |test: bool| {
        let order = order.iter().enumerate();
        let chosen = order.filter(|(at, _)| (at % TEST_EVERY == 0) == test);
        all.select(chosen.map(|(_, video)| *video).collect::<Vec<_>>())
    };
    Ok([part(false), part(true)])
}

/// Of features in one place, each fifth video tests.
const TEST_EVERY: usize = 5;

fn train(arguments: TrainArguments) -> anyhow::Result<()> {
    let stop = stop_on_signal()?;
    let runtime = arguments.device.runtime()?;
    let [fit, test] = split(&arguments)?;
    let (out, keeping, seed) = (&arguments.out, &arguments.keeping, arguments.seed);
    let config = TemporalHeadConfig::new(fit.width(), fit.clips().frames, fit.classes().len())
        .with_width(arguments.width)
        .with_depth(arguments.depth)
        .with_num_heads(arguments.num_heads);
    let regularisation = Regularisation { dropout: arguments.dropout, stochastic_depth: 0.0 };
    let task = ClassifyClips::new(config.clone(), arguments.label_smoothing)
        .and_then(|task| task.with_regularisation(regularisation))
        .map_err(|error| naming_option(error, &FIELDS))?;
    let recipe = Recipe::clips(arguments.batch, Duration::Epochs(arguments.epochs), arguments.lr);
    println!(
        "{} to train, {} to test, {} classes, on {runtime}",
        counted(fit.len(), "video"),
        counted(test.len(), "video"),
        fit.classes().len()
    );
    let device = runtime.device();
    let examples = Arc::new(ClipExamples::new(&fit, seed, &device));
    let held_out = Arc::new(ClipExamples::new(&test, seed, &device));
    let trainer = Trainer::new(task, recipe, examples, out)
        .with_evaluation(held_out, keeping.evaluate_every)
        .with_seed(seed);
    let trainer = keeping.apply(trainer);
    let Some(ended) = training::finish(&trainer, &runtime, &stop)? else {
        return Ok(());
    };
    let step = ended.engine.steps_done();
    let (head, classes) = (ended.engine.model()?, fit.classes().to_vec());
    let trained = TrainedHead { head, config, classes, made_by: fit.made_by().clone() };
    let path = out.join("head.safetensors");
    trained.save(&path)?;
    let accuracy = evaluate(&runtime, &trained, &test, ViewMean::Logits)?;
    println!("{accuracy}");
    println!("{step} steps; {}", path.display());
    Ok(())
}

fn eval(arguments: EvalArguments) -> anyhow::Result<()> {
    let EvalArguments { head, features, mean, json, device } = arguments;
    let runtime = device.runtime()?;
    let trained = TrainedHead::load(&head, &runtime.device()).context("--head")?;
    let kept = opened("--features", &features)?;
    let mean_of = match mean {
        MeanName::Logits => ViewMean::Logits,
        MeanName::Probabilities => ViewMean::Probabilities,
    };
    let shown = features.display();
    let accuracy = evaluate(&runtime, &trained, &kept, mean_of)
        .with_context(|| format!("--features {shown}"))?;
    if !json {
        println!("{accuracy}");
        return Ok(());
    }
    let clips = accuracy.clips;
    println!(
        "{}",
        serde_json::json!({
            "top_1": accuracy.top_1, "top_5": accuracy.top_5, "videos": accuracy.videos,
            "left_out": accuracy.left_out, "views": clips.views(), "clips": clips.clips,
            "crops": clips.crops, "frames": clips.frames, "stride": clips.stride,
            "mean_of": match mean { MeanName::Logits => "logits", MeanName::Probabilities => "probabilities" },
        })
    );
    Ok(())
}

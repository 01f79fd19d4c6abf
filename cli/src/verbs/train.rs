//! Trains a ViT-22B on procedural images or on one's own, by the paper's recipe scaled down.
//!
//! A run can be stopped with Ctrl-C, or killed at any moment; the same command with `--resume` goes on
//! from the last checkpoint, with the losses that the run would have had.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use vit22b::data::{BatchSource, Drawings, FirstOf, HeldOut, ImageBatch, ImageSet, Preprocess};
use vit22b::train::{Classify, Loss, Recipe, Trainer, measure_peak_flops};
use vit22b::vit::Variant;

use crate::args::{Decoding, DeviceName, PrecisionName, naming_option};
use crate::sharding::Large;
use crate::training::{
    self, Keeping, Measuring, OPTIONS, Steps, labelled, loader, stop_on_signal, values_step,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Size and patch, such as S/16
    #[arg(long, default_value = "mu/4")]
    variant: Variant,
    /// Labelled images in place of drawings: a folder of class folders, or
    /// one with train and val; a list (.csv, .tsv or .jsonl) or shards (.tar)
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    images: Option<PathBuf>,
    /// Steps of preprocessing of training images [default: crops of 5 to
    /// 100 % of the area, and mirroring]
    #[arg(long, value_name = "STEPS", requires = "images")]
    preprocess: Option<Preprocess>,
    #[command(flatten)]
    decoding: Decoding,
    /// Side of the images in pixels, a multiple of the patch
    /// [default: eight patches]
    #[arg(long, value_name = "PIXELS")]
    image: Option<usize>,
    /// Steps of the run
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Equal parts of a batch that are computed one after the other,
    /// for less memory
    #[arg(long, default_value_t = 1)]
    micro_batches: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.003, allow_negative_numbers = true)]
    lr: f64,
    /// The type of products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    #[command(flatten)]
    device: DeviceName,
    /// Floating-point operations in a second, in TFLOP/s, that a device
    /// can do [default: what a matrix product reaches on it]
    #[arg(long, allow_negative_numbers = true)]
    peak_tflops: Option<f64>,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    measuring: Measuring,
    /// Seed of parameters and of drawings, or of the order and crops of
    /// images and of which are held out
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for checkpoints, metrics.jsonl and curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/train")]
    out: PathBuf,
}

/// Held-out images of an evaluation.
const HELD_OUT: usize = 256;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { variant, steps, batch, seed, ref out, .. } = arguments;
    let stop = stop_on_signal()?;
    let side = arguments.image.unwrap_or(8 * variant.patch);
    let Data { train, held_out, classes, measured } = match &arguments.images {
        Some(path) => images(path, &arguments, side)?,
        None => drawings(side, seed),
    };
    ensure!(
        measured.is_some() || !arguments.measuring.is_asked_for(),
        "--evaluate: measures the features of images; give --images"
    );
    let config = variant.config(classes).with_image([side, side]);
    let precision = arguments.precision.into();
    let recipe = Recipe {
        precision,
        micro_batches: arguments.micro_batches,
        ..Recipe::vit22b_scaled(batch, steps, arguments.lr)
    };
    config.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy)?;
    let trainer = Trainer::new(task, recipe, train, out)
        .with_evaluation(held_out, arguments.keeping.evaluate_every)
        .with_seed(seed);
    let mut trainer = arguments.large.apply(arguments.keeping.apply(trainer))?;
    let given = arguments.peak_tflops.map(|tflops| tflops * 1e12);
    if let Some(peak) = given {
        trainer = trainer.with_peak_flops(peak);
    }
    // What is wrong with a setting is said before anything is measured.
    trainer.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let large = &arguments.large;
    let runtime = large.runtime(&arguments.device)?;
    println!("{}\non {runtime}", config.init(&runtime.device())?);
    let peak = match given {
        Some(peak) => peak,
        None => measure_peak_flops(&runtime, precision)?,
    } * large.times_faster(&runtime);
    println!("utilisation is a share of {:.0} GFLOP/s", peak / 1e9);

    let mut trainer = trainer.with_peak_flops(peak);
    if let Some((parts, steps)) = &measured {
        let how = (arguments.decoding.options(), seed);
        let every = arguments.keeping.evaluate_every;
        trainer =
            arguments.measuring.apply(trainer, &runtime, (parts.each_ref(), steps), how, every)?;
    }
    let ended = training::run(&trainer, &runtime, &stop);
    let ended = ended.map_err(|error| large.explained(error))?;
    let (out, step) = (out.display(), ended.engine.steps_done());
    match ended.finished {
        true => println!("{step} steps; metrics.jsonl, curves.svg and checkpoints in {out}"),
        false => println!("stopped after step {step}; go on with --resume --out {out}"),
    }
    Ok(())
}

/// What is trained on, and what a model is evaluated on.
struct Data {
    train: Arc<dyn BatchSource<ImageBatch>>,
    held_out: Arc<dyn HeldOut<ImageBatch>>,
    classes: usize,
    /// The images of both, and the steps of an evaluation.
    measured: Option<([ImageSet; 2], Preprocess)>,
}

fn drawings(side: usize, seed: u64) -> Data {
    let train = Drawings::new(side, seed);
    let classes = train.hierarchy().names().len();
    let held_out = Drawings::new(side, seed ^ 0x4e1d);
    let held_out = Arc::new(FirstOf::new(held_out, HELD_OUT));
    Data { train: Arc::new(train), held_out, classes, measured: None }
}

fn images(path: &Path, arguments: &Arguments, side: usize) -> anyhow::Result<Data> {
    let [train, held_out] = labelled(path, arguments.seed)?;
    let patch = arguments.variant.patch;
    ensure!(
        side > 0 && side.is_multiple_of(patch),
        "--image {side}: expected a positive multiple of the patch, {patch}"
    );
    let values =
        arguments.preprocess.as_ref().map_or_else(|| "value_range(-1, 1)".into(), values_step);
    let steps = Steps::new(side, patch, 5.0, &values, None)?;
    let of_training = arguments.preprocess.as_ref().unwrap_or(&steps.train);
    ensure!(
        of_training.size() == [side, side] && of_training.is_fixed(),
        "--preprocess {of_training}: expected images of {side} × {side} pixels, which --image sets"
    );
    let (decoding, seed) = (arguments.decoding.options(), arguments.seed);
    Ok(Data {
        classes: train.classes().len(),
        train: loader(&train, of_training, decoding, seed)?,
        held_out: loader(&held_out, &steps.test, decoding, seed)?,
        measured: Some(([train, held_out], steps.test)),
    })
}

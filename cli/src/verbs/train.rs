//! Trains a ViT-22B on procedural images, by the paper's recipe scaled down.
//!
//! A run can be stopped with Ctrl-C, or killed at any moment; the same command with `--resume` goes on
//! from the last checkpoint, with the losses that the run would have had.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use vit22b::data::{Drawings, FirstOf};
use vit22b::train::{Classify, Loss, Recipe, Trainer, measure_peak_flops};
use vit22b::vit::Variant;

use crate::args::{DeviceName, PrecisionName, naming_option};
use crate::terminal::Terminal;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Size and patch, such as S/16
    #[arg(long, default_value = "mu/4")]
    variant: Variant,
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
    /// Floating-point operations in a second, in TFLOP/s, that the
    /// device can do [default: what a matrix product reaches on it]
    #[arg(long, allow_negative_numbers = true)]
    peak_tflops: Option<f64>,
    /// Steps between evaluations on held-out images
    #[arg(long, value_name = "STEPS", default_value_t = 50)]
    evaluate_every: u64,
    /// Steps between checkpoints
    #[arg(long, value_name = "STEPS", default_value_t = 50)]
    save_every: u64,
    /// Checkpoints that are kept
    #[arg(long, default_value_t = 3)]
    keep: usize,
    /// Threads that draw images
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Seed of parameters and images
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Go on from the last whole checkpoint in the folder, if there is one
    #[arg(long)]
    resume: bool,
    /// Folder for checkpoints, metrics.jsonl and curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/train")]
    out: PathBuf,
}

/// Held-out images of an evaluation.
const HELD_OUT: usize = 256;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { variant, steps, batch, seed, out, .. } = arguments;
    let stop = stop_on_signal()?;
    let side = arguments.image.unwrap_or(8 * variant.patch);
    let data = Drawings::new(side, seed);
    let held_out = Drawings::new(side, seed ^ 0x4e1d);
    let config = variant.config(data.hierarchy().names().len()).with_image([side, side]);
    let precision = arguments.precision.into();
    let recipe = Recipe {
        precision,
        micro_batches: arguments.micro_batches,
        ..Recipe::vit22b_scaled(batch, steps, arguments.lr)
    };
    config.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy)?;
    let held_out = FirstOf::new(held_out, HELD_OUT);
    let mut trainer = Trainer::new(task, recipe, Arc::new(data), &out)
        .with_evaluation(Arc::new(held_out), arguments.evaluate_every)
        .with_checkpoints(arguments.save_every, arguments.keep)
        .with_threads(arguments.threads)
        .with_seed(seed)
        .with_resume(arguments.resume);
    let given = arguments.peak_tflops.map(|tflops| tflops * 1e12);
    if let Some(peak) = given {
        trainer = trainer.with_peak_flops(peak);
    }
    // What is wrong with a setting is said before anything is measured.
    trainer.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let runtime = arguments.device.runtime()?;
    println!("{}\non {runtime}", config.init(&runtime.device())?);
    let peak = match given {
        Some(peak) => peak,
        None => measure_peak_flops(&runtime, precision)?,
    };
    println!("utilisation is a share of {:.0} GFLOP/s", peak / 1e9);

    let trainer = trainer.with_peak_flops(peak);
    let terminal = Terminal::new();
    let ended = trainer.run(&runtime, &stop, |event| terminal.show(event));
    terminal.finish();
    let ended = ended?;
    let (out, step) = (out.display(), ended.engine.steps_done());
    match ended.finished {
        true => println!("{step} steps; metrics.jsonl, curves.svg and checkpoints in {out}"),
        false => println!("stopped after step {step}; go on with --resume --out {out}"),
    }
    Ok(())
}

/// Fields of configs, recipes and runs, and the options that set them.
const OPTIONS: [(&str, &str); 9] = [
    ("image", "--image"),
    ("micro_batches", "--micro-batches"),
    ("learning_rate.peak", "--lr"),
    ("schedule", "--steps"),
    ("peak_flops", "--peak-tflops"),
    ("evaluate_every", "--evaluate-every"),
    ("save_every", "--save-every"),
    ("keep", "--keep"),
    ("threads", "--threads"),
];

/// A flag that Ctrl-C sets, or the system when it asks the process to end. The second time the process
/// ends at once.
fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nfinishing the step and saving; once more to end at once");
    })?;
    Ok(stop)
}

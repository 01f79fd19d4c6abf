//! Pre-trains a ViT-22B on procedural images, by the paper's recipe scaled down:
//!
//!     cargo run --release --example pretrain -- --variant mu/4 --steps 200 --device xla --out DIR
//!
//! It can be stopped with Ctrl-C, or killed at any moment; the same command with `--resume` goes on
//! from the last checkpoint, with the losses that the run would have had.

mod terminal;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, ValueEnum};
use terminal::Terminal;
use vit22b::Runtime;
use vit22b::data::Synthetic;
use vit22b::train::{Precision, Recipe, Trainer, measure_peak_flops};
use vit22b::vit::Variant;

#[derive(Parser)]
#[command(about = "Pre-trains a ViT-22B on procedural images")]
struct Args {
    /// Size and patch, such as S/16
    #[arg(long, default_value = "mu/4")]
    variant: Variant,
    /// Side of the images in pixels, a multiple of the patch [default: eight patches]
    #[arg(long)]
    image: Option<usize>,
    /// Steps of the run
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Equal parts of a batch that are computed one after the other, for less memory
    #[arg(long, default_value_t = 1)]
    micro_batches: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.003)]
    lr: f64,
    /// The type of products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
    /// Floating-point operations in a second, in TFLOP/s, that the device can do [default: what a
    /// matrix product reaches on it]
    #[arg(long)]
    peak_tflops: Option<f64>,
    /// Steps between evaluations on held-out images
    #[arg(long, default_value_t = 50)]
    evaluate_every: u64,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 50)]
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
    #[arg(long, default_value = "out/pretrain")]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    F32,
    Bf16,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let stop = stop_on_signal()?;
    let side = args.image.unwrap_or(8 * args.variant.patch);
    let data = Synthetic::new(side, args.seed);
    let held_out = Synthetic::new(side, args.seed ^ 0x4e1d);
    let config = args.variant.config(data.hierarchy().names().len()).with_image([side, side]);
    let precision = match args.precision {
        PrecisionName::F32 => Precision::F32,
        PrecisionName::Bf16 => Precision::Bf16,
    };
    let recipe = Recipe {
        precision,
        micro_batches: args.micro_batches,
        ..Recipe::vit22b_scaled(args.batch, args.steps, args.lr)
    };
    let runtime = Runtime::named(&args.device)?;
    println!("{}\non {runtime}", config.init(&runtime.device())?);
    let peak = match args.peak_tflops {
        Some(peak) => peak * 1e12,
        None => measure_peak_flops(&runtime, precision)?,
    };
    println!("utilisation is of {:.0} GFLOP/s", peak / 1e9);

    let trainer = Trainer::new(config, recipe, Arc::new(data), &args.out)
        .with_evaluation(Arc::new(held_out), 256_u64.div_ceil(args.batch), args.evaluate_every)
        .with_checkpoints(args.save_every, args.keep)
        .with_threads(args.threads)
        .with_seed(args.seed)
        .with_resume(args.resume)
        .with_peak_flops(peak);
    let terminal = Terminal::new();
    let ended = trainer.run(&runtime, &stop, |event| terminal.show(event));
    terminal.finish();
    let ended = ended?;
    let (out, step) = (args.out.display(), ended.engine.steps_done());
    match ended.finished {
        true => println!("{step} steps; metrics.jsonl, curves.svg and checkpoints in {out}"),
        false => println!("stopped after step {step}; go on with --resume --out {out}"),
    }
    Ok(())
}

/// Is set by Ctrl-C, or when the system asks the process to end; the second time it ends at once.
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

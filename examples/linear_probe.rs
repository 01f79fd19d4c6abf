//! Pre-trains a small ViT-22B on procedural images, freezes it, and asks how much a linear probe
//! reads of real handwritten digits from its features:
//!
//!     cargo run --release --example linear_probe
//!
//! `cargo run --release -- probe --weights FILE --images DIR` does so with a published model.

#[allow(dead_code)]
#[path = "../cli/src/model.rs"]
mod small_model;
#[allow(dead_code)]
#[path = "../cli/src/terminal.rs"]
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use burn::tensor::Tensor;
use clap::Parser;
use small_model::{Pretraining, TRAIN_DIGITS};
use vit22b::data::{DIGIT_SIDE, Digits, Drawings};
use vit22b::eval::{Confusion, accuracy, principal_plane};
use vit22b::probe::{Embedder, LinearProbeConfig};
use vit22b::vit::Variant;
use vit22b::{Runtime, params, report};

#[derive(Parser)]
#[command(about = "A linear probe on frozen features of a small ViT-22B")]
struct Args {
    /// Size and patch, such as Ti/4, of the model [default: width 96, depth 2, patch 4]
    #[arg(long)]
    variant: Option<Variant>,
    /// Side of the images in pixels, a multiple of the patch
    #[arg(long, default_value_t = 16)]
    image: usize,
    /// Steps of pre-training
    #[arg(long, default_value_t = 6000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Peak learning rate of pre-training
    #[arg(long, default_value_t = 0.01)]
    lr: f64,
    /// Seed of parameters, images and the probe
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
    /// Folder for the pictures
    #[arg(long, default_value = "out/linear_probe")]
    out: PathBuf,
    /// Print one line of JSON at the end, and nothing else on standard output
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let start = Instant::now();
    check_writable(&args.out)?;
    let digits =
        Digits::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/digits.csv.gz"))?;
    let data = Drawings::new(args.image, args.seed);
    let runtime = Runtime::named(&args.device)?;
    let device = runtime.device();
    device.seed(args.seed);
    let classes = data.hierarchy().names().len();
    let config = match args.variant {
        Some(variant) => variant.config(classes).with_image([args.image, args.image]),
        None => small_model::config(classes, args.image),
    };
    let untrained = params::initialize(config.init(&device)?);
    if !args.json {
        println!("{untrained}\non {runtime}\n");
    }
    let Args { steps, batch, lr, seed, .. } = args;
    let pretraining = Pretraining { steps, batch, lr, seed };
    let (trained, losses) = pretraining.run(&runtime, data, untrained.clone())?;
    small_model::save(&trained, &args.out.join("model.safetensors"))?;
    report::curve(
        &args.out.join("loss.svg"),
        "Pre-training on procedural images",
        "loss",
        &losses,
    )?;

    let images = small_model::digit_images(&digits, args.image, &device);
    let features = |model| -> anyhow::Result<Tensor<2>> {
        let embedder = Embedder::new(&runtime, model, small_model::preprocess(args.image)?)?;
        Ok(embedder.with_batch(100).tensor(images.clone())?)
    };
    let probe = |features: Tensor<2>| probe(features, &digits.classes, args.seed);
    let (raw_accuracy, raw_rate, _) = probe(small_model::raw_pixels(&digits, &device))?;
    let (untrained_accuracy, untrained_rate, _) = probe(features(untrained)?)?;
    let trained_features = features(trained)?;
    let (trained_accuracy, trained_rate, predictions) = probe(trained_features.clone())?;

    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let test = &digits.classes[TRAIN_DIGITS..];
    let confusion = Confusion::new(&predictions, test, 10);
    let title =
        format!("Digits by the probe on frozen features: {:.1} %", 100.0 * trained_accuracy);
    report::confusion(&args.out.join("confusion.svg"), &title, &names, &confusion.counts)?;
    let test_features = trained_features.narrow(0, TRAIN_DIGITS, test.len());
    let plane: Vec<f32> = principal_plane(test_features).into_data().try_to_vec()?;
    let points: Vec<[f32; 2]> = plane.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
    report::scatter(
        &args.out.join("features.svg"),
        "Frozen features of the test digits",
        &points,
        test,
        &names,
    )?;

    let rows = [
        ("raw pixels", DIGIT_SIDE * DIGIT_SIDE, raw_rate, raw_accuracy),
        ("untrained model, frozen", config.width, untrained_rate, untrained_accuracy),
        ("pre-trained model, frozen", config.width, trained_rate, trained_accuracy),
    ];
    if args.json {
        println!(
            "{}",
            serde_json::json!({
                "device": runtime.name(), "parameters": config.parameters().total(), "steps": args.steps, "seed": args.seed,
                "loss": losses.last().map(|(_, loss)| loss),
                "raw_pixels": raw_accuracy, "untrained": untrained_accuracy, "trained": trained_accuracy,
                "seconds": start.elapsed().as_secs_f64(),
            })
        );
        return Ok(());
    }
    println!(
        "\n{:<27} {:>8}  {:>13}  {:>13}",
        "linear probe on", "features", "learning rate", "test accuracy"
    );
    for (name, features, rate, accuracy) in rows {
        println!("{name:<27} {features:>8}  {rate:>13}  {:>11.1} %", 100.0 * accuracy);
    }
    println!(
        "\n{} digits to train, {} to test; the model and three pictures in {}; {:.0} s",
        TRAIN_DIGITS,
        test.len(),
        args.out.display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// An error now, not after training, if the folder cannot take files.
fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let probe = folder.join(".writable");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe))
        .with_context(|| {
            format!("--out {}: cannot write there; choose another folder", folder.display())
        })
}

/// Test accuracy, the learning rate that was chosen, and the predictions.
fn probe(
    features: Tensor<2>,
    classes: &[usize],
    seed: u64,
) -> anyhow::Result<(f64, f64, Vec<usize>)> {
    let n = classes.len();
    ensure!(n > TRAIN_DIGITS, "expected more than {TRAIN_DIGITS} digits, got {n}");
    let config = LinearProbeConfig { seed, ..Default::default() };
    let train = features.clone().narrow(0, 0, TRAIN_DIGITS);
    let probe = config.fit(train, &classes[..TRAIN_DIGITS], 10)?;
    let predictions = probe.predict(features.narrow(0, TRAIN_DIGITS, n - TRAIN_DIGITS));
    Ok((accuracy(&predictions, &classes[TRAIN_DIGITS..]), probe.learning_rate, predictions))
}

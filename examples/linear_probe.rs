//! Pre-trains a small ViT-22B on procedural images, freezes it, and asks how much a linear probe
//! reads of real handwritten digits from its features:
//!
//!     cargo run --release --example linear_probe

mod terminal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor, TensorData};
use burn_xla::capture::Params;
use clap::Parser;
use terminal::Terminal;
use vit22b::data::{DIGIT_SIDE, Digits, Prefetch, Synthetic};
use vit22b::eval::{Confusion, LinearProbeConfig, accuracy, principal_plane, report};
use vit22b::train::{Engine, Event, Pace, Recipe, TrainStep};
use vit22b::vit::{Variant, ViT22B, ViT22BConfig};
use vit22b::{Runtime, RuntimeError, params};

/// The first digits train the probe, the others test it.
const TRAIN_DIGITS: usize = 1_200;

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
    let data = Synthetic::new(args.image, args.seed);
    let runtime = Runtime::named(&args.device)?;
    let device = runtime.device();
    device.seed(args.seed);
    let classes = data.hierarchy().names().len();
    let config = match args.variant {
        Some(variant) => variant.config(classes),
        None => ViT22BConfig::new(classes)
            .with_patch(4)
            .with_width(96)
            .with_depth(2)
            .with_mlp_dim(384)
            .with_num_heads(6),
    };
    let config = config.with_image([args.image, args.image]);
    let untrained = params::initialize(config.init(&device)?);
    if !args.json {
        println!("{untrained}\non {runtime}\n");
    }
    let recipe = Recipe::vit22b_scaled(args.batch, args.steps, args.lr);
    let (trained, losses) = pretrain(&args, &runtime, data, &recipe, untrained.clone())?;
    report::curve(
        &args.out.join("loss.svg"),
        "Pre-training on procedural images",
        "loss",
        &losses,
    )?;

    let images = digit_images(&digits, args.image, &device);
    let probe = |features: Tensor<2>| probe(features, &digits.classes, args.seed);
    let (raw_accuracy, raw_rate, _) = probe(raw_pixels(&digits, &device))?;
    let (untrained_accuracy, untrained_rate, _) = probe(features(&runtime, untrained, &images)?)?;
    let trained_features = features(&runtime, trained, &images)?;
    let (trained_accuracy, trained_rate, predictions) = probe(trained_features.clone())?;

    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let test = &digits.classes[TRAIN_DIGITS..];
    let confusion = Confusion::new(&predictions, test, 10);
    let title =
        format!("Digits by the probe on frozen features: {:.1} %", 100.0 * trained_accuracy);
    report::confusion(&args.out.join("confusion.svg"), &title, &names, &confusion)?;
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
        "\n{} digits to train, {} to test; loss.svg, confusion.svg, features.svg in {}; {:.0} s",
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

/// The trained model and the loss of each step.
fn pretrain(
    args: &Args,
    runtime: &Runtime,
    data: Synthetic,
    recipe: &Recipe,
    model: ViT22B,
) -> anyhow::Result<(ViT22B, Vec<(u64, f64)>)> {
    let train = TrainStep::new(recipe, None, &model)?;
    let state = train.init(model, args.seed);
    let mut engine = Engine::new(runtime, train, state)?;
    let mut losses = Vec::new();
    let (terminal, mut pace) = (Terminal::new(), Pace::new(args.steps, args.batch));
    for batch in Prefetch::new(Arc::new(data), 0, args.batch as usize, args.steps, 1) {
        let pending = engine.step(batch?)?;
        let progress = pace.step_done(pending.step(), pending.read()?);
        losses.push((progress.step, f64::from(progress.reading.loss)));
        terminal.show(&Event::Step(progress));
    }
    terminal.finish();
    Ok((engine.state()?.model, losses))
}

fn raw_pixels(digits: &Digits, device: &Device) -> Tensor<2> {
    let n = digits.images.len();
    Tensor::from_data(TensorData::new(digits.images.concat(), [n, DIGIT_SIDE * DIGIT_SIDE]), device)
}

/// Digits as the model sees images: bright ink on dark, three equal channels in [−1, 1].
fn digit_images(digits: &Digits, side: usize, device: &Device) -> Tensor<4> {
    let n = digits.images.len();
    let small = raw_pixels(digits, device).reshape([n, 1, DIGIT_SIDE, DIGIT_SIDE]);
    let options = InterpolateOptions::new(InterpolateMode::Bilinear)
        .with_output_size([side, side])
        .with_align_corners(false);
    let large = interpolate(small, options);
    large.repeat_dim(1, 3).mul_scalar(2.0).sub_scalar(1.0)
}

/// The frozen model's pooled vectors.
fn features(
    runtime: &Runtime,
    model: ViT22B,
    images: &Tensor<4>,
) -> Result<Tensor<2>, RuntimeError> {
    let pooled = runtime.bind(Params(model), |model, images: Tensor<4>| model.pooled(images))?;
    let batches = images.clone().split(128, 0).into_iter();
    let features = batches.map(|images| pooled.call(images)).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::cat(features, 0))
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

//! Pre-trains a small ViT-22B on drawings, freezes it, and asks how much a linear probe reads of real
//! handwritten digits from its features. Two minutes on a laptop's CPU:
//!
//!     cargo run --release --example linear_probe
//!
//! `cargo run --release -- probe --weights FILE --images DIR` asks a published model.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Tensor;
use clap::Parser;
use vit22b::data::{Digits, Drawings, Prefetch, Preprocess};
use vit22b::eval::{Confusion, accuracy, principal_plane};
use vit22b::probe::{EmbedError, Embedder, LinearProbeConfig};
use vit22b::train::{Classify, Engine, Loss, Pace, Recipe, Start, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::{Runtime, params, report, weights};

#[derive(Parser)]
struct Args {
    /// Steps of pre-training, of 32 drawings each
    #[arg(long, default_value_t = 6000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Seed of parameters, drawings and the probe
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What computes: auto, flex, xla or a GPU backend that is built in
    #[arg(long, default_value = "auto")]
    device: String,
    /// Folder for the model and the pictures
    #[arg(long, default_value = "out/linear_probe")]
    out: PathBuf,
}

/// 1,797 handwritten digits, of which the first 1,200 train the probes.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/digits.csv.gz");

fn main() -> anyhow::Result<()> {
    let Args { steps, seed, device, out } = Args::parse();
    std::fs::create_dir_all(&out)?;
    let runtime = Runtime::named(&device)?;
    let device = runtime.device();
    device.seed(seed);
    let drawings = Drawings::new(16, seed);
    let config = ViT22BConfig::new(drawings.hierarchy().names().len()).with_image([16, 16]);
    let config =
        config.with_patch(4).with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6);
    let untrained = params::initialize(config.init(&device)?);
    println!("{untrained}\non {runtime}\n");
    let trained = train(&runtime, drawings, &untrained, steps, seed, &out)?;
    let preprocess: Preprocess = "resize_shorter(16)|center_crop(16)|value_range(-1, 1)".parse()?;
    weights::save(&trained, &preprocess, out.join("model.safetensors"))?;

    let digits = Digits::read(Path::new(DIGITS))?;
    let features = |model: ViT22B| -> Result<Tensor<2>, EmbedError> {
        let embedder = Embedder::new(&runtime, model, preprocess.clone())?.with_batch(100);
        embedder.tensor(digits.resized(16, &device))
    };
    let rows = [
        ("raw pixels", digits.pixels(&device)),
        ("untrained model, frozen", features(untrained)?),
        ("pre-trained model, frozen", features(trained)?),
    ];
    let (train_classes, test_classes) = digits.classes.split_at(1_200);
    println!("\nlinear probe on              features  learning rate  test accuracy");
    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    for (name, features) in rows {
        let [train, test] = features
            .split_with_sizes(vec![1_200, test_classes.len()], 0)
            .try_into()
            .expect("two parts");
        let width = train.dims()[1];
        let probe =
            LinearProbeConfig { seed, ..Default::default() }.fit(train, train_classes, 10)?;
        let predictions = probe.predict(test.clone());
        let right = 100.0 * accuracy(&predictions, test_classes);
        println!("{name:<27} {width:>8}  {:>13}  {right:>11.1} %", probe.learning_rate);
        // The last ones stay: those of the pre-trained model.
        let counts = Confusion::new(&predictions, test_classes, 10);
        let title = format!("Digits by the probe on frozen features: {right:.1} %");
        report::confusion(&out.join("confusion.svg"), &title, &names, &counts.counts)?;
        let plane: Vec<f32> = principal_plane(test).into_data().try_to_vec()?;
        let points: Vec<[f32; 2]> = plane.as_chunks().0.to_vec();
        let title = "Frozen features of the test digits";
        report::scatter(&out.join("features.svg"), title, &points, test_classes, &names)?;
    }
    println!(
        "\n1200 digits to train, {} to test; the model and three pictures in {}",
        test_classes.len(),
        out.display()
    );
    Ok(())
}

fn train(
    runtime: &Runtime,
    drawings: Drawings,
    model: &ViT22B,
    steps: u64,
    seed: u64,
    out: &Path,
) -> anyhow::Result<ViT22B> {
    let task = Classify::new(model.config().clone(), Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, steps, 0.01), None)?;
    let mut engine = Engine::start(runtime, step, Start::From(model.clone(), seed))?;
    let (mut losses, mut pace) = (vec![], Pace::new(steps, 32));
    for batch in Prefetch::new(Arc::new(drawings), 0, 32, steps, 1) {
        let pending = engine.step(batch?)?;
        let progress = pace.step_done(pending.step(), pending.read()?);
        losses.push((progress.step, progress.reading.loss.into()));
        if progress.step.is_multiple_of(steps.div_ceil(20)) {
            eprintln!("{progress}");
        }
    }
    report::curve(&out.join("loss.svg"), "Pre-training on drawings", "loss", &losses)?;
    Ok(engine.state()?.model)
}

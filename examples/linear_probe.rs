//! Pre-trains a small ViT-22B on drawings, freezes it, and asks how much a linear probe reads of real
//! handwritten digits from its features: `cargo run --release --example linear_probe`, a minute on a laptop's CPU.

use clap::Parser;
use std::{path::PathBuf, sync::Arc};
use vit22b::data::{Digits, Drawings, Preprocess};
use vit22b::eval::FewShotConfig;
use vit22b::probe::{Embedder, LinearProbeConfig};
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use vit22b::vit::ViT22BConfig;
use vit22b::{Runtime, params, report, weights};

#[derive(Parser)]
struct Args {
    /// Steps of pre-training, of 32 drawings each
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
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

fn main() -> anyhow::Result<()> {
    let Args { steps, seed, device, out } = Args::parse();
    std::fs::create_dir_all(&out)?;
    let runtime = Runtime::named(&device)?;
    runtime.device().seed(seed);
    let data = Drawings::new(16, seed);
    let vit = ViT22BConfig::new(data.hierarchy().names().len()).with_image([16, 16]).with_patch(4);
    let vit = vit.with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6);
    let untrained = params::initialize(vit.init(&runtime.device())?);
    println!("{untrained}\non {runtime}\n");
    let task = Classify::new(vit, Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, steps, 0.006), None)?;
    let mut engine = Engine::start(&runtime, step, Start::From(untrained.clone(), seed))?;
    let mut losses = vec![];
    engine.train(Arc::new(data), |progress| {
        losses.push((progress.step, progress.reading.loss.into()));
        progress.step.is_multiple_of(steps.div_ceil(20)).then(|| eprintln!("{progress}"));
    })?;
    report::curve(&out.join("loss.svg"), "Pre-training on drawings", "loss", &losses)?;
    let trained = engine.model()?;
    let preprocess: Preprocess = "resize_shorter(16)|center_crop(16)|value_range(-1, 1)".parse()?;
    weights::save(&trained, &preprocess, out.join("model.safetensors"))?;
    // The first 1,200 digits train each probe, the other 597 test it.
    let digits = Digits::handwritten();
    let mut rows = vec![("raw pixels".into(), digits.pixels(&runtime.device()))];
    for (name, model) in [("untrained", untrained), ("pre-trained", trained)] {
        let embedder = Embedder::new(&runtime, model, preprocess.clone())?.with_batch(100);
        let images = digits.resized(16, &runtime.device());
        rows.push((format!("{name} model, pooled"), embedder.tensor(images.clone())?));
        rows.push((format!("{name} model, tokens"), embedder.tokens(images)?.flatten(1, 2)));
    }
    let shots = vec![1, 5, 10];
    let few_shot = FewShotConfig { shots, seeds: (0..10).collect(), ..Default::default() };
    println!("\nfrozen features           number     probe  1 a class          5         10");
    for (name, features) in rows {
        // More features than examples want a stronger decay.
        let weight_decay = if features.dims()[1] > Digits::TRAIN { 0.1 } else { 1e-3 };
        let probe = LinearProbeConfig { seed, weight_decay, ..Default::default() };
        let tested = probe.fit_and_test(features.clone(), &digits.classes, Digits::TRAIN, 10)?;
        let right = 100.0 * tested.accuracy;
        // A ridge regression on a few digits of each class, a mean over ten draws.
        let few = few_shot.measure_split(features, &digits.classes, Digits::TRAIN, 10)?;
        let few: String = few.iter().map(|row| format!(" {:>8.1} %", 100.0 * row.mean())).collect();
        println!("{name:<25} {:>6} {right:>7.1} %{few}", tested.features.dims()[1]);
        let (names, title) = (Digits::names(), format!("Digits by the linear probe: {right:.1} %"));
        report::confusion(&out.join("confusion.svg"), &title, &names, &tested.confusion().counts)?;
        let (file, title) = (out.join("features.svg"), "Frozen features of the test digits");
        report::scatter(&file, title, &tested.plane(), &tested.labels, &names)?;
    }
    println!("\nthe model, its loss and pictures of the last row are in {}", out.display());
    Ok(())
}

//! Why ViT-22B normalises queries and keys, in small: without that norm attention logits grow with
//! the learning rate, until attention falls on single tokens; with it they stay small.
//!
//!     cargo run --release --example qk_norm -- --out DIR
//!
//! Both models are trained over a sweep of learning rates, with Adam and without what else holds
//! training together: no warm-up, no clipping, no decay.

mod stability;
#[allow(dead_code)]
#[path = "../cli/src/terminal.rs"]
mod terminal;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Tensor, TensorData};
use burn_trace::Params;
use clap::Parser;
use stability::{Point, Run, pictures};
use terminal::Terminal;
use vit22b::data::{BatchError, BatchSource, Drawings, ImageBatch, Prefetch};
use vit22b::report::panels;
use vit22b::train::{
    Adam, Classify, Duration, Engine, Event, Loss, Pace, Recipe, Rules, Stage, Start, TrainError,
    TrainStep, Tune,
};
use vit22b::vit::{FeatureRequest, QkNorm, ViT22B, ViT22BConfig};
use vit22b::{Function, Runtime};

#[derive(Parser)]
#[command(about = "Training with and without QK normalisation over a sweep of learning rates")]
struct Args {
    /// Peak learning rates, rising
    #[arg(long, value_delimiter = ',', default_values_t = [0.001, 0.003, 0.01, 0.03])]
    rates: Vec<f64>,
    /// Width of the models
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Blocks of the models
    #[arg(long, default_value_t = 8)]
    depth: usize,
    /// Heads of the models
    #[arg(long, default_value_t = 2)]
    heads: usize,
    /// Steps of each run
    #[arg(long, default_value_t = 800)]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Steps between measurements
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
    /// Seed of parameters and images
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for qk_norm.svg and qk_norm.json
    #[arg(long, default_value = "out/qk_norm")]
    out: PathBuf,
}

const SIDE: usize = 16;
const PATCH: usize = 4;
/// Held-out images that are measured on.
const MEASURED: usize = 256;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("--out {}: cannot be made", args.out.display()))?;
    let runtime = Runtime::named(&args.device)?;
    println!("on {runtime}");
    let measure = runtime.jit(measure);
    let held_out = Outlines::new(!args.seed).batch(0, MEASURED)?;
    let chance = chance(&held_out.targets.to_data())?;
    let held_out = (held_out.images, held_out.targets);
    let mut runs = Vec::new();
    for &rate in &args.rates {
        for norm in [false, true] {
            let run = train(&args, &runtime, &measure, &held_out, norm, rate)?;
            println!("{}", run.row());
            runs.push(run);
        }
    }
    println!("\nloss of one who knows only how frequent each label is: {chance:.3}");
    println!("{}", Run::HEADER);
    runs.iter().for_each(|run| println!("{}", run.row()));
    let json = serde_json::json!({
        "device": runtime.name(), "steps": args.steps, "chance": chance, "runs": runs,
    });
    let path = args.out.join("qk_norm.json");
    std::fs::write(&path, json.to_string())
        .with_context(|| format!("cannot write {}", path.display()))?;
    panels(
        &args.out.join("qk_norm.svg"),
        "Training with and without QK norm",
        3,
        &pictures(&runs, chance),
    )?;
    println!("qk_norm.svg and qk_norm.json in {}", args.out.display());
    Ok(())
}

type Measured = (Tensor<1>, Tensor<1>, Tensor<1>);
type Measure = Function<(Params<ViT22B>, (Tensor<4>, Tensor<2>)), Measured>;

/// Loss, largest attention logit and lowest mean entropy.
fn measure((model, (images, targets)): (Params<ViT22B>, (Tensor<4>, Tensor<2>))) -> Measured {
    let depth = model.blocks.len();
    let request = (0..depth).fold(FeatureRequest::new().logits(), FeatureRequest::attention_logits);
    let features = model.features(images, &request).expect("the model has these blocks");
    let loss = Loss::SigmoidCrossEntropy.forward(features.logits.expect("asked for"), targets);
    let of_block = |logits: &Tensor<4>| {
        let (p, log_p) = (softmax(logits.clone(), 3), log_softmax(logits.clone(), 3));
        (logits.clone().abs().max(), (p * log_p).sum_dim(3).neg().mean())
    };
    let (logit, entropy) = features
        .attention_logits
        .values()
        .map(of_block)
        .reduce(|(logit, entropy), (l, e)| (logit.max_pair(l), entropy.min_pair(e)))
        .expect("there is a block");
    (loss, logit, entropy)
}

fn train(
    args: &Args,
    runtime: &Runtime,
    measure: &Measure,
    held_out: &(Tensor<4>, Tensor<2>),
    norm: bool,
    rate: f64,
) -> anyhow::Result<Run> {
    let data = Outlines::new(args.seed);
    let config = ViT22BConfig::new(data.labels.len())
        .with_image([SIDE, SIDE])
        .with_patch(PATCH)
        .with_width(args.width)
        .with_depth(args.depth)
        .with_mlp_dim(4 * args.width)
        .with_num_heads(args.heads)
        .with_qk_norm(if norm { QkNorm::Rms } else { QkNorm::None });
    let recipe = Recipe {
        batch_size: args.batch,
        total: Duration::Steps(args.steps),
        update: vec![
            Stage::Adam(Adam { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 }),
            Stage::LearningRate { peak: rate, factors: Rules::all(Tune::Factor(1.0)) },
        ],
        ..Recipe::vit22b()
    };
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &recipe, None)?;
    let mut engine = Engine::start(runtime, step, Start::Drawn(args.seed))?;
    let mut run = Run { norm, rate, points: vec![], ended: None };
    let (terminal, mut pace) = (Terminal::new(), Pace::new(args.steps, args.batch));
    for batch in Prefetch::new(Arc::new(data), 0, args.batch as usize, args.steps, 1) {
        let done = engine.steps_done();
        if done.is_multiple_of(args.every) {
            let model = Params(engine.state()?.model);
            let (loss, logit, entropy) = measure.call((model, held_out.clone()))?;
            run.points.push(Point {
                step: done,
                loss: loss.into_scalar(),
                logit: logit.into_scalar(),
                entropy: entropy.into_scalar(),
            });
            pace.restart();
        }
        match engine.step(batch?).and_then(|pending| pending.read()) {
            Ok(reading) => terminal.show(&Event::Step(pace.step_done(done + 1, reading))),
            Err(TrainError::Diverged { step, .. } | TrainError::NonFinite { step, .. }) => {
                run.ended = Some(step);
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    terminal.finish();
    Ok(run)
}

/// The procedural images with eight labels, those of what an outline is made of: they are told by
/// parts that lie apart, so that attention must find them.
struct Outlines {
    images: Drawings,
    /// Which of the labels of the images.
    labels: Vec<usize>,
}

impl Outlines {
    fn new(seed: u64) -> Self {
        let images = Drawings::new(SIDE, seed);
        let names = images.hierarchy().names().iter().enumerate();
        let labels = names.filter(|(_, name)| LABELS.contains(&name.as_str())).map(|(at, _)| at);
        Self { labels: labels.collect(), images }
    }
}

const LABELS: [&str; 8] =
    ["round", "polygon", "curve", "stroke", "sign", "one stroke", "two strokes", "three strokes"];

impl BatchSource<ImageBatch> for Outlines {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let batch = self.images.batch(position, size)?;
        let all = batch.targets.to_data().try_to_vec::<f32>();
        let all = all.map_err(|error| BatchError::new(position, format!("{error:?}")))?;
        let rows = all.chunks(all.len() / size);
        let targets = rows.flat_map(|row| self.labels.iter().map(|&label| row[label])).collect();
        let targets = TensorData::new::<f32, _>(targets, [size, self.labels.len()]);
        Ok(ImageBatch::new(batch.images.into_data(), targets))
    }
}

/// The loss of predicting how frequent each label is, whatever the image.
fn chance(targets: &TensorData) -> anyhow::Result<f64> {
    let labels = targets.shape()[1];
    let targets = targets.try_to_vec::<f32>().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let entropy = |label: usize| {
        let rows = targets.chunks(labels);
        let p = rows.map(|row| f64::from(row[label])).sum::<f64>() * labels as f64
            / targets.len() as f64;
        let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
        part(p) + part(1.0 - p)
    };
    Ok((0..labels).map(entropy).sum())
}

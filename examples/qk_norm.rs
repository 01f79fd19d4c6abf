//! Why ViT-22B normalises queries and keys, in small: at a raised learning rate a model without that
//! norm diverges, its attention logits growing and its attention collapsing, and one with it trains.
//!
//!     cargo run --release --example qk_norm -- --out DIR
//!
//! Both are trained with the paper's recipe over a sweep of learning rates.

mod terminal;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor};
use burn_xla::capture::Params;
use clap::Parser;
use serde::Serialize;
use terminal::Terminal;
use vit22b::data::{BatchSource, Prefetch, Synthetic};
use vit22b::eval::report::{Line, Panel, panels};
use vit22b::train::{Engine, Event, Loss, Pace, Recipe, TrainError, TrainStep};
use vit22b::vit::{FeatureRequest, QkNorm, ViT22B, ViT22BConfig};
use vit22b::{Function, Runtime};

#[derive(Parser)]
#[command(about = "Training with and without QK normalisation over a sweep of learning rates")]
struct Args {
    /// Peak learning rates, rising
    #[arg(long, value_delimiter = ',', default_values_t = [0.003, 0.01, 0.03, 0.1])]
    rates: Vec<f64>,
    /// Width of the models
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Blocks of the models
    #[arg(long, default_value_t = 4)]
    depth: usize,
    /// Heads of the models
    #[arg(long, default_value_t = 2)]
    heads: usize,
    /// Steps of each run
    #[arg(long, default_value_t = 500)]
    steps: u64,
    /// Images of a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Steps between measurements
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
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
const MEASURED: usize = 64;

/// What is measured on held-out images after a number of steps.
#[derive(Serialize)]
struct Point {
    step: u64,
    loss: f64,
    /// The largest attention logit of all blocks, by its size.
    logit: f64,
    /// The mean entropy of the attention, in nats, in the block where it is lowest.
    entropy: f64,
}

#[derive(Serialize)]
struct Run {
    #[serde(rename = "qk_norm")]
    norm: bool,
    #[serde(rename = "learning_rate")]
    rate: f64,
    points: Vec<Point>,
    /// The step that was not finite.
    ended: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("--out {}: cannot be made", args.out.display()))?;
    let runtime = Runtime::named(&args.device)?;
    println!("on {runtime}");
    let measure = runtime.jit(measure);
    let mut runs = Vec::new();
    for &rate in &args.rates {
        for norm in [false, true] {
            let run = train(&args, &runtime, &measure, norm, rate)?;
            println!("{}", run.row());
            runs.push(run);
        }
    }
    println!("{}", Run::HEADER);
    runs.iter().for_each(|run| println!("{}", run.row()));
    let json = serde_json::json!({ "device": runtime.name(), "steps": args.steps, "runs": runs });
    let path = args.out.join("qk_norm.json");
    std::fs::write(&path, json.to_string())
        .with_context(|| format!("cannot write {}", path.display()))?;
    panels(
        &args.out.join("qk_norm.svg"),
        "Training with and without QK norm",
        3,
        &pictures(&runs),
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
    norm: bool,
    rate: f64,
) -> anyhow::Result<Run> {
    let (data, held_out) = (Synthetic::new(SIDE, args.seed), Synthetic::new(SIDE, !args.seed));
    let config = ViT22BConfig::new(data.hierarchy().names().len())
        .with_image([SIDE, SIDE])
        .with_patch(PATCH)
        .with_width(args.width)
        .with_depth(args.depth)
        .with_mlp_dim(4 * args.width)
        .with_num_heads(args.heads)
        .with_qk_norm(if norm { QkNorm::Rms } else { QkNorm::None });
    let recipe = Recipe::vit22b_scaled(args.batch, args.steps, rate);
    let step = TrainStep::new(&recipe, None, &config.init(&runtime.device())?)?;
    let mut engine = Engine::init(runtime, step, &config, args.seed)?;
    let measured = held_out.batch(0, MEASURED)?;
    let device = Device::flex();
    let measured = (
        Tensor::<4>::from_data(measured.images, &device),
        Tensor::<2>::from_data(measured.targets, &device),
    );
    let mut run = Run { norm, rate, points: vec![], ended: None };
    let (terminal, mut pace) = (Terminal::new(), Pace::new(args.steps, args.batch));
    for batch in Prefetch::new(Arc::new(data), 0, args.batch as usize, args.steps, 1) {
        let done = engine.steps_done();
        if done.is_multiple_of(args.every) {
            let model = Params(engine.state()?.model);
            let (loss, logit, entropy) = measure.call((model, measured.clone()))?;
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

impl Run {
    const HEADER: &str = "\nlearning rate  QK norm  loss at the end  largest logit  lowest entropy";

    fn largest_logit(&self) -> f64 {
        self.points.iter().map(|point| point.logit).fold(0.0, f64::max)
    }

    fn lowest_entropy(&self) -> f64 {
        self.points.iter().map(|point| point.entropy).fold(f64::INFINITY, f64::min)
    }

    /// The mean over the last tenth of the run; none if it ended before.
    fn last_loss(&self) -> f64 {
        let last = &self.points[self.points.len() - self.points.len().div_ceil(10)..];
        match self.ended {
            Some(_) => f64::NAN,
            None => last.iter().map(|point| point.loss).sum::<f64>() / last.len() as f64,
        }
    }

    fn row(&self) -> String {
        let norm = if self.norm { "yes" } else { "no" };
        let loss = match self.ended {
            Some(step) => format!("lost at {step}"),
            None => format!("{:.3}", self.last_loss()),
        };
        let (logit, entropy) = (self.largest_logit(), self.lowest_entropy());
        format!("{:<13}  {norm:<7}  {loss:>15}  {logit:>13.1}  {entropy:>14.3}", self.rate)
    }
}

/// The three quantities over learning rates, then over the steps without and with the norm.
fn pictures(runs: &[Run]) -> Vec<Panel> {
    type Quantity = (&'static str, bool, fn(&Run) -> f64, fn(&Point) -> f64);
    let quantities: [Quantity; 3] = [
        ("held-out loss", true, Run::last_loss, |point| point.loss),
        ("largest attention logit", true, Run::largest_logit, |point| point.logit),
        ("attention entropy (nats)", false, Run::lowest_entropy, |point| point.entropy),
    ];
    let mut pictures = Vec::new();
    for (name, log, of_run, _) in &quantities {
        let line = |norm: bool| Line {
            name: if norm { "with QK norm" } else { "without" }.into(),
            points: runs.iter().filter(|r| r.norm == norm).map(|r| (r.rate, of_run(r))).collect(),
            colour: if norm { 0 } else { 3 },
            dashed: false,
        };
        pictures.push(Panel {
            title: format!("By learning rate: {name}"),
            x: "learning rate".into(),
            y: (*name).into(),
            logarithmic: [true, *log],
            y_range: None,
            lines: vec![line(false), line(true)],
        });
    }
    for norm in [false, true] {
        for (name, log, _, of_point) in &quantities {
            let values = || runs.iter().flat_map(|run| &run.points).map(of_point);
            let finite = || values().filter(|value| value.is_finite());
            let range = [finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max)];
            let lines = runs.iter().filter(|run| run.norm == norm).enumerate();
            let lines = lines.map(|(index, run)| Line {
                name: format!("{}", run.rate),
                points: run.points.iter().map(|p| (p.step as f64, of_point(p))).collect(),
                colour: index,
                dashed: false,
            });
            pictures.push(Panel {
                title: if norm { "With QK norm" } else { "Without QK norm" }.into(),
                x: "step".into(),
                y: (*name).into(),
                logarithmic: [false, *log],
                y_range: Some(range),
                lines: lines.collect(),
            });
        }
    }
    pictures
}

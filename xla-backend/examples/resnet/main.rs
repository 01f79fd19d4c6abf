//! An ordinary Burn training step, compiled: ResNet-18 with batch norm on images of 32 × 32 pixels, AdamW.
//!
//! ```text
//! cargo run --release -p burn-xla --example resnet -- [--width 64] [--batch 64] [--steps 20] [--bf16] [--no-flex]
//! ```
//!
//! The same steps are taken by Burn's own optimizer on Burn's CPU backend: their losses and times stand beside.

mod model;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use burn::module::Module as _;
use burn::tensor::{Device, Distribution, Int, Tensor};
use burn_optim::{AdamWConfig, GradientsParams};
use burn_trace::{OptimizerState, Params, TreeOptimizer, value_and_grad};
use burn_xla::program::Xla;
use model::{ResNet, cross_entropy, in_bf16};

const CLASSES: usize = 10;
const RATE: f64 = 1e-3;

struct Options {
    width: usize,
    batch: usize,
    steps: usize,
    bf16: bool,
    flex: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    let device = Device::flex();
    device.seed(1);
    // Drawn here, so that both begin at the same place.
    let model = ResNet::new(options.width, CLASSES, &device).materialize();
    println!(
        "ResNet-18 of width {}: {} parameters; {} images a step{}",
        options.width,
        model.num_params(),
        options.batch,
        if options.bf16 { ", products in bf16" } else { "" }
    );
    let batches: Vec<_> = (0..options.steps).map(|_| batch(options.batch, &device)).collect();

    let flex = match options.flex {
        true => on_flex(model.clone(), &batches, options.bf16),
        false => vec![],
    };
    let compiled = on_xla(model, &batches, options.bf16)?;
    println!("{:>4} {:>10} {:>9} {:>10} {:>9}", "step", "XLA", "seconds", "Flex", "seconds");
    for (step, (loss, time)) in compiled.iter().enumerate() {
        let flex = flex.get(step).map_or_else(String::new, |(loss, time)| {
            format!(" {loss:>10.5} {:>9.2}", time.as_secs_f64())
        });
        println!("{:>4} {loss:>10.5} {:>9.2}{flex}", step + 1, time.as_secs_f64());
    }
    Ok(())
}

fn options() -> Result<Options> {
    let mut options = Options { width: 64, batch: 64, steps: 20, bf16: false, flex: true };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || -> Result<usize> {
            let value = words.next().with_context(|| format!("{word} takes a number"))?;
            value.parse().with_context(|| format!("{word} {value}"))
        };
        match word.as_str() {
            "--width" => options.width = number()?,
            "--batch" => options.batch = number()?,
            "--steps" => options.steps = number()?,
            "--bf16" => options.bf16 = true,
            "--no-flex" => options.flex = false,
            _ => bail!("{word} is no option: --width, --batch, --steps, --bf16, --no-flex"),
        }
    }
    Ok(options)
}

type Batch = (Tensor<4>, Tensor<1, Int>);
type Losses = Vec<(f32, Duration)>;

fn batch(size: usize, device: &Device) -> Batch {
    let images = Tensor::random([size, 3, 32, 32], Distribution::Normal(0.0, 1.0), device);
    let labels = Tensor::<1>::random([size], Distribution::Uniform(0.0, CLASSES as f64), device);
    (images, labels.int())
}

fn loss(model: ResNet, (images, labels): Batch, bf16: bool) -> Tensor<1> {
    let model = if bf16 { in_bf16(model) } else { model };
    cross_entropy(model.forward(images), labels)
}

/// As one trains with Burn.
fn on_flex(model: ResNet, batches: &[Batch], bf16: bool) -> Losses {
    let device = Device::flex().autodiff();
    let mut model = model.train();
    let mut optimizer = AdamWConfig::new().init();
    let mut losses = Vec::new();
    for (images, labels) in batches {
        let start = Instant::now();
        let batch = (images.clone().to_device(&device), labels.clone().to_device(&device));
        let loss = loss(model.clone(), batch, bf16);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(RATE, model, gradients);
        losses.push((loss.into_scalar(), start.elapsed()));
    }
    losses
}

type State = (Params<ResNet>, OptimizerState<Params<ResNet>>);

/// The same step as one program. Model and state of the optimizer stay on the device.
fn on_xla(model: ResNet, batches: &[Batch], bf16: bool) -> Result<Losses> {
    let xla = Xla::auto().or_else(|_| Xla::cpu())?;
    let optimizer = TreeOptimizer::from(AdamWConfig::new());
    let model = Params(model);
    let state = optimizer.init(&model)?;
    let step = xla.jit(move |((model, state), batch): (State, Batch)| {
        let of = |Params(model): Params<ResNet>, batch| loss(model, batch, bf16);
        let (loss, gradients) = value_and_grad(&model, &batch, of).expect("trees of parameters");
        let stepped = optimizer.step(RATE, model, gradients, state);
        (stepped.expect("the state is of this model"), loss)
    });
    let step = step.named("step").donate(|path| path.starts_with("0."));
    let mut state = xla.upload(&(model, state))?;
    let mut losses = Vec::new();
    for batch in batches {
        let start = Instant::now();
        let batch = xla.upload(batch)?;
        let (next, loss) = step.call_on_device((state, batch))?.split()?;
        losses.push((loss.to_host()?.into_scalar(), start.elapsed()));
        state = next;
    }
    println!("{} compiled {} times", xla.client().platform(), step.compilations());
    Ok(losses)
}

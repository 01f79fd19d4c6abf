//! An ordinary Burn training step, compiled: ResNet-18 with batch norm on images of 32 × 32 pixels, AdamW.
//!
//! ```text
//! cargo run --release -p burn-xla --example resnet -- [--width 16] [--batch 64] [--steps 20] [--bf16] [--no-flex]
//! ```
//!
//! The same steps are taken by Burn's own optimizer on Burn's CPU backend: their losses and times stand beside. The
//! paper's network has `--width 64`, which takes sixteen times as long.

mod model;

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use burn::module::Module as _;
use burn::tensor::{Device, Distribution, Int, Tensor};
use burn_optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn_trace::{OptimizerState, Params, TreeOptimizer, value_and_grad};
use burn_xla::program::{DeviceTree, Jit, Xla};
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
    // Each step takes as much memory again: it is kept, and not given back.
    burn_xla::pjrt::keep_memory();
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
    let mut flex = options.flex.then(|| OnFlex::new(model.clone(), options.bf16));
    let mut xla = OnXla::new(model, &batch(options.batch, &device), options.bf16)?;
    println!("{:>4} {:>10} {:>9} {:>10} {:>9}", "step", "XLA", "seconds", "Flex", "seconds");
    let (mut times, mut flex_times) = (Vec::new(), Vec::new());
    for step in 1..=options.steps {
        let batch = batch(options.batch, &device);
        let start = Instant::now();
        let loss = xla.step(&batch)?;
        times.push(start.elapsed());
        print!("{step:>4} {loss:>10.5} {:>9.2}", start.elapsed().as_secs_f64());
        std::io::stdout().flush()?;
        if let Some(flex) = &mut flex {
            let start = Instant::now();
            let loss = flex.step(&batch);
            flex_times.push(start.elapsed());
            print!(" {loss:>10.5} {:>9.2}", start.elapsed().as_secs_f64());
        }
        println!();
    }
    print!("a step takes {:.2} s", median(times));
    if !flex_times.is_empty() {
        print!(", and {:.2} s on Flex", median(flex_times));
    }
    println!("; compiled {} times", xla.step.compilations());
    Ok(())
}

/// In seconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

fn options() -> Result<Options> {
    let mut options = Options { width: 16, batch: 64, steps: 20, bf16: false, flex: true };
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
struct OnFlex {
    model: ResNet,
    optimizer: ModuleOptimizer,
    bf16: bool,
}

impl OnFlex {
    fn new(model: ResNet, bf16: bool) -> Self {
        Self { model: model.train(), optimizer: AdamWConfig::new().init(), bf16 }
    }

    fn step(&mut self, (images, labels): &Batch) -> f32 {
        let device = Device::flex().autodiff();
        let batch = (images.clone().to_device(&device), labels.clone().to_device(&device));
        let loss = loss(self.model.clone(), batch, self.bf16);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(RATE, self.model.clone(), gradients);
        loss.into_scalar()
    }
}

type State = (Params<ResNet>, OptimizerState<Params<ResNet>>);

/// The same step as one program. Model and state of the optimizer stay on the device.
struct OnXla {
    xla: Xla,
    step: Jit<(State, Batch), (State, Tensor<1>)>,
    state: DeviceTree<State>,
}

impl OnXla {
    /// Compiles the step for batches like this one.
    fn new(model: ResNet, batch: &Batch, bf16: bool) -> Result<Self> {
        let xla = Xla::auto().or_else(|_| Xla::cpu())?;
        let optimizer = TreeOptimizer::from(AdamWConfig::new());
        let model = Params(model);
        let state = optimizer.init(&model)?;
        let step = xla.jit(move |((model, state), batch): (State, Batch)| {
            let of = |Params(model): Params<ResNet>, batch| loss(model, batch, bf16);
            let (loss, gradients) =
                value_and_grad(&model, &batch, of).expect("trees of parameters");
            let stepped = optimizer.step(RATE, model, gradients, state);
            (stepped.expect("the state is of this model"), loss)
        });
        let step = step.named("step").donate(|path| path.starts_with("0."));
        let state = xla.upload(&(model, state))?;
        println!("compiling the step for {} …", xla.client().platform());
        let times = step.compile_on_device((state.clone(), xla.upload(batch)?))?;
        println!(
            "recorded in {:.2} s, lowered in {:.2} s, compiled in {:.2} s",
            times.capture.as_secs_f64(),
            times.lower.as_secs_f64(),
            times.compile.as_secs_f64()
        );
        Ok(Self { xla, step, state })
    }

    fn step(&mut self, batch: &Batch) -> Result<f32> {
        let batch = self.xla.upload(batch)?;
        let (next, loss) = self.step.call_on_device((self.state.clone(), batch))?.split()?;
        self.state = next;
        Ok(loss.to_host()?.into_scalar())
    }
}

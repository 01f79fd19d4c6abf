//! A Burn program that trains on a remote device. It knows neither the server nor its backend.
//!
//! ```text
//! cargo run --release -- serve --device cpu &
//! cargo run --release --manifest-path xla-backend/remote/Cargo.toml --example remote_training
//! ```
//!
//! It runs the same training on Burn's CPU backend, and fails if a loss differs by more than 1e-4.
//! `BURN_REMOTE_ADDRESS` names another server, `--token TOKEN` is what it asks for.

use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Gelu, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::remote::RemoteHost;
use burn::tensor::{Device, Int, Tensor, TensorData};

const BATCH: usize = 64;
pub(crate) const INPUTS: usize = 32;
pub(crate) const CLASSES: usize = 10;

#[derive(Module, Debug)]
pub(crate) struct Classifier {
    first: Linear,
    middle: Linear,
    norm: LayerNorm,
    last: Linear,
    activation: Gelu,
}

impl Classifier {
    pub(crate) fn new(width: usize, device: &Device) -> Self {
        Self {
            first: LinearConfig::new(INPUTS, width).init(device),
            middle: LinearConfig::new(width, width).init(device),
            norm: LayerNormConfig::new(width).init(device),
            last: LinearConfig::new(width, CLASSES).init(device),
            activation: Gelu::new(),
        }
    }

    fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let hidden = self.activation.forward(self.first.forward(points));
        let hidden = self.activation.forward(self.middle.forward(hidden));
        self.last.forward(self.norm.forward(hidden))
    }
}

/// Points around the corner of a cube, which is their class.
pub(crate) fn batch(step: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let mut state = step as u64 + 1;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    let classes: Vec<i32> = (0..BATCH).map(|_| (draw() * CLASSES as f32) as i32).collect();
    let point = |class: i32, i: usize| if class >> (i % 4) & 1 == 1 { 1. } else { -1. };
    let points: Vec<f32> = classes
        .iter()
        .flat_map(|&class| (0..INPUTS).map(move |i| point(class, i)))
        .map(|corner| corner + 2. * draw() - 1.)
        .collect();
    let points = TensorData::new(points, [BATCH, INPUTS]);
    (
        Tensor::from_data(points, device),
        Tensor::from_data(TensorData::new(classes, [BATCH]), device),
    )
}

/// Whether losses are read after this step: a read waits for the device, so all but the first are read
/// by tens.
pub(crate) fn by_tens(step: usize) -> bool {
    step < 3 || step % 10 == 9
}

/// Trains for some steps, and gives the losses, which are read after the steps that `reads` says.
/// `told` is called after each step.
pub(crate) fn train(
    model: Classifier,
    device: &Device,
    steps: usize,
    reads: impl Fn(usize) -> bool,
    mut told: impl FnMut(usize),
) -> Result<Vec<f32>> {
    let device = device.clone().autodiff();
    let mut model = model.fork(&device).train();
    let mut optimizer = AdamWConfig::new().with_weight_decay(0.01).init();
    let (mut losses, mut unread) = (Vec::with_capacity(steps), Vec::new());
    for step in 0..steps {
        let (points, classes) = batch(step, &device);
        let logits = model.forward(points);
        let loss = CrossEntropyLossConfig::new().init(&device).forward(logits, classes);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let rate = 1e-3 * (step as f64 + 1.).min(10.) / 10.;
        model = optimizer.step(rate, model, gradients);
        unread.push(loss.inner());
        if reads(step) || step + 1 == steps {
            for loss in unread.drain(..) {
                losses.push(loss.try_into_scalar::<f32>().context("reading a loss")?);
            }
        }
        told(step);
    }
    Ok(losses)
}

fn main() -> Result<()> {
    const WIDTH: usize = 1024;
    const STEPS: usize = 100;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let address = std::env::var("BURN_REMOTE_ADDRESS");
    let address = address.as_deref().unwrap_or("ws://127.0.0.1:3000");
    let host = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => RemoteHost::websocket(address),
        ["--token", token] => RemoteHost::websocket(address).with_credential(token),
        _ => bail!("usage: remote_training [--token TOKEN]"),
    };
    let remote = Device::remote_options(&host).init().map_err(|error| {
        anyhow!("{address}: {error}; `burn-xla serve` starts a server, --token TOKEN is its token")
    })?;

    let model = Classifier::new(WIDTH, &Device::flex());
    let expected = train(model.clone(), &Device::flex(), STEPS, |_| true, |_| {})?;
    let mut start = Instant::now();
    let losses = train(model, &remote, STEPS, by_tens, |step| {
        // The first steps are compiled.
        if step == 9 {
            start = Instant::now();
        }
    })?;
    let step_ms = start.elapsed().as_secs_f64() * 1e3 / (STEPS - 10) as f64;

    println!("step  remote    flex      difference");
    let mut largest = 0f32;
    for (step, (loss, want)) in losses.iter().zip(&expected).enumerate() {
        largest = largest.max((loss - want).abs());
        if step % 10 == 9 || step == 0 {
            println!("{:4}  {loss:.6}  {want:.6}  {:.1e}", step + 1, (loss - want).abs());
        }
    }
    println!("largest difference {largest:.1e}; {step_ms:.2} ms a step");
    ensure!(largest <= 1e-4, "the losses differ by {largest:.1e}");
    Ok(())
}

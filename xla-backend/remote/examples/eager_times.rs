//! What the eager backend costs: recording, finding a program, and a training loop on a remote
//! device beside the same step compiled as one function.
//!
//! ```text
//! cargo run --release --manifest-path xla-backend/remote/Cargo.toml --example eager_times -- [WIDTH…]
//! ```
//!
//! Losses are read after every tenth step; a step's time is the median of the means of ten, with the
//! quartiles.

#[allow(dead_code, reason = "its `main`")]
#[path = "remote_training.rs"]
mod training;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use burn::tensor::remote::RemoteHost;
use burn::tensor::{Device, Distribution, Int, Tensor, activation, module};
use burn_autodiff::Autodiff;
use burn_backend::ops::{ActivationOps, FloatTensorOps, IntTensorOps, ModuleOps};
use burn_backend::{AutodiffBackend, FloatDType, Scalar, TensorData, TensorMetadata, read_sync};
use burn_router::RouterTensor;
use burn_trace::value_and_grad;
use burn_xla::Xla;
use burn_xla::eager::{XlaBackend as B, XlaClient, XlaDevice};
use burn_xla::plugin::Platform;
use burn_xla_cli::serve::Server;
use training::{CLASSES, Classifier, INPUTS, batch, by_tens, train};

const WARM_UP: usize = 20;
const STEPS: usize = 220;

fn main() -> Result<()> {
    burn_xla::pjrt::keep_memory();
    let mut widths = Vec::new();
    for argument in std::env::args().skip(1) {
        widths.push(argument.parse().with_context(|| format!("{argument} is no width"))?);
    }
    if widths.is_empty() {
        widths.extend([128, 512, 1024]);
    }
    recording()?;
    for width in widths {
        println!("training step, width {width}");
        println!("    compiled  {}", Times::of(compiled_step(width)?));
        println!("    eager     {}", Times::of(eager_step(width)?));
        println!("    remote    {}", Times::of(remote_step(width)?));
    }
    Ok(())
}

/// A median with its quartiles, in milliseconds.
struct Times([f64; 3]);

impl Times {
    /// Of all steps but the first ones, which are compiled.
    fn of(times: Vec<Duration>) -> Self {
        let tens = times[WARM_UP..].chunks_exact(10);
        let mut times: Vec<_> = tens.map(|ten| ten.iter().sum::<Duration>() / 10).collect();
        times.sort_unstable();
        let at = |quarter: usize| times[quarter * (times.len() - 1) / 4].as_secs_f64() * 1e3;
        Self([at(1), at(2), at(3)])
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, median, high] = self.0;
        write!(f, "{median:.2} ms ({low:.2}–{high:.2})")
    }
}

/// Graphs of 1,000 operations on a small tensor.
fn recording() -> Result<()> {
    const OPERATIONS: u32 = 1_000;
    const ROUNDS: usize = 40;
    let device = XlaDevice::default();
    let x = B::float_from_data(TensorData::from([[1f32, 2.], [3., 4.]]), &device);
    let (mut record, mut hit) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut parts = Vec::new();
        for _ in 0..OPERATIONS / 4 {
            let y = B::float_mul_scalar(x.clone(), Scalar::from(1.5));
            let y = B::float_add(B::float_matmul(y, x.clone()), x.clone());
            parts.push(B::float_tanh(y));
        }
        let recorded = start.elapsed();
        let last = parts.pop().ok_or_else(|| anyhow!("no part"))?;
        // One result is asked for; the search for the program compares all operations.
        drop(parts);
        let start = Instant::now();
        <B as burn_backend::Backend>::flush(&device)?;
        record.push(recorded);
        hit.push(start.elapsed());
        read_sync(B::float_into_data(last))?;
    }
    let per = median(record) / OPERATIONS;
    println!(
        "recording: {per:.2?} an operation; {OPERATIONS} operations found and started: {:.2?}",
        median(hit)
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn remote_step(width: usize) -> Result<Vec<Duration>> {
    let server = Server::bind(Platform::Cpu, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None)?;
    let host = RemoteHost::websocket(&format!("ws://{}", server.address()));
    std::thread::spawn(move || server.serve());
    let device = Device::remote_options(&host).init().map_err(|error| anyhow!("{error}"))?;
    let (mut last, mut times) = (Instant::now(), Vec::new());
    train(Classifier::new(width, &Device::flex()), &device, STEPS, by_tens, |_| {
        times.push(std::mem::replace(&mut last, Instant::now()).elapsed());
    })?;
    Ok(times)
}

type Own = RouterTensor<XlaClient>;

/// The same step on the backend itself, without a server: what the recording and its graphs cost.
fn eager_step(width: usize) -> Result<Vec<Duration>> {
    let device = XlaDevice::default();
    let draw = |dims: [usize; 2]| {
        let bound = 1. / (dims[0] as f64).sqrt();
        B::float_random(dims.into(), Distribution::Uniform(-bound, bound), &device, FloatDType::F32)
    };
    let flat = |size: usize, value: f64| {
        B::float_full([size].into(), Scalar::from(value), &device, FloatDType::F32)
    };
    let mut params = vec![draw([INPUTS, width]), draw([width, width]), draw([width, CLASSES])];
    params.extend([
        flat(width, 0.),
        flat(width, 0.),
        flat(CLASSES, 0.),
        flat(width, 1.),
        flat(width, 0.),
    ]);
    let mut moments: Vec<[Own; 2]> = params
        .iter()
        .map(|p| [0., 0.].map(|zero| B::float_mul_scalar(p.clone(), Scalar::from(zero))))
        .collect();
    let (mut times, mut unread) = (Vec::new(), Vec::new());
    for number in 0..STEPS {
        let start = Instant::now();
        let (points, classes) = batch(number, &Device::flex());
        let (rows, points) = (classes.dims()[0], points.into_data());
        let points = B::float_from_data(points, &device);
        let classes =
            B::int_reshape(B::int_from_data(classes.into_data(), &device), [rows, 1].into());
        let (loss, gradients) = eager_gradients(&params, points, classes);
        let time = number as i32 + 1;
        let [first, second] = [0.9f32, 0.999].map(|beta| Scalar::from(1. - beta.powi(time)));
        let rate = f64::from(time.min(10)) * 1e-4;
        let times_scalar = |x: &Own, by: f64| B::float_mul_scalar(x.clone(), Scalar::from(by));
        for ((param, [m, v]), gradient) in params.iter_mut().zip(&mut moments).zip(gradients) {
            *m = B::float_add(times_scalar(m, 0.9), times_scalar(&gradient, 0.1));
            let square = B::float_mul(gradient.clone(), gradient);
            *v = B::float_add(times_scalar(v, 0.999), times_scalar(&square, 0.001));
            let root = B::float_sqrt(B::float_div_scalar(v.clone(), second));
            let below = B::float_add_scalar(root, Scalar::from(1e-5));
            let direction = B::float_div(B::float_div_scalar(m.clone(), first), below);
            let decayed = B::float_sub(param.clone(), times_scalar(param, rate * 0.01));
            *param = B::float_sub(decayed, times_scalar(&direction, rate));
        }
        unread.push(loss);
        if by_tens(number) {
            for loss in unread.drain(..) {
                read_sync(B::float_into_data(loss))?;
            }
        }
        times.push(start.elapsed());
    }
    Ok(times)
}

/// The loss and its gradients, by Burn's autodiff around the backend.
fn eager_gradients(params: &[Own], points: Own, classes: Own) -> (Own, Vec<Own>) {
    type A = Autodiff<B>;
    let leaves: Vec<_> = params.iter().map(|p| A::from_inner(p.clone()).require_grad()).collect();
    let linear = |x, i: usize| {
        let bias = A::float_reshape(leaves[3 + i].clone(), [1, params[3 + i].shape()[0]].into());
        A::float_add(A::float_matmul(x, leaves[i].clone()), bias)
    };
    let hidden = A::gelu(linear(A::from_inner(points), 0));
    let hidden = A::gelu(linear(hidden, 1));
    let hidden = A::layer_norm(hidden, leaves[6].clone(), Some(leaves[7].clone()), 1e-5);
    let logits = A::log_softmax(linear(hidden, 2), 1);
    let loss = A::float_neg(A::float_mean(A::float_gather(1, logits, classes)));
    let value = loss.primitive().clone();
    let gradients = A::backward(loss);
    let of = |leaf| A::grad(leaf, &gradients).expect("a leaf");
    (value, leaves.iter().map(of).collect())
}

type Tensors = (Vec<Tensor<2>>, Vec<Tensor<1>>);
type State = (Tensors, Tensors, Tensors, Tensor<1>);

/// The same model and optimizer, as a function of tensors.
fn compiled_step(width: usize) -> Result<Vec<Duration>> {
    let device = Device::flex();
    let draw = |from: usize, to: usize| {
        let bound = 1. / (from as f64).sqrt();
        Tensor::<2>::random([from, to], Distribution::Uniform(-bound, bound), &device)
    };
    let zeros = |size: usize| Tensor::<1>::zeros([size], &device);
    let weights = vec![draw(INPUTS, width), draw(width, width), draw(width, CLASSES)];
    let biases = vec![zeros(width), zeros(width), zeros(CLASSES), zeros(width) + 1, zeros(width)];
    let empty = || -> Tensors {
        let weights = weights.iter().map(Tensor::zeros_like).collect();
        (weights, biases.iter().map(Tensor::zeros_like).collect())
    };
    let state: State = ((weights.clone(), biases.clone()), empty(), empty(), zeros(1));

    let xla = Xla::cpu()?;
    let step = xla.jit(step).donate(|path| path.starts_with('0'));
    let mut state = xla.upload(&state)?;
    let (mut times, mut unread) = (Vec::new(), Vec::new());
    for number in 0..STEPS {
        let start = Instant::now();
        let points = xla.upload(&batch(number, &device))?;
        let (next, loss) = step.call_on_device((state, points))?.split()?;
        unread.push(loss);
        if by_tens(number) {
            for loss in unread.drain(..) {
                loss.to_host()?.try_into_scalar::<f32>()?;
            }
        }
        state = next;
        times.push(start.elapsed());
    }
    Ok(times)
}

fn step((state, batch): (State, (Tensor<2>, Tensor<1, Int>))) -> (State, Tensor<1>) {
    let (params, first, second, time) = state;
    let (loss, gradients) = value_and_grad(&params, &batch, loss).expect("a tree");
    let time = time + 1;
    let corrections = [0.9f32, 0.999].map(|beta| 1 - (time.clone() * beta.ln()).exp());
    let rate = time.clone().clamp_max(10) * 1e-4;
    let each = |i: usize| {
        update(&params.0[i], &gradients.0[i], &first.0[i], &second.0[i], &corrections, &rate)
    };
    let weights: Vec<_> = (0..params.0.len()).map(each).collect();
    let each = |i: usize| {
        update(&params.1[i], &gradients.1[i], &first.1[i], &second.1[i], &corrections, &rate)
    };
    let biases: Vec<_> = (0..params.1.len()).map(each).collect();
    let part = |at: usize| -> Tensors {
        let weights = weights.iter().map(|parts| parts[at].clone()).collect();
        (weights, biases.iter().map(|parts| parts[at].clone()).collect())
    };
    ((part(0), part(1), part(2), time), loss)
}

/// AdamW: the parameter and its two moments.
fn update<const D: usize>(
    parameter: &Tensor<D>,
    gradient: &Tensor<D>,
    first: &Tensor<D>,
    second: &Tensor<D>,
    corrections: &[Tensor<1>; 2],
    rate: &Tensor<1>,
) -> [Tensor<D>; 3] {
    let spread = |x: &Tensor<1>| x.clone().reshape([1; D]);
    let first = first.clone() * 0.9 + gradient.clone() * 0.1;
    let second = second.clone() * 0.999 + gradient.clone().square() * 0.001;
    let direction = first.clone()
        / spread(&corrections[0])
        / ((second.clone() / spread(&corrections[1])).sqrt() + 1e-5);
    let decayed = parameter.clone() - parameter.clone() * spread(rate) * 0.01;
    [decayed - direction * spread(rate), first, second]
}

fn loss(params: Tensors, (points, classes): (Tensor<2>, Tensor<1, Int>)) -> Tensor<1> {
    let (weights, biases) = params;
    let linear = |x, i: usize| module::linear(x, weights[i].clone(), Some(biases[i].clone()));
    let hidden = activation::gelu(linear(points, 0));
    let hidden = activation::gelu(linear(hidden, 1));
    let hidden = module::layer_norm(hidden, biases[3].clone(), Some(biases[4].clone()), 1e-5);
    let logits = activation::log_softmax(linear(hidden, 2), 1);
    let [rows] = classes.dims();
    logits.gather(1, classes.reshape([rows, 1])).mean().neg()
}

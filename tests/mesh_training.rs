//! The training step over meshes of eight CPU devices, beside the same step on one device.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use burn::tensor::{Device, Tensor, TensorData};
use burn_xla::Xla;
use burn_xla::capture::describe;
use burn_xla::pjrt::{Client, ClientOptions, Instruction};
use burn_xla::plugin::{self, Platform};
use vit22b::params::{self, NamedTensors};
use vit22b::shard::{Activations, Sharding};
use vit22b::train::{CompiledTraining, Ema, Recipe, TrainState, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};

const BATCH: usize = 16;
const CLASSES: usize = 10;
const MESHES: [&str; 4] =
    ["data=8,model=1", "data=4,model=2", "data=2,model=4", "data=1,model=8"];

fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let start = || {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8)).unwrap()
    };
    CLIENT.get_or_init(start).clone()
}

fn over(mesh: &str, sharding: &Sharding) -> Xla {
    Xla::over(&client(), mesh.parse().unwrap()).unwrap().with_layout(sharding.layout().unwrap())
}

/// Sizes of which no two are the same, so that a shape tells what it is a shape of.
fn config() -> ViT22BConfig {
    let config = ViT22BConfig::new(CLASSES).with_image([16, 16]).with_patch(4);
    config.with_width(80).with_depth(1).with_mlp_dim(240).with_num_heads(8)
}

fn recipe() -> Recipe {
    let recipe = Recipe::vit22b_scaled(BATCH as u64, 100, 3e-3);
    Recipe { ema: Some(Ema { decay: 0.99 }), ..recipe }
}

fn start() -> (TrainStep, TrainState<ViT22B>) {
    let device = Device::flex();
    device.seed(11);
    let model = params::initialize(config().init(&device).unwrap());
    let train = TrainStep::new(&recipe(), None, &model).unwrap();
    let state = train.init(model, 5);
    (train, state)
}

fn batch(index: usize) -> (TensorData, TensorData) {
    let wave = |i: usize| ((i + 7_919 * index) as f32 * 0.7).sin();
    let pixels: Vec<f32> = (0..BATCH * 3 * 16 * 16).map(wave).collect();
    let targets: Vec<f32> =
        (0..BATCH * CLASSES).map(|i| f32::from(u8::from(i % CLASSES == (i / CLASSES) % 7))).collect();
    (TensorData::new(pixels, [BATCH, 3, 16, 16]), TensorData::new(targets, [BATCH, CLASSES]))
}

/// Losses of three steps, and the state after them.
fn train(xla: &Xla) -> (Vec<f64>, TrainState<ViT22B>) {
    let (train, state) = start();
    let mut training = CompiledTraining::new(xla, train, &state).unwrap();
    let losses = (0..3).map(|index| {
        let (images, targets) = batch(index);
        training.step(images, targets).unwrap().to_host().unwrap().loss.into_scalar::<f64>()
    });
    (losses.collect(), training.state().unwrap())
}

fn alone() -> &'static (Vec<f64>, TrainState<ViT22B>) {
    static ALONE: OnceLock<(Vec<f64>, TrainState<ViT22B>)> = OnceLock::new();
    ALONE.get_or_init(|| train(&Xla::new(&client()).unwrap()))
}

/// The largest difference of two sets of tensors, each by its norm.
fn difference(got: &NamedTensors, expected: &NamedTensors) -> (f64, String) {
    assert_eq!(got.len(), expected.len());
    let mut worst = (0.0, String::new());
    for ((name, got), (other, expected)) in got.iter().zip(expected.iter()) {
        assert_eq!(name, other);
        let (mut error, mut norm) = (0.0, 0.0);
        for (a, b) in got.to_data().iter::<f64>().zip(expected.to_data().iter::<f64>()) {
            error += (a - b).powi(2);
            norm += b * b;
        }
        let relative = f64::sqrt(error / f64::max(norm, 1e-30));
        if relative > worst.0 {
            worst = (relative, name.to_owned());
        }
    }
    worst
}

#[test]
fn explore() {
    for (mesh, activations) in [("data=4,model=2", Activations::Width), ("data=8,model=1", Activations::Width)] {
            let (train, state) = start();
            let training = CompiledTraining::new(&over(mesh, &Sharding::vit22b(activations)), train, &state).unwrap();
            let (instructions, stats) = training.with_executable(BATCH, |e| (e.program().optimized_program().unwrap().instructions().unwrap(), e.program().memory_stats().unwrap())).unwrap();
            println!("MESH {mesh} {stats:?}");
            for i in &instructions { 
                println!("{} | {} = {} {:?} ({}) calls {:?}", i.computation, i.name, i.opcode, i.results.iter().map(|r| r.dims.clone()).collect::<Vec<_>>(), i.operands.join(", "), i.calls);
            }
    }
}

//! Locked-image tuning over meshes of eight CPU devices, beside the same steps on one device: the loss is over the whole batch.

mod eight_cpus;

use burn::tensor::{Device, Int, Tensor};
use burn_xla::Xla;
use vit22b::lit::{Contrast, Lit, LitBatch, TextHalf};
use vit22b::params::AnyTensor;
use vit22b::shard::{Activations, Sharding};
use vit22b::text::TextConfig;
use vit22b::train::{Engine, Momentum, Recipe, Stage, Start, Task, TrainState, TrainStep, Tune};
use vit22b::{Rules, Runtime, params};

const BATCH: usize = 16;
const LENGTH: usize = 8;
const VOCABULARY: usize = 40;

fn task(contrast: Contrast) -> Lit {
    let config = TextConfig::new(VOCABULARY, LENGTH, 1).with_pad(1).with_width(80).with_depth(2);
    let config = config.with_mlp_dim(240).with_num_heads(8).with_output(Some(64));
    Lit::new(config, contrast).unwrap()
}

/// Plain descent with momentum: what the optimizer keeps after the first step is the gradient.
fn descent() -> Recipe {
    let factors = Rules::all(Tune::Factor(1.0));
    let update =
        vec![Stage::Momentum(Momentum::default()), Stage::LearningRate { peak: 0.1, factors }];
    Recipe { update, ..Recipe::lit(BATCH as u64, 100, 1e-3) }
}

fn batch(index: usize) -> LitBatch {
    let device = Device::flex();
    let images = Tensor::<1, Int>::arange(0..(BATCH * 64) as i64, &device).float();
    let images = images.add_scalar(7_919 * index as i32).mul_scalar(0.7).sin();
    let ids = Tensor::<1, Int>::arange(0..(BATCH * LENGTH) as i64, &device);
    let ids = ids.mul_scalar(7 + 2 * index as i64).remainder_scalar(VOCABULARY as i64);
    LitBatch { images: images.reshape([BATCH, 64]), ids: ids.reshape([BATCH, LENGTH]) }
}

struct Run {
    metrics: Vec<f64>,
    states: Vec<TrainState<TextHalf>>,
    /// Opcodes with the shapes that they give.
    program: Vec<(String, Vec<usize>)>,
}

fn run(xla: Xla, contrast: Contrast) -> Run {
    let step = TrainStep::new(task(contrast), &descent(), None).unwrap();
    let device = Device::flex();
    let model = params::with_seed(&device, 3, || params::initialize(step.task().init(&device)));
    let state = step.init(model, 5);
    let mut engine = Engine::start(&Runtime::xla(xla), step, Start::State(state)).unwrap();
    let mut run = Run { metrics: vec![], states: vec![], program: vec![] };
    for index in 0..2 {
        let reading = engine.step(batch(index)).unwrap().read().unwrap();
        run.metrics.extend([reading.loss, reading.gradient_norm].map(f64::from));
        run.states.push(engine.state().unwrap());
    }
    let look = |executable: &burn_xla::pjrt::Executable| {
        executable.program().optimized_program().unwrap().instructions().unwrap()
    };
    let instructions = engine.compiled().unwrap().with_executable(BATCH, look).unwrap();
    for instruction in instructions {
        for result in &instruction.results {
            run.program.push((instruction.opcode.clone(), result.dims.clone()));
        }
    }
    run
}

/// 1e-5: sums of f32 in another order, as for the other models over meshes. A bias of keys moves all scores of a query alike and has no
/// gradient but rounding, which is held against the norm of all gradients.
fn assert_agrees(got: &Run, expected: &Run, of: &str) {
    for (got, expected) in got.metrics.iter().zip(&expected.metrics) {
        assert!((got / expected - 1.0).abs() < 1e-5, "{of}: {got} not {expected}");
    }
    for (got, expected) in got.states.iter().zip(&expected.states) {
        let both = [(&got.optimizer, &expected.optimizer)]
            .map(|(a, b)| (a.clone(), b.clone()))
            .into_iter()
            .chain([(params::collect(&got.model), params::collect(&expected.model))]);
        for (got, expected) in both {
            let square =
                |tensor: &AnyTensor| -> f64 { tensor.to_data().iter::<f64>().map(|x| x * x).sum() };
            let all: f64 = expected.iter().map(|(_, tensor)| square(tensor)).sum();
            for ((name, got), (_, expected)) in got.iter().zip(expected.iter()) {
                let values = got.to_data();
                let pairs =
                    values.iter::<f64>().zip(expected.to_data().iter::<f64>().collect::<Vec<_>>());
                let error: f64 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
                let norm = if name.ends_with("key.bias") { all } else { square(expected) };
                let far = f64::sqrt(error / norm);
                assert!(far < 1e-5, "{of}: {name} differs by {far}");
            }
        }
    }
}

#[test]
fn the_loss_is_over_the_global_batch() {
    let meshes = [
        ("data=8,model=1", Activations::Whole),
        ("data=2,model=4", Activations::Images),
        ("data=4,model=2", Activations::Width),
        ("data=2,model=4", Activations::Tokens),
    ];
    for (contrast, meshes) in [(Contrast::Softmax, &meshes[..]), (Contrast::Sigmoid, &meshes[..2])]
    {
        let alone = run(Xla::new(&eight_cpus::client()).unwrap(), contrast);
        for (mesh, activations) in meshes {
            let sharding = Sharding::vit22b(*activations);
            let xla = Xla::over(&eight_cpus::client(), mesh.parse().unwrap()).unwrap();
            let got = run(xla.with_layout(sharding.layout().unwrap()), contrast);
            let of = format!("{contrast:?} over {mesh}, {activations:?}");
            assert_agrees(&got, &alone, &of);
            // No device has the similarities of all pairs.
            let whole = got.program.iter().find(|(_, shape)| shape[..] == [BATCH, BATCH]);
            assert!(whole.is_none(), "{of}: {whole:?}");
        }
    }
}

//! The training step over meshes of eight CPU devices, beside the same step on one device.

mod eight_cpus;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use burn_trace::describe;
use burn_xla::Xla;
use burn_xla::pjrt::{Executable, Instruction};
use burn_xla::program::Lowering;
use vit22b::data::ImageBatch;
use vit22b::layers::activation;
use vit22b::params::{self, NamedTensors};
use vit22b::shard::{Activations, Plan, Sharding, Spec};
use vit22b::train::{
    Checkpoints, Classify, Ema, Engine, Loss, Momentum, Recipe, Stage, Start, TrainState,
    TrainStep, Tune,
};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::{Rules, Runtime};

const BATCH: usize = 16;
const CLASSES: usize = 10;

fn over(mesh: &str, sharding: &Sharding) -> Xla {
    Xla::over(&eight_cpus::client(), mesh.parse().unwrap())
        .unwrap()
        .with_layout(sharding.layout().unwrap())
}

/// Sizes such that no activation has the shape of a parameter.
fn config() -> ViT22BConfig {
    let config = ViT22BConfig::new(CLASSES).with_image([16, 16]).with_patch(4);
    config.with_width(80).with_depth(2).with_mlp_dim(240).with_num_heads(8)
}

/// Plain descent with momentum: the optimizer's state after the first step is the gradient, and the
/// rate is not 0 from the start.
fn descent() -> Recipe {
    let factors = Rules::all(Tune::Factor(1.0));
    Recipe {
        update: vec![
            Stage::Momentum(Momentum::default()),
            Stage::LearningRate { peak: 0.1, factors },
        ],
        ..Recipe::vit22b_scaled(BATCH as u64, 100, 1e-3)
    }
}

/// ViT-22B's own stages, at a rate that is not 0 from the start, with averages.
fn recipe() -> Recipe {
    let recipe = Recipe::vit22b_scaled(BATCH as u64, 100, 3e-3);
    let mut update = recipe.update.clone();
    update.retain(|stage| !matches!(stage, Stage::Schedule(_)));
    Recipe { ema: Some(Ema { decay: 0.99 }), update, ..recipe }
}

fn task(config: ViT22BConfig) -> Classify {
    Classify::new(config, Loss::SigmoidCrossEntropy).unwrap()
}

fn engine(xla: Xla, train: &TrainStep<Classify>, state: &TrainState<ViT22B>) -> Engine<Classify> {
    Engine::start(&Runtime::xla(xla), train.clone(), Start::State(state.clone())).unwrap()
}

/// A model whose classifier is not zero, so that the first gradient reaches every parameter.
fn start(recipe: &Recipe) -> (TrainStep<Classify>, TrainState<ViT22B>) {
    static MODEL: OnceLock<ViT22B> = OnceLock::new();
    let device = Device::flex();
    let make = || {
        let mut model = params::initialize(config().init(&device).unwrap());
        let numbers = (0..80 * CLASSES).map(|i| ((i as f32) * 1.7).sin() * 0.1).collect::<Vec<_>>();
        let weight = TensorData::new(numbers, [80, CLASSES]);
        model.head.as_mut().unwrap().weight = Param::from_data(weight, &device);
        model
    };
    let model = MODEL.get_or_init(make).clone();
    let train = TrainStep::new(task(config()), recipe, None).unwrap();
    let state = train.init(model, 5);
    (train, state)
}

fn batch(index: usize) -> ImageBatch {
    let wave = |i: usize| ((i + 7_919 * index) as f32 * 0.7).sin();
    let pixels: Vec<f32> = (0..BATCH * 3 * 16 * 16).map(wave).collect();
    let label = |i: usize| f32::from(u8::from(i % CLASSES == (i / CLASSES) % 7));
    let targets: Vec<f32> = (0..BATCH * CLASSES).map(label).collect();
    let pixels = TensorData::new(pixels, [BATCH, 3, 16, 16]);
    ImageBatch::new(pixels, TensorData::new(targets, [BATCH, CLASSES]))
}

/// The loss, and the norm of the gradient.
fn step(training: &mut Engine<Classify>, index: usize) -> [f64; 2] {
    let reading = training.step(batch(index)).unwrap().read().unwrap();
    [reading.loss, reading.gradient_norm].map(f64::from)
}

/// What two steps tell and leave.
struct Run {
    metrics: [[f64; 2]; 2],
    first: TrainState<ViT22B>,
    second: TrainState<ViT22B>,
}

fn run(training: &mut Engine<Classify>) -> Run {
    let first_metrics = step(training, 0);
    let first = training.state().unwrap();
    let second_metrics = step(training, 1);
    Run { metrics: [first_metrics, second_metrics], first, second: training.state().unwrap() }
}

fn alone() -> &'static Run {
    static ALONE: OnceLock<Run> = OnceLock::new();
    ALONE.get_or_init(|| {
        let (train, state) = start(&descent());
        let xla = Xla::new(&eight_cpus::client()).unwrap();
        run(&mut engine(xla, &train, &state))
    })
}

/// The largest difference of a tensor from the one expected, by that one's norm.
fn difference(got: &NamedTensors, expected: &NamedTensors) -> f64 {
    assert_eq!(got.len(), expected.len());
    let mut worst = 0.0;
    for ((name, got), (other, expected)) in got.iter().zip(expected.iter()) {
        assert_eq!(name, other);
        let (mut error, mut norm) = (0.0, 0.0);
        for (a, b) in got.to_data().iter::<f64>().zip(expected.to_data().iter::<f64>()) {
            error += (a - b).powi(2);
            norm += b * b;
        }
        worst = f64::max(worst, f64::sqrt(error / norm));
    }
    worst
}

/// 1e-5: sums of f32 in another order, over at most a few hundred terms, 80 rounding errors of
/// 6e-8 that do not cancel.
fn assert_agrees(got: &Run, expected: &Run) {
    for (got, expected) in got.metrics.iter().flatten().zip(expected.metrics.iter().flatten()) {
        assert!((got / expected - 1.0).abs() < 1e-5, "{got} not {expected}");
    }
    let gradients = difference(&got.first.optimizer, &expected.first.optimizer);
    assert!(gradients < 1e-5, "gradients differ by {gradients}");
    for (got, expected) in [(&got.first, &expected.first), (&got.second, &expected.second)] {
        let parameters =
            difference(&params::collect(&got.model), &params::collect(&expected.model));
        assert!(parameters < 1e-5, "parameters differ by {parameters}");
    }
}

/// Runs two steps over a mesh, compares them with those of one device, and gives the program that
/// did it.
fn agrees_over(mesh: &str, sharding: &Sharding) -> Vec<Instruction> {
    let (train, state) = start(&descent());
    let xla = over(mesh, sharding);
    let plan = Plan::new(xla.mesh().unwrap(), sharding, &describe(&state).unwrap()).unwrap();
    let mut training = engine(xla.clone(), &train, &state);
    assert_agrees(&run(&mut training), alone());
    let look = |executable: &Executable| {
        let program = executable.program();
        // Every device is given its part of the state and of the batch, and no more.
        let cut_by =
            sharding.batch.axes(0).iter().map(|axis| xla.mesh().unwrap().size(axis).unwrap());
        let batch = 4 * BATCH * (3 * 16 * 16 + CLASSES) / cut_by.product::<usize>();
        let numbers = 2 * 4; // The step and the seed.
        let given = program.memory_stats().unwrap().argument_bytes as usize;
        assert_eq!(given, plan.bytes_per_device() as usize + batch + numbers);
        program.optimized_program().unwrap().instructions().unwrap()
    };
    training.compiled().unwrap().with_executable(BATCH, look).unwrap()
}

/// The shapes that instructions of this kind give.
fn results<'a>(instructions: &'a [Instruction], opcode: &str) -> BTreeSet<&'a [usize]> {
    let chosen = instructions.iter().filter(|instruction| instruction.opcode == opcode);
    chosen.flat_map(|instruction| &instruction.results).map(|spec| &spec.dims[..]).collect()
}

fn kinds(instructions: &[Instruction]) -> BTreeSet<&str> {
    let known = ["all-gather", "all-reduce", "all-to-all", "collective-permute", "reduce-scatter"];
    let opcodes = instructions.iter().map(|instruction| instruction.opcode.as_str());
    opcodes.filter(|opcode| known.contains(opcode)).collect()
}

const MATRICES: [[usize; 2]; 3] = [[80, 80], [80, 240], [240, 80]];

/// No device ever has the whole of a matrix of a block, as parameter, gradient, moment or anything.
fn assert_no_whole_matrix(instructions: &[Instruction]) {
    for instruction in instructions {
        for result in &instruction.results {
            let is_whole = MATRICES.iter().any(|matrix| result.dims == matrix);
            assert!(!is_whole, "{instruction:?}");
        }
    }
}

/// Parameters are in eighths between steps; each is gathered where it is used.
#[test]
fn parameters_cut_over_data_alone() {
    let program = agrees_over("data=8,model=1", &Sharding::vit22b(Activations::Width));
    let gathered = results(&program, "all-gather");
    for matrix in MATRICES {
        assert!(gathered.contains(&matrix[..]), "{matrix:?} is not in {gathered:?}");
    }
    // Its gradient is the sum over the devices.
    let summed = results(&program, "all-reduce");
    assert!(summed.contains(&[80, 240][..]), "{summed:?}");
    // Activations stay where they are: two images of 16 tokens.
    assert!(!gathered.contains(&[32, 80][..]) && !gathered.contains(&[2, 16, 80][..]));
}

/// Of a matrix no device has more than its columns or rows of the axis `model`; of activations each
/// has its images and its part of the width, and gathers the width where a product needs it.
fn over_both(data: usize, model: usize) {
    let mesh = format!("data={data},model={model}");
    let program = agrees_over(&mesh, &Sharding::vit22b(Activations::Width));
    assert_no_whole_matrix(&program);
    let gathered = results(&program, "all-gather");
    let tokens = BATCH / data * 16;
    assert!(gathered.contains(&[tokens, 80][..]), "{gathered:?}");
    // Heads and their scores stay where they are.
    assert!(gathered.iter().all(|shape| shape.len() < 4), "{gathered:?}");
    assert_eq!(gathered.contains(&[80, 240 / model][..]), data > 1, "{gathered:?}");
    // The products at the exit of a block add up over the axis.
    let summed = results(&program, "all-reduce");
    assert!(summed.contains(&[tokens, 80][..]), "{summed:?}");
}

#[test]
fn parameters_and_width_cut_four_by_two() {
    over_both(4, 2);
}

#[test]
fn parameters_and_width_cut_two_by_four() {
    over_both(2, 4);
}

#[test]
fn width_cut_over_all_devices() {
    over_both(1, 8);
}

/// Weights are whole over an axis that cuts the batch. The devices that share a weight add up their
/// gradients and keep a part each; only then are these parts added up over that axis.
#[test]
fn replicas_add_up_parts_of_gradients() {
    let sharding = Sharding::vit22b(Activations::Width).with_replicas("replica").unwrap();
    let program = agrees_over("replica=2,data=2,model=2", &sharding);
    let sums = |devices: usize| {
        let sums = program.iter().filter(|i| i.opcode == "all-reduce");
        let sums = sums.filter(move |i| i.groups.first().is_some_and(|g| g.len() == devices));
        let dims = sums.flat_map(|i| &i.results).map(|t| t.dims.iter().copied());
        dims.map(|dims| dims.filter(|&n| n > 1).collect()).collect::<BTreeSet<Vec<usize>>>()
    };
    for (gathered, part) in [([80, 120], [40, 120]), ([120, 80], [60, 80]), ([80, 40], [40, 40])] {
        assert!(!sums(4).contains(&gathered[..]), "{:?}", sums(4));
        assert!(sums(2).contains(&gathered[..]), "{:?}", sums(2));
        assert!(sums(2).contains(&part[..]), "{:?}", sums(2));
    }
}

/// Tokens are cut between blocks, or nothing is and only the norms see their tokens alone.
#[test]
fn tokens_and_norms_may_be_cut_instead() {
    let program = agrees_over("data=2,model=4", &Sharding::vit22b(Activations::Tokens));
    assert_no_whole_matrix(&program);
    // Heads and tokens change places.
    assert!(kinds(&program).contains("all-to-all"), "{:?}", kinds(&program));
    let tokens: Spec = "data,model".parse().unwrap();
    let sharding = Sharding::vit22b(Activations::Whole).with_activation(activation::NORM, tokens);
    assert_no_whole_matrix(&agrees_over("data=4,model=2", &sharding));
}

/// Images are cut between blocks. What is more than a device's part goes round: rows to the products
/// at the entrance of a block, sums from those at its exit.
#[test]
fn images_cut_over_both_axes() {
    for (data, model) in [(8, 1), (4, 2), (2, 4), (1, 8)] {
        let mesh = format!("data={data},model={model}");
        let program = agrees_over(&mesh, &Sharding::vit22b(Activations::Images));
        if model == 1 {
            continue;
        }
        assert_no_whole_matrix(&program);
        let part = [BATCH / 8, 16, 80];
        let sent = results(&program, "collective-permute");
        assert!(sent.contains(&part[..]), "{mesh}: {sent:?}");
        // Sums of activations are not added up at once, and heads stay where they are.
        let summed = results(&program, "all-reduce");
        let images = BATCH / data;
        let is_whole = |dims: &&[usize]| [&[images, 16, 80][..], &[images * 16, 80]].contains(dims);
        assert!(!summed.iter().any(is_whole), "{mesh}: {summed:?}");
        let gathered = results(&program, "all-gather");
        assert!(gathered.iter().all(|shape| shape.len() < 4), "{mesh}: {gathered:?}");
    }
    let sharding = Sharding::vit22b(Activations::Images).with_replicas("replica").unwrap();
    assert_no_whole_matrix(&agrees_over("replica=2,data=2,model=2", &sharding));
}

/// A block has one ring before its heads and hidden units and one behind them, and as many for its
/// gradient, however many products it has.
#[test]
fn products_share_their_way_round() {
    let layout = Sharding::vit22b(Activations::Images).layout().unwrap();
    let mesh = "data=2,model=4".parse().unwrap();
    let rings = |depth: usize, platform: &str| {
        let task = task(config().with_depth(depth));
        let train = TrainStep::new(task, &descent(), None).unwrap();
        let lowered =
            train.lower(BATCH, Lowering::new().over(&mesh, &layout).on(platform)).unwrap();
        let count = |text: &str| lowered.program.text.matches(text).count();
        let outputs = count("@AllocateBuffer");
        [count("sdy.manual_computation"), count("stablehlo.collective_permute\""), outputs]
    };
    let [two, three] = [rings(2, "cpu"), rings(3, "cpu")];
    // Two hops from one side and one from the other.
    assert_eq!([0, 1, 2].map(|i| three[i] - two[i]), [4, 4 * 3, 0]);
    // Four products at the entrance, and two for the gradients of the exit.
    let [two, three] = [rings(2, "tpu"), rings(3, "tpu")];
    assert_eq!([0, 1, 2].map(|i| three[i] - two[i]), [4, 4 * 3, 6]);
}

/// Drawn in parts on the devices, trained by the recipe of the paper with averages, moved to other
/// meshes by checkpoints: the same as on one device.
///
/// 1e-5 of parameters and averages, as above; a first moment is rounded to bf16, so that elements at
/// a tie differ by 2^-8: 1e-3 of a tensor's norm.
#[test]
fn a_run_of_the_recipe_moves_between_meshes_by_checkpoints() {
    let folder = std::env::temp_dir().join(format!("vit22b-mesh-{}", std::process::id()));
    let checkpoints = Checkpoints::new(&folder);
    let recipe = recipe();
    let (train, _) = start(&recipe);
    let sharding = Sharding::vit22b(Activations::Width);
    let device = Xla::new(&eight_cpus::client()).unwrap();
    let drawn = |xla| Engine::start(&Runtime::xla(xla), train.clone(), Start::Drawn(3)).unwrap();
    let mut alone = drawn(device);
    let mut there = drawn(over("data=4,model=2", &sharding));
    let (drawn, expected) = (there.state().unwrap(), alone.state().unwrap());
    // The same bits drawn; their rounding to floats is up to the program.
    let draws = difference(&params::collect(&drawn.model), &params::collect(&expected.model));
    assert!(draws < 1e-7, "{draws}");
    let shards =
        there.compiled().unwrap().device_state().buffers().map(|buffer| buffer.shape().to_vec());
    assert!(shards.into_iter().all(|shape| MATRICES.iter().all(|matrix| shape != matrix)));
    for (index, mesh) in ["data=2,model=4", "data=8,model=1"].into_iter().enumerate() {
        let expected = step(&mut alone, index);
        for (got, expected) in step(&mut there, index).into_iter().zip(expected) {
            assert!((got / expected - 1.0).abs() < 1e-5, "{got} not {expected}");
        }
        checkpoints.save(&train, &there.state().unwrap(), 0).unwrap();
        let saved = checkpoints.latest().unwrap().checkpoint.unwrap();
        let state = saved.into_state(&train, &Device::flex()).unwrap();
        there = engine(over(mesh, &sharding), &train, &state);
    }
    std::fs::remove_dir_all(folder).unwrap();
    let (got, expected) = (there.state().unwrap(), alone.state().unwrap());
    assert_eq!(got.step.into_scalar::<i64>(), 2);
    let parameters = difference(&params::collect(&got.model), &params::collect(&expected.model));
    assert!(parameters < 1e-5, "parameters differ by {parameters}");
    let averages = difference(&got.ema.unwrap(), &expected.ema.unwrap());
    assert!(averages < 1e-5, "averages differ by {averages}");
    let moments = difference(&got.optimizer, &expected.optimizer);
    assert!(moments < 1e-3, "moments differ by {moments}");
}

/// A frozen model, and a train state by its averages.
#[test]
fn a_model_is_evaluated_over_a_mesh() {
    let (train, state) = start(&recipe());
    let mesh = Runtime::xla(over("data=4,model=2", &Sharding::vit22b(Activations::Width)));
    let alone = Runtime::xla(Xla::new(&eight_cpus::client()).unwrap());
    let batch = batch(0);
    let logits = |runtime: &Runtime| {
        let model = state.model.clone();
        let run = |model: &ViT22B, images: Tensor<4>| model.forward(images);
        let mut logits = NamedTensors::default();
        logits.insert(
            "logits",
            runtime.bind(model, run).unwrap().call(batch.images.clone()).unwrap(),
        );
        logits
    };
    let error = difference(&logits(&mesh), &logits(&alone));
    assert!(error < 1e-5, "{error}");
    let scores = |runtime: &Runtime| {
        let engine = Engine::start(runtime, train.clone(), Start::State(state.clone())).unwrap();
        engine.sum_scores(batch.clone(), Tensor::ones([BATCH], &Device::flex())).unwrap()
    };
    let (got, expected) = (scores(&mesh), scores(&alone));
    assert!((got["loss"] / expected["loss"] - 1.0).abs() < 1e-5, "{got:?} not {expected:?}");
    assert_eq!(got["precision_at_1"], expected["precision_at_1"]);
}

#[test]
fn a_batch_that_the_devices_cannot_share_is_an_error() {
    let sharding = Sharding::vit22b(Activations::Width);
    let message = |recipe: &Recipe, images: usize| {
        let (train, state) = start(recipe);
        let mut training = engine(over("data=4,model=2", &sharding), &train, &state);
        let pixels = TensorData::zeros::<f32, _>([images, 3, 16, 16]);
        let targets = TensorData::zeros::<f32, _>([images, CLASSES]);
        training.step(ImageBatch::new(pixels, targets)).unwrap_err().to_string()
    };
    assert_eq!(
        message(&descent(), 6),
        "images axis 0 (batch): expected a multiple of the 4 parts that the mesh data=4,model=2 cuts it \
         into, got 6"
    );
    let parts = Recipe { micro_batches: 2, ..descent() };
    assert_eq!(
        message(&parts, 12),
        "images axis 0 (batch): expected a multiple of 8, 2 micro-batches of the 4 parts that the mesh \
         data=4,model=2 cuts them into, got 12"
    );
}

//! The training step as one program compiled by XLA, beside the same step run eagerly.

mod difference;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_trace::describe;
use burn_trace::mesh::Layout;
use burn_xla::Xla;
use burn_xla::program::Lowering;
use vit22b::Runtime;
use vit22b::data::{BatchError, BatchSource, Drawings, FirstOf, ImageBatch};
use vit22b::params;
use vit22b::train::loss::distillation;
use vit22b::train::{
    Adam, Checkpoints, Classify, CutMix, Duration, Ema, Engine, Event, Loss, Mixup, Precision,
    Recipe, Regularisation, Rules, Stage, Start, Task, TrainError, TrainState, TrainStep, Trainer,
    Tune, task,
};
use vit22b::video::{ClassifyClips, ClipBatch, TemporalHeadConfig};
use vit22b::vit::{ViT22B, ViT22BConfig};

use difference::difference;

const BATCH: u64 = 8;
const SIDE: usize = 16;

fn config() -> ViT22BConfig {
    let classes = Drawings::new(SIDE, 0).hierarchy().names().len();
    let config = ViT22BConfig::new(classes).with_image([SIDE, SIDE]).with_patch(4);
    config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(2)
}

fn recipe() -> Recipe {
    Recipe::vit22b_scaled(BATCH, 100, 3e-3)
}

fn classify() -> Classify {
    Classify::new(config(), Loss::SigmoidCrossEntropy).unwrap()
}

fn start(task: Classify, recipe: &Recipe) -> (TrainStep<Classify>, TrainState<ViT22B>) {
    let model = params::initialize(task.init(&Device::flex()));
    let train = TrainStep::new(task, recipe, None).unwrap();
    let state = train.init(model, 5);
    (train, state)
}

/// The step on the CPU by XLA.
fn compiled(train: &TrainStep<Classify>, state: &TrainState<ViT22B>) -> Engine<Classify> {
    let runtime = Runtime::xla(Xla::cpu().unwrap());
    Engine::start(&runtime, train.clone(), Start::State(state.clone())).unwrap()
}

fn batch(index: u64) -> ImageBatch {
    Drawings::new(SIDE, 0).batch(index * BATCH, BATCH as usize).unwrap()
}

fn eager(
    train: &TrainStep<Classify>,
    state: TrainState<ViT22B>,
    batch: ImageBatch,
) -> (TrainState<ViT22B>, f64) {
    let (state, metrics) = train.run(state, batch).unwrap();
    (state, metrics.loss.into_scalar())
}

fn loss_of(engine: &mut Engine<Classify>, batch: ImageBatch) -> f64 {
    f64::from(engine.step(batch).unwrap().read().unwrap().loss)
}

/// One program serves a hundred steps with a schedule, mixup and CutMix, dropout, stochastic depth and
/// averages: nothing that changes is frozen into it. Sums in another order, and momentum rounded to
/// bf16 on either side of a tie, drift apart over the steps: 1 % of a loss.
#[test]
fn a_hundred_steps_agree_with_eager_ones_and_compile_once() {
    let regularisation = Regularisation { dropout: 0.1, stochastic_depth: 0.2 };
    let task = classify()
        .with_mixup(Mixup { alpha: 0.3 })
        .and_then(|task| task.with_cutmix(CutMix { alpha: 1.0 }))
        .and_then(|task| task.with_regularisation(regularisation));
    let recipe = Recipe { ema: Some(Ema { decay: 0.99 }), ..recipe() };
    let (train, mut state) = start(task.unwrap(), &recipe);
    let mut training = compiled(&train, &state);
    let mut first = 0.0;
    for step in 0..100 {
        let (next, expected) = eager(&train, state, batch(step));
        state = next;
        let loss = loss_of(&mut training, batch(step));
        let tolerance = if step < 50 { 2e-3 } else { 1e-2 };
        assert!((loss / expected - 1.0).abs() < tolerance, "step {step}: {loss} not {expected}");
        if step == 0 {
            first = loss;
        }
        if step == 99 {
            assert!(loss < 0.5 * first, "it did not learn: {first} to {loss}");
        }
    }
    assert_eq!(training.compiled().unwrap().compilations(), 1);
    let got = training.state().unwrap();
    assert_eq!(got.step.into_scalar::<i64>(), 100);
    let error = difference(&params::collect(&got.model), &params::collect(&state.model));
    assert!(error < 0.02, "parameters differ by {error} of their norm");
    let error = difference(&got.ema.unwrap(), &state.ema.unwrap());
    assert!(error < 0.02, "averages differ by {error} of their norm");
}

/// Each dropout has a key that is folded in several times. Were the hashes of a key part of each kernel that draws from it, this
/// program would take hours to compile.
#[test]
fn dropout_compiles_and_draws_what_it_draws_eagerly() {
    let (frames, width, classes) = (8, 16, 4);
    let head = TemporalHeadConfig::new(width, frames, classes).with_width(64).with_depth(2);
    let dropped = Regularisation { dropout: 0.1, stochastic_depth: 0.1 };
    let task = ClassifyClips::new(head.with_num_heads(4), 0.0).unwrap();
    let task = task.with_regularisation(dropped).unwrap();
    let device = Device::flex();
    let model = params::with_seed(&device, 3, || params::initialize(task.init(&device)));
    let count = BATCH as usize;
    let values = (0..count * frames * width).map(|at| (at as f32 * 0.7).sin()).collect();
    let features = TensorData::new::<f32, _>(values, [count, frames, width]);
    let targets = (0..count * classes).map(|at| f32::from(at % classes == at / classes % classes));
    let targets = TensorData::new::<f32, _>(targets.collect(), [count, classes]);
    let losses = |runtime: &Runtime| -> Vec<f32> {
        let recipe = Recipe::clips(BATCH, Duration::Steps(100), 3e-3);
        let step = TrainStep::new(task.clone(), &recipe, None).unwrap();
        let mut engine = Engine::start(runtime, step, Start::From(model.clone(), 0)).unwrap();
        let mut step = |_| {
            let batch = ClipBatch::new(features.clone(), targets.clone(), &device);
            engine.step(batch).unwrap().read().unwrap().loss
        };
        (0..5).map(&mut step).collect()
    };
    let (eager, compiled) = (losses(&Runtime::flex()), losses(&Runtime::named("xla:cpu").unwrap()));
    for (eager, compiled) in eager.iter().zip(&compiled) {
        // Sums in another order, over five steps. Another draw would change the loss by some percent.
        approx::assert_relative_eq!(eager, compiled, max_relative = 1e-3);
    }
}

/// The compiler gives each tensor of the old state to the same tensor of the new one.
#[test]
fn the_state_is_updated_in_place() {
    let recipe = Recipe { ema: Some(Ema { decay: 0.99 }), ..recipe() };
    let (train, state) = start(classify(), &recipe);
    let leaves = describe(&state).unwrap();
    let bytes: usize = leaves
        .iter()
        .map(|leaf| leaf.ty.shape.iter().product::<usize>() * leaf.ty.dtype.size())
        .sum();
    let training = compiled(&train, &state);
    let (aliases, stats) = training
        .compiled()
        .unwrap()
        .with_executable(BATCH as usize, |executable| {
            let program = executable.program();
            let aliases = program.signature().expect("a signature").aliases.clone();
            (aliases, program.memory_stats().unwrap())
        })
        .unwrap();
    for (index, leaf) in leaves.iter().enumerate() {
        let found = aliases.iter().find(|alias| alias.parameter == index);
        assert_eq!(found.map(|alias| alias.output), Some(index), "{}", leaf.path);
    }
    assert_eq!(stats.alias_bytes as usize, bytes);
}

#[test]
fn parameters_are_drawn_on_the_device() {
    let runtime = Runtime::xla(Xla::cpu().unwrap());
    let task = Classify::new(config().with_depth(1), Loss::SigmoidCrossEntropy).unwrap();
    let (train, expected) = start(task, &recipe());
    let mut draws = Vec::new();
    for seed in [1, 1, 2] {
        let mut training = Engine::start(&runtime, train.clone(), Start::Drawn(seed)).unwrap();
        let state = training.state().unwrap();
        assert_eq!(describe(&state).unwrap(), describe(&expected).unwrap());
        let weight = params::collect(&state.model).get::<2>("blocks.0.mlp.fc1.weight").unwrap();
        // Xavier's bound for 32 and 64 is 0.25, the deviation of a uniform draw 0.25 / √3; the
        // deviation of 2048 draws is known to 1 %.
        let deviation: f64 = weight.clone().square().mean().sqrt().into_scalar();
        assert!((deviation / (0.25 / 3f64.sqrt()) - 1.0).abs() < 0.05, "{deviation}");
        assert!(weight.clone().abs().max().into_scalar::<f64>() <= 0.25);
        assert!(loss_of(&mut training, batch(0)).is_finite());
        draws.push(weight.into_data());
    }
    assert!(draws[0] == draws[1] && draws[0] != draws[2]);
}

/// bf16 has 8 bits: the losses of a few steps agree to a percent, and what is kept is f32.
#[test]
fn bf16_computes_and_f32_remembers() {
    let (train, state) = start(classify(), &recipe());
    let recipe = Recipe { precision: Precision::Bf16, ..recipe() };
    let half = TrainStep::new(classify(), &recipe, None).unwrap();
    let mut training = compiled(&train, &state);
    let mut half = compiled(&half, &state);
    let mut differs = false;
    for step in 0..20 {
        let (exact, rounded) =
            (loss_of(&mut training, batch(step)), loss_of(&mut half, batch(step)));
        assert!((rounded / exact - 1.0).abs() < 0.02, "step {step}: {rounded} not {exact}");
        differs |= rounded != exact;
    }
    assert!(differs, "nothing was rounded");
    for (path, any) in params::collect(&half.state().unwrap().model).iter() {
        assert_eq!(any.to_data().dtype(), DType::F32, "{path}");
    }
}

/// The mean over four parts of two images is the mean over eight: 1e-5 of the parameters' change
/// for sums in another order.
#[test]
fn micro_batches_give_the_step_of_the_whole_batch() {
    let (train, state) = start(classify(), &recipe());
    let parts = TrainStep::new(classify(), &Recipe { micro_batches: 4, ..recipe() }, None).unwrap();
    // The second step: at the first the learning rate is 0.
    let (whole, loss) = eager(&train, eager(&train, state.clone(), batch(0)).0, batch(1));
    let mut training = compiled(&parts, &state);
    loss_of(&mut training, batch(0));
    let got = loss_of(&mut training, batch(1));
    assert!((got / loss - 1.0).abs() < 1e-5, "{got} not {loss}");
    let compiled = params::collect(&training.state().unwrap().model);
    let (eager_parts, _) = eager(&parts, eager(&parts, state.clone(), batch(0)).0, batch(1));
    let (before, whole) = (params::collect(&state.model), params::collect(&whole.model));
    let travelled = difference(&before, &whole);
    assert!(travelled > 1e-5, "{travelled}");
    for got in [compiled, params::collect(&eager_parts.model)] {
        // Signs of near-zero gradients turn: Adafactor divides by their size.
        let error = difference(&got, &whole);
        assert!(error < 0.02 * travelled, "{error} of the norm, travelled {travelled}");
    }
}

/// Two workers with a part of each of two micro-batches: the same keys and, but for sums in another order, the same step
/// as four micro-batches. Without micro-batches nothing is summed in another order.
#[test]
fn workers_give_the_step_of_micro_batches() {
    let (train, begun) = start(classify(), &recipe());
    let steps = |micro_batches, workers| {
        let recipe = Recipe { micro_batches, ..recipe() };
        let train =
            TrainStep::new(classify(), &recipe, None).unwrap().with_workers(workers).unwrap();
        let (state, first) = eager(&train, begun.clone(), batch(0));
        let (state, second) = eager(&train, state, batch(1));
        ([first, second], params::collect(&state.model))
    };
    let (losses, parameters) = steps(2, 1);
    let (of_workers, got) = steps(1, 2);
    assert_eq!(of_workers, losses);
    for ((path, expected), (_, got)) in parameters.iter().zip(got.iter()) {
        assert_eq!(got.to_data(), expected.to_data(), "{path}");
    }
    let (losses, parameters) = steps(4, 1);
    let (both, got) = steps(2, 2);
    for (both, expected) in both.iter().zip(losses) {
        assert!((both / expected - 1.0).abs() < 1e-5, "{both} not {expected}");
    }
    // Signs of near-zero gradients turn, as above.
    assert!(difference(&got, &parameters) < 1e-4);

    // What is compiled does not change.
    let with_workers = train.clone().with_workers(2).unwrap();
    let program = |train| compiled(train, &begun).compiled().unwrap().lower(8).unwrap().program;
    assert_eq!(program(&with_workers).text, program(&train).text);
    for (count, shared) in [(3, 8), (0, 8), (16, 8)] {
        let error = train.clone().with_workers(count).unwrap_err().to_string();
        let rule = format!("a divisor of the {shared} examples that are computed at once");
        assert_eq!(error, format!("workers = {count} is not valid: {rule}"));
    }
    let images = TensorData::zeros::<f32, _>([7, 3, 16, 16]);
    let targets = TensorData::zeros::<f32, _>([7, config().num_classes]);
    let error =
        with_workers.run(begun.clone(), ImageBatch::new(images, targets)).unwrap_err().to_string();
    assert!(
        error.ends_with("expected a multiple of 2, 1 micro-batches of 2 workers, got 7"),
        "{error}"
    );
}

#[test]
fn a_step_that_is_not_finite_is_told_and_changes_nothing() {
    let recipe = Recipe { skip_non_finite: true, ema: Some(Ema { decay: 0.9 }), ..recipe() };
    let (train, state) = start(classify(), &recipe);
    let mut training = compiled(&train, &state);
    loss_of(&mut training, batch(0));
    loss_of(&mut training, batch(1));
    let before = training.state().unwrap();
    let ImageBatch { images, targets } = batch(2);
    let mut pixels: Vec<f32> = images.to_data().iter().collect();
    pixels[7] = f32::NAN;
    let poisoned = ImageBatch::new(TensorData::new(pixels, images.shape()), targets.into_data());
    assert!(!training.step(poisoned.clone()).unwrap().read().unwrap().finite);
    let after = training.state().unwrap();
    let (eager_after, _) = eager(&train, before.clone(), poisoned);
    for state in [&after, &eager_after] {
        assert_eq!(state.step.clone().into_scalar::<i64>(), 3, "the step counts all the same");
        for (kept, old) in [
            (params::collect(&state.model), params::collect(&before.model)),
            (state.optimizer.clone(), before.optimizer.clone()),
            (state.ema.clone().unwrap(), before.ema.clone().unwrap()),
        ] {
            for ((name, kept), (_, old)) in kept.iter().zip(old.iter()) {
                assert_eq!(kept.to_data(), old.to_data(), "{name}");
            }
        }
    }
    assert!(training.step(batch(3)).unwrap().read().unwrap().finite);
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let recipe = Recipe { micro_batches: 4, ..recipe() };
    let (train, state) = start(classify(), &recipe);
    let mut training = compiled(&train, &state);
    let classes = config().num_classes;
    let zeros = |shape: &[usize]| TensorData::zeros::<f32, _>(shape.to_vec());
    let mut message = |images: &[usize], targets: &[usize]| {
        let batch = ImageBatch::new(zeros(images), zeros(targets));
        training.step(batch).unwrap_err().to_string()
    };
    assert_eq!(
        message(&[6, 3, 16, 16], &[6, classes]),
        "images axis 0 (batch): expected a multiple of the 4 micro-batches, got 6"
    );
    assert_eq!(
        message(&[8, 3, 16, 18], &[8, classes]),
        "images axis 3 (width): expected a positive multiple of the patch 4, got 18"
    );
    let broken = Recipe { micro_batches: 3, ..Recipe::vit22b_scaled(BATCH, 10, 1e-3) };
    let error = TrainStep::new(classify(), &broken, None).unwrap_err();
    assert_eq!(error.to_string(), "micro_batches = 3 is not valid: a divisor of batch_size = 8");
}

/// Steps and scores agree (1e-3 of each for sums in another order), and a checkpoint of one
/// runtime goes on under the other.
#[test]
fn a_run_moves_from_one_runtime_to_the_other() {
    let folder = std::env::temp_dir().join(format!("vit22b-{}-moves", std::process::id()));
    let recipe = Recipe { ema: Some(Ema { decay: 0.9 }), ..recipe() };
    let (train, state) = start(classify(), &recipe);
    let runtimes = [Runtime::flex(), Runtime::xla(Xla::cpu().unwrap())];
    let data = Drawings::new(SIDE, 0);
    let batch = |index| data.batch(index * BATCH, BATCH as usize).unwrap();
    let close = |got: f32, expected: f32| {
        assert!((got / expected - 1.0).abs() < 1e-3, "{got} not {expected}");
    };
    let mut engines = runtimes
        .each_ref()
        .map(|r| Engine::start(r, train.clone(), Start::State(state.clone())).unwrap());
    for step in 0..8 {
        let [eager, compiled] =
            engines.each_mut().map(|e| e.step(batch(step)).unwrap().read().unwrap());
        close(compiled.loss, eager.loss);
        // Gradients feel the bf16 of the momentum more.
        assert!((compiled.gradient_norm / eager.gradient_norm - 1.0).abs() < 2e-2);
        assert!((compiled.learning_rate - eager.learning_rate).abs() < 1e-9);
        assert!(eager.finite && compiled.finite);
    }
    let weights = Tensor::<1>::ones([BATCH as usize], &Device::flex());
    let [eager, compiled] =
        engines.each_ref().map(|e| e.sum_scores(batch(100), weights.clone()).unwrap());
    close(compiled["loss"] as f32, eager["loss"] as f32);
    // Of eight images; a tie between classes may fall either way.
    assert!((compiled["precision_at_1"] - eager["precision_at_1"]).abs() <= 1.0);

    for (from, to) in [(0, 1), (1, 0)] {
        let checkpoints = Checkpoints::new(&folder);
        checkpoints.save(&train, &engines[from].state().unwrap(), 8 * BATCH).unwrap();
        let checkpoint = checkpoints.latest().unwrap().checkpoint.unwrap();
        let state = checkpoint.into_state(&train, &Device::flex()).unwrap();
        let start = |at: usize, state| {
            Engine::start(&runtimes[at], train.clone(), Start::State(state)).unwrap()
        };
        let mut moved = start(to, state);
        assert_eq!(moved.steps_done(), 8);
        let mut stayed = start(from, engines[from].state().unwrap());
        let [moved, stayed] =
            [&mut moved, &mut stayed].map(|e| e.step(batch(8)).unwrap().read().unwrap());
        close(moved.loss, stayed.loss);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A classifier that is trained, and one that it learns from.
#[derive(Module, Debug)]
struct Pair {
    student: Linear,
    teacher: Linear,
}

/// Points of a plane.
struct Points;

impl BatchSource<Tensor<2>> for Points {
    fn batch(&self, position: u64, size: usize) -> Result<Tensor<2>, BatchError> {
        let numbers = (2 * position..2 * (position + size as u64)).map(|i| (i as f32 * 0.7).sin());
        let data = TensorData::new(numbers.collect::<Vec<_>>(), [size, 2]);
        Ok(Tensor::from_data(data, &Device::flex()))
    }
}

fn distilled(model: &Pair, points: Tensor<2>) -> Tensor<1> {
    distillation(model.student.forward(points.clone()), model.teacher.forward(points), 1.0)
}

/// A module and a loss of one's own: the same losses on both runtimes, scores of each held-out example
/// once, and a frozen part that keeps nothing.
#[test]
fn any_module_trains_on_any_loss() {
    let init = |device: &Device| {
        let linear = || LinearConfig::new(2, 3).init(device);
        Pair { student: linear(), teacher: linear() }
    };
    let task = task::from_fn(init, |model: &Pair, points, _| distilled(model, points));
    let factors = Rules::new([("student.*", Tune::Factor(1.0)), ("teacher.*", Tune::Frozen)]);
    let recipe = Recipe {
        update: vec![Stage::Adam(Adam::default()), Stage::LearningRate { peak: 0.05, factors }],
        ema: Some(Ema { decay: 0.5 }),
        micro_batches: 2,
        ..Recipe::vit22b_scaled(4, 30, 1e-3)
    };
    let model = params::initialize(init(&Device::flex()));
    let folder = std::env::temp_dir().join(format!("vit22b-{}-any", std::process::id()));
    let runs = ["flex", "xla"].map(|name| {
        let held_out = Arc::new(FirstOf::new(Points, 10));
        let trainer =
            Trainer::new(task.clone(), recipe.clone(), Arc::new(Points), folder.join(name))
                .with_model(model.clone())
                .with_evaluation(held_out, 30);
        let (mut losses, mut held_out) = (vec![], vec![]);
        let runtime = Runtime::named(name).unwrap();
        let ended = trainer.run(&runtime, &AtomicBool::new(false), |event| match event {
            Event::Step(progress) => losses.push(progress.reading.loss),
            Event::Evaluated { scores, .. } => held_out.push(scores["loss"]),
            _ => {}
        });
        (losses, held_out, ended.unwrap().engine.state().unwrap())
    });
    std::fs::remove_dir_all(folder).unwrap();
    let [(losses, _, _), (compiled, _, _)] = &runs;
    assert!(losses[29] < 0.2 * losses[0], "{losses:?}");
    for (got, expected) in compiled.iter().zip(losses) {
        assert!((got - expected).abs() < 1e-4 * losses[0], "{got} not {expected}");
    }
    for (_, held_out, state) in &runs {
        let averages = state.ema.clone().unwrap();
        assert_eq!(
            averages.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            ["student.bias", "student.weight"]
        );
        assert_eq!(state.optimizer.len(), 4);
        assert_eq!(state.model.teacher.weight.to_data(), model.teacher.weight.to_data());
        let averaged = params::overwrite(state.model.clone(), averages).unwrap();
        let expected: f64 = distilled(&averaged, Points.batch(0, 10).unwrap()).into_scalar();
        let [got] = held_out[..] else { panic!("{held_out:?}") };
        assert!((got / expected - 1.0).abs() < 1e-4, "{got} not {expected}");
    }
}

/// What is told of a task of functions serves as that of a type: its step is compiled before there is data,
/// batches are checked, examples have a name, and a loss in half precision is one in f32.
#[test]
fn a_task_of_functions_tells_what_a_type_would() {
    let init = |device: &Device| LinearConfig::new(2, 3).init(device);
    let task = task::from_fn(init, |model: &Linear, points: Tensor<2>, _| {
        model.forward(points.cast(model.weight.dtype())).square().mean()
    });
    let task = task
        .with_check(|batch| match batch[0].ty.shape[1] {
            2 => Ok(()),
            got => Err(TrainError::batch("points axis 1 (coordinates)", 2, got)),
        })
        .with_dummy_batch(|size, device| Tensor::zeros([size, 2], device))
        .with_flops_per_example(36.0)
        .with_unit("points");
    let model = params::initialize(init(&Device::flex()));
    let folder = std::env::temp_dir().join(format!("vit22b-{}-functions", std::process::id()));
    // f32: sums in another order. bf16 has 8 bits.
    for (precision, tolerance) in [(Precision::F32, 1e-5), (Precision::Bf16, 2e-2)] {
        let recipe = Recipe { precision, ..Recipe::vit22b_scaled(4, 3, 1e-3) };
        let runs = ["flex", "xla"].map(|name| {
            let folder = folder.join(format!("{name}-{precision:?}"));
            let held_out = Arc::new(FirstOf::new(Points, 10));
            let trainer = Trainer::new(task.clone(), recipe.clone(), Arc::new(Points), folder)
                .with_model(model.clone())
                .with_evaluation(held_out, 3)
                .with_peak_flops(1e9);
            let (mut numbers, mut lines) = (vec![], vec![]);
            let runtime = Runtime::named(name).unwrap();
            let ended = trainer.run(&runtime, &AtomicBool::new(false), |event| {
                match event {
                    Event::Step(progress) => numbers.push(f64::from(progress.reading.loss)),
                    Event::Evaluated { scores, .. } => numbers.push(scores["loss"]),
                    _ => {}
                }
                lines.push(event.to_string());
            });
            let steps = lines.iter().filter(|line| line.contains(" points/s  utilisation "));
            assert_eq!(steps.count(), 3, "{lines:?}");
            assert_eq!(lines[0].starts_with("compiled in "), name == "xla", "{lines:?}");
            let mut engine = ended.unwrap().engine;
            let error = engine.step(Tensor::zeros([4, 3], &Device::flex())).unwrap_err();
            assert_eq!(error.to_string(), "points axis 1 (coordinates): expected 2, got 3");
            numbers
        });
        for (eager, compiled) in runs[0].iter().zip(&runs[1]) {
            assert!((compiled / eager - 1.0).abs() < tolerance, "{runs:?}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();

    let train = TrainStep::new(task, &Recipe::vit22b_scaled(4, 3, 1e-3), None).unwrap();
    let (mesh, layout) = ("data=1".parse().unwrap(), Layout::replicated());
    let lowered = train.lower(8, Lowering::new().over(&mesh, &layout).on("cpu")).unwrap();
    assert!(lowered.arguments.iter().any(|leaf| leaf.ty.shape == [8, 2]), "a batch of eight");
    let bare = task::from_fn(init, |model: &Linear, points: Tensor<2>, _| {
        model.forward(points).square().mean()
    });
    let train = TrainStep::new(bare, &Recipe::vit22b_scaled(4, 3, 1e-3), None).unwrap();
    assert_eq!(
        train.lower(8, Lowering::new().over(&mesh, &layout).on("cpu")).unwrap_err().to_string(),
        "dummy batch: expected a task that makes one of any size, by `Task::dummy_batch`, got none"
    );
}

//! Training with rolled blocks, beside the same training with the blocks one by one.

mod difference;

use std::sync::OnceLock;

use burn::tensor::{Device, TensorData};
use burn_trace::Save;
use burn_xla::Xla;
use vit22b::Runtime;
use vit22b::data::ImageBatch;
use vit22b::params;
use vit22b::train::{
    Classify, Ema, Engine, Loss, Mixup, Precision, Recipe, Regularisation, Start, Task, TrainState,
    TrainStep,
};
use vit22b::vit::{QkNorm, ViT22B, ViT22BConfig};

use difference::difference;

const BATCH: usize = 8;
const SIDE: usize = 16;
const CLASSES: usize = 5;

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn config(depth: usize) -> ViT22BConfig {
    let config = ViT22BConfig::new(CLASSES).with_image([SIDE, SIDE]).with_patch(4);
    config.with_width(32).with_depth(depth).with_mlp_dim(64).with_num_heads(2)
}

fn recipe() -> Recipe {
    Recipe::vit22b_scaled(BATCH as u64, 20, 3e-3)
}

fn task(config: ViT22BConfig) -> Classify {
    Classify::new(config, Loss::SigmoidCrossEntropy).unwrap()
}

fn start(task: &Classify, recipe: &Recipe) -> (TrainStep<Classify>, TrainState<ViT22B>) {
    let model = params::initialize(task.init(&Device::flex()));
    let train = TrainStep::new(task.clone(), recipe, None).unwrap();
    let state = train.init(model, 5);
    (train, state)
}

fn compiled(train: TrainStep<Classify>, state: &TrainState<ViT22B>) -> Engine<Classify> {
    Engine::start(&Runtime::xla(xla()), train, Start::State(state.clone())).unwrap()
}

fn batch(step: usize) -> ImageBatch {
    let pixel = |i: usize| ((i * 7919 + step * 104_729) % 1000) as f32 / 500.0 - 1.0;
    let target = |i: usize| ((i + step).is_multiple_of(3) as u8) as f32;
    let images = (0..BATCH * 3 * SIDE * SIDE).map(pixel).collect::<Vec<_>>();
    let targets = (0..BATCH * CLASSES).map(target).collect::<Vec<_>>();
    let images = TensorData::new(images, [BATCH, 3, SIDE, SIDE]);
    ImageBatch::new(images, TensorData::new(targets, [BATCH, CLASSES]))
}

/// Losses of some steps, and the state after them.
fn run(train: TrainStep<Classify>, state: &TrainState<ViT22B>) -> (Vec<f64>, TrainState<ViT22B>) {
    let mut engine = compiled(train, state);
    let losses =
        (0..4).map(|step| f64::from(engine.step(batch(step)).unwrap().read().unwrap().loss));
    let losses = losses.collect();
    assert_eq!(engine.compiled().unwrap().compilations(), 1);
    (losses, engine.state().unwrap())
}

/// How far the second run is from the first one: the largest error of a loss, and the errors of
/// parameters, optimizer and averages by their norms.
fn distance(
    (losses, state): &(Vec<f64>, TrainState<ViT22B>),
    (other_losses, other): &(Vec<f64>, TrainState<ViT22B>),
) -> [f64; 4] {
    let loss = other_losses.iter().zip(losses).map(|(other, loss)| (other / loss - 1.0).abs());
    let averages = match (&other.ema, &state.ema) {
        (Some(other), Some(ema)) => difference(other, ema),
        _ => 0.0,
    };
    [
        loss.fold(0.0, f64::max),
        difference(&params::collect(&other.model), &params::collect(&state.model)),
        difference(&other.optimizer, &state.optimizer),
        averages,
    ]
}

/// Of losses, parameters, optimizer and averages; a first moment is rounded to bf16.
const F32_TOLERANCES: [f64; 4] = [2e-4, 2e-4, 2e-3, 2e-4];

fn agree(task: &Classify, recipe: &Recipe, saves: &[Save], tolerances: [f64; 4]) {
    let (train, state) = start(task, recipe);
    let unrolled = run(train.clone(), &state);
    for save in saves {
        let rolled = run(train.clone().with_rolled_blocks(save.clone()), &state);
        let distance = distance(&unrolled, &rolled);
        assert!(
            distance.iter().zip(&tolerances).all(|(error, tolerance)| error < tolerance),
            "{save:?}: losses, parameters, optimizer and averages differ by {distance:?}, \
             and not by less than {tolerances:?}"
        );
    }
}

/// The operations are the same and their sums in another order, so that f32 differs in its last
/// digits; the first moment is rounded to bf16, where a tie may fall on either side.
#[test]
fn rolled_training_is_unrolled_training() {
    let regularisation = Regularisation { dropout: 0.1, stochastic_depth: 0.2 };
    let task = task(config(3)).with_mixup(Mixup { alpha: 0.3 });
    let task = task.and_then(|task| task.with_regularisation(regularisation)).unwrap();
    let recipe = Recipe { ema: Some(Ema { decay: 0.99 }), skip_non_finite: true, ..recipe() };
    let saves = [Save::Everything, Save::Nothing];
    agree(&task, &recipe, &saves, F32_TOLERANCES);
}

/// Rotary positions are made once, outside of the loop that turns queries and keys by them.
#[test]
fn rotary_positions_are_the_same_for_every_lane() {
    let config = config(3).eva02().with_key_bias(None);
    agree(&task(config), &recipe(), &[Save::Nothing], F32_TOLERANCES);
}

#[test]
fn micro_batches_are_a_loop_around_the_loops() {
    let recipe = Recipe { micro_batches: 2, ..recipe() };
    agree(&task(config(3)), &recipe, &[Save::Nothing], F32_TOLERANCES);
}

/// bf16 keeps 8 bits, and the compiler rounds between operations where it does not fuse them, which
/// differs from a loop to the same operations without one, and from one processor to another. Over
/// models drawn anew, losses differ by 3e-5 and parameters by 6e-4 at most. A first moment is divided
/// by the size of its gradient, so that where a gradient is all rounding it may have either sign: 0.03
/// of its norm, or 0.13 where a large element does; a gradient of another block would be 1.
#[test]
fn bf16_rolls_too() {
    let recipe = Recipe { precision: Precision::Bf16, ..recipe() };
    agree(&task(config(3)), &recipe, &[Save::Everything], [1e-3, 3e-3, 0.5, 1e-3]);
}

/// A field of a block is no tensor, so that one loop cannot have several values of it.
#[test]
fn blocks_that_differ_beyond_their_tensors_are_refused() {
    let plain = config(3).with_qk_norm(QkNorm::None);
    let (_, other) = start(&task(plain.clone().with_num_heads(4)), &recipe());
    let (train, alike) = start(&task(plain), &recipe());
    let train = train.with_rolled_blocks(Save::Products);
    let lower = |state: &TrainState<ViT22B>| {
        compiled(train.clone(), state).compiled().unwrap().lower(BATCH)
    };
    assert!(lower(&alike).is_ok());
    let mut state = alike;
    state.model.blocks[1] = other.model.blocks[1].clone();
    let error = lower(&state).unwrap_err();
    let text = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let text: Vec<_> = text.map(ToString::to_string).collect();
    assert!(text.join(": ").contains("lane 1 of a rolled loop"), "{text:?}");
}

/// One loop forward, one backward, and one for each of the sweeps over all parameters, for any
/// depth.
#[test]
fn the_program_does_not_grow_with_the_depth() {
    let lines = |depth: usize| {
        let (train, state) = start(&task(config(depth)), &recipe());
        let train = train.with_rolled_blocks(Save::Products);
        let engine = compiled(train, &state);
        let training = engine.compiled().unwrap();
        let program = training.lower(BATCH).unwrap().program;
        assert_eq!(program.arguments.len(), training.device_state().leaves().len() + 2);
        (program.text.lines().count(), program.text.matches("stablehlo.while").count())
    };
    let (two, four) = (lines(2), lines(4));
    assert_eq!(two.1, four.1);
    // The number of a lane, which random draws follow from.
    assert!(four.0 - two.0 <= 3 * 2, "{two:?} and {four:?}");
    // Forward, backward, widening the gradients, their norm, the update.
    assert!(two.1 <= 6, "{} loops", two.1);
}

#[test]
fn the_stacked_state_is_updated_in_place() {
    let (train, state) = start(&task(config(3)), &recipe());
    let train = train.with_rolled_blocks(Save::Everything);
    let engine = compiled(train, &state);
    let training = engine.compiled().unwrap();
    let leaves = training.device_state().leaves();
    let aliases = training
        .with_executable(BATCH, |executable| {
            executable.program().signature().expect("a signature").aliases.clone()
        })
        .unwrap();
    for (index, leaf) in leaves.iter().enumerate() {
        let found = aliases.iter().find(|alias| alias.parameter == index);
        assert_eq!(found.map(|alias| alias.output), Some(index), "{}", leaf.path);
    }
}

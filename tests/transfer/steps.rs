//! Steps that are left out, and means over steps.

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use vit22b::Rules;
use vit22b::train::{
    Adafactor, Adam, Decay, Duration, Ema, Polyak, Recipe, Schedule, Stage, Task, TrainState,
    TrainStep, Tune, task,
};

use crate::worst;

type Batch = (Tensor<2>, Tensor<2>);

fn line() -> impl Task<Model = Linear, Batch = Batch> {
    task::from_fn(
        |device: &Device| LinearConfig::new(2, 1).init(device),
        |model: &Linear, (x, y): Batch, _| (model.forward(x) - y).square().mean(),
    )
}

fn recipe(stage: Stage) -> Recipe {
    let factors = Rules::all(Tune::Factor(1.0));
    Recipe {
        batch_size: 2,
        total: Duration::Steps(10),
        update: vec![stage, Stage::LearningRate { peak: 0.1, factors }],
        ..Recipe::vit22b()
    }
}

fn batch(value: f32) -> Batch {
    let device = Device::flex();
    let x = Tensor::from_data([[value, 1.0], [0.5, -value]], &device);
    (x, Tensor::from_data([[1.0], [-2.0]], &device))
}

/// Runs start here twice and are compared, so nothing is drawn: Burn has one generator for all threads of a process.
fn start<T: Task<Model = Linear>>(step: &TrainStep<T>) -> TrainState<Linear> {
    let device = Device::flex();
    let weight = Param::from_data([[0.4], [-0.3]], &device);
    let bias = Some(Param::from_data([0.1], &device));
    step.init(Linear { weight, bias }, 0)
}

#[test]
fn moments_count_the_steps_that_were_taken() {
    let adam = Stage::Adam(Adam::default());
    let adafactor = Stage::Adafactor(Adafactor::default());
    for stage in [adam, adafactor] {
        let skips = Recipe { skip_non_finite: true, ..recipe(stage) };
        let step = TrainStep::new(line(), &skips, None).unwrap();
        let run = |values: &[f32]| {
            let mut state = start(&step);
            for value in values {
                (state, _) = step.run(state, batch(*value)).unwrap();
            }
            state
        };
        let (with, without) = (run(&[1.0, f32::NAN, f32::NAN, 2.0, 3.0]), run(&[1.0, 2.0, 3.0]));
        assert_eq!(worst(&with.model.weight.val(), &without.model.weight.val()), 0.0);
        assert_eq!(with.step.into_scalar::<i64>(), 5);
        assert_eq!(with.skipped.unwrap().into_scalar::<i64>(), 2);
    }
}

/// 1e-6: a mean of five numbers up to 2 in f32, in another order.
#[test]
fn a_polyak_average_weighs_all_its_steps_alike() {
    let from = Duration::Steps(2);
    let recipe = Recipe { polyak: Some(Polyak { from }), ..recipe(Stage::Adam(Adam::default())) };
    let step = TrainStep::new(line(), &recipe, None).unwrap();
    let (mut state, mut sum) = (start(&step), None::<Tensor<2>>);
    for index in 0..7 {
        (state, _) = step.run(state, batch(index as f32)).unwrap();
        let weight = state.model.weight.val();
        let average = state.ema.as_ref().unwrap().get::<2>("weight").unwrap();
        if index < 2 {
            assert_eq!(worst(&average, &weight), 0.0, "step {index}");
            continue;
        }
        let total = sum.take().map_or(weight.clone(), |sum| sum + weight);
        let mean = total.clone().div_scalar((index - 1) as f64);
        assert!(worst(&average, &mean) < 1e-6, "step {index}");
        sum = Some(total);
    }
}

/// The mean of a run with steps that are left out, before and within it, is that of the run without them.
#[test]
fn a_polyak_average_counts_the_steps_that_were_taken() {
    let polyak = Some(Polyak { from: Duration::Steps(2) });
    let stage = Stage::Adam(Adam::default());
    let skips = Recipe { skip_non_finite: true, polyak, ..recipe(stage) };
    let step = TrainStep::new(line(), &skips, None).unwrap();
    let run = |values: &[f32]| {
        let mut state = start(&step);
        for value in values {
            (state, _) = step.run(state, batch(*value)).unwrap();
        }
        state.ema.unwrap().get::<2>("weight").unwrap().clone()
    };
    let with = run(&[1.0, f32::NAN, 2.0, 3.0, f32::NAN, f32::NAN, 4.0, 5.0]);
    let without = run(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(worst(&with, &without), 0.0);
}

#[test]
fn what_has_no_meaning_is_named_before_the_first_step() {
    let adam = || recipe(Stage::Adam(Adam::default()));
    let message = |recipe: &Recipe| TrainStep::new(line(), recipe, None).unwrap_err().to_string();
    let late = Recipe { polyak: Some(Polyak { from: Duration::Steps(10) }), ..adam() };
    assert_eq!(
        message(&late),
        "polyak.from = 10 steps is not valid: less than the 10 steps of the run"
    );
    let both = Recipe {
        polyak: Some(Polyak { from: Duration::Steps(1) }),
        ema: Some(Ema { decay: 0.9 }),
        ..adam()
    };
    assert_eq!(
        message(&both),
        "polyak.from = Steps(1) is not valid: a recipe keeps one kind of averages: `ema` or `polyak`"
    );
    let mut long = adam();
    let (warmup, cooldown) = (Duration::Steps(u64::MAX), Duration::Steps(1));
    long.update.push(Stage::Schedule(Schedule { decay: Decay::Linear, warmup, cooldown }));
    assert!(message(&long).starts_with("schedule.warmup = 18446744073709551615 steps is not"));
}

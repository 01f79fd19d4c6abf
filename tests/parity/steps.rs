//! Ten steps of training on each runtime, beside Burn's CPU backend.

use burn::tensor::Device;
use vit22b::data::{BatchSource, Drawings};
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use vit22b::vit::Variant;
use vit22b::{Runtime, params};

use crate::fixture::runtimes;

#[test]
fn ten_steps_have_the_losses_of_the_cpu_backend() {
    let (data, device) = (Drawings::new(16, 0), Device::flex());
    let classes = data.hierarchy().names().len();
    let config = Variant::parse("mu/4").unwrap().config(classes).with_image([16, 16]);
    let draw = || params::initialize(config.init(&device).unwrap());
    let model = params::with_seed(&device, 0, draw);
    let losses = |runtime: &Runtime| -> Vec<f32> {
        let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
        let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, 10, 0.01), None).unwrap();
        let mut engine = Engine::start(runtime, step, Start::From(model.clone(), 0)).unwrap();
        let batches = (0..10).map(|step| data.batch(32 * step, 32).unwrap());
        batches.map(|batch| engine.step(batch).unwrap().read().unwrap().loss).collect()
    };
    let expected = losses(&Runtime::flex());
    // They differ from step to step by more than the tolerance below.
    assert!(expected[9] < 0.9 * expected[0], "{expected:?}");
    for runtime in runtimes() {
        let got = losses(&runtime);
        let apart = got.iter().zip(&expected).map(|(got, flex)| (got / flex - 1.0).abs());
        let apart = apart.fold(0.0, f32::max);
        println!("{runtime}: losses at most {apart:.1e} apart, {got:?}");
        // Sums in f32 have other orders, and steps of Adafactor carry a difference on: XLA on a CPU is 4e-7 apart after the
        // third step and 5e-5 after the tenth.
        assert!(apart < 3e-4, "{runtime}: {got:?} not {expected:?}");
    }
}

//! Nothing that changes from step to step is frozen into a recorded program: Burn's capture device
//! records the code at two steps, and the two records are the same operation by operation.

use std::collections::HashMap;

use burn::tensor::{Device, Int, Tensor};
use vit22b::RandomKey;
use vit22b::params::{self, NamedTensors};
use vit22b::train::{
    Adam, Budget, CutMix, Duration, Ema, Mixup, Momentum, Optimizer, Recipe, Stage, weight_decay,
};
use vit22b::vit::{Draws, ViT22B, ViT22BConfig};

fn model(device: &Device) -> ViT22B {
    let config = ViT22BConfig::new(5).with_image([16, 16]).with_patch(4);
    let config = config.with_width(64).with_depth(2).with_mlp_dim(128).with_num_heads(4);
    config.init(device).unwrap()
}

/// The recorded operations with tensors numbered in the order in which they occur.
fn record(run: impl FnOnce(&Device)) -> Vec<String> {
    let device = Device::capture();
    let captured = device
        .capture_scope(|scope| {
            run(&device);
            scope.complete([], [])
        })
        .unwrap();
    let mut numbers = HashMap::new();
    let pattern = regex::Regex::new(r"TensorId\s*\{\s*value:\s*(\d+)\s*\}").unwrap();
    let operations = captured.graph.operations.iter().map(|operation| {
        let text = format!("{operation:?}");
        let number = |found: &regex::Captures<'_>| {
            let next = numbers.len();
            format!("%{}", numbers.entry(found[1].to_string()).or_insert(next))
        };
        pattern.replace_all(&text, number).into_owned()
    });
    operations.collect()
}

fn scalar(value: i64, device: &Device) -> Tensor<1, Int> {
    Tensor::from_ints([value], device)
}

#[track_caller]
fn assert_same(seven: Vec<String>, eight: Vec<String>) {
    assert!(seven.len() > 10, "only {} operations were recorded", seven.len());
    assert_eq!(seven.len(), eight.len());
    for (a, b) in seven.iter().zip(&eight) {
        assert_eq!(a, b);
    }
}

#[test]
fn the_update_depends_on_the_step_as_a_tensor_only() {
    let chains: [Vec<Stage>; 3] = [
        Recipe::vit22b_scaled(4, 100, 1e-3).update,
        vec![Stage::Adam(Adam::default()), Stage::WeightDecay(weight_decay(0.1, 0.1))],
        vec![Stage::Momentum(Momentum::default())],
    ];
    for chain in chains {
        let at = |step: i64| {
            record(|device| {
                let model = params::initialize(model(device));
                let budget = Budget::new(Duration::Steps(100), 4, None).unwrap();
                let optimizer = Optimizer::new(&chain, &budget, &model).unwrap();
                let (gradients, state) = (params::collect(&model), optimizer.init(&model));
                let step = scalar(step, device).float();
                let (model, _, _) =
                    optimizer.update(model, gradients, state, &step, &step).unwrap();
                Ema { decay: 0.999 }.update(
                    NamedTensors::default(),
                    &params::collect(&model),
                    &step,
                );
            })
        };
        assert_same(at(7), at(8));
    }
}

#[test]
fn random_draws_depend_on_seed_and_step_as_tensors_only() {
    let at = |seed: i64, step: i64| {
        record(|device| {
            let key = RandomKey::from_tensor(scalar(seed, device));
            let key = key.fold_in_tensor(scalar(step, device));
            let images = Tensor::<4>::zeros([4, 3, 16, 16], device);
            let targets = Tensor::<2>::zeros([4, 5], device);
            let mixup = Mixup { alpha: 0.3 }.resolve().unwrap();
            let (images, targets) = mixup.apply(images, targets, &key.fold_in(0));
            let cutmix = CutMix { alpha: 1.0 }.resolve().unwrap();
            let (images, _) = cutmix.apply(images, targets, &key.fold_in(2));
            let draws = Draws::new(key.fold_in(1)).with_dropout(0.1).with_stochastic_depth(0.1);
            model(device).forward_train(images, &draws);
        })
    };
    assert_same(at(1, 7), at(2, 8));
}

/// The check sees a number that is frozen.
#[test]
fn a_frozen_number_would_show() {
    let at = |step: f64| record(|device| drop(Tensor::<1>::zeros([1], device).add_scalar(step)));
    assert_ne!(at(7.0), at(8.0));
}

//! SGD with momentum and clipping against optax.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde_json::Value;
use vit22b::Rules;
use vit22b::params::{self, NamedTensors};
use vit22b::train::{
    Budget, Duration, Momentum, Optimizer, Precision, Stage, Tune, value_and_grad,
};

use crate::{json, matrix, number, numbers, vector, worst};

#[derive(Module, Debug)]
struct Tree {
    kernel: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    head: Param<Tensor<2>>,
}

fn tensors(value: &Value) -> NamedTensors {
    let mut tensors = NamedTensors::default();
    tensors.insert("kernel", matrix(&value["kernel"]));
    tensors.insert("bias", vector(&value["bias"]));
    tensors.insert("head", matrix(&value["head"]));
    tensors
}

fn tree(value: &Value) -> Tree {
    Tree {
        kernel: Param::from_tensor(matrix(&value["kernel"])),
        bias: Param::from_tensor(vector(&value["bias"])),
        head: Param::from_tensor(matrix(&value["head"])),
    }
}

/// 1e-6: some roundings in f32 of parameters up to about 3. A momentum that is rounded elsewhere differs by 1e-4.
#[test]
fn steps_are_those_of_optax() {
    let fixture = json("fine_tune/sgd_momentum.json");
    let device = Device::flex();
    let budget = Budget::new(Duration::Steps(100), 1, None).unwrap();
    let lr = number(&fixture["lr"]);
    for (arm, precision) in [("momentum_f32", Precision::F32), ("momentum_bf16", Precision::Bf16)] {
        let momentum = number(&fixture["momentum"]);
        let mut state: Option<NamedTensors> = None;
        let mut module = tree(&fixture["parameters"]);
        let expected = fixture["after_each_step"][arm].as_array().unwrap();
        let gradients = fixture["gradients"].as_array().unwrap();
        let factors = numbers(&fixture["schedule"]);
        let norms = numbers(&fixture["global_norms"]);
        for (step, (gradient, factor)) in gradients.iter().zip(factors).enumerate() {
            let peak = lr * factor;
            let stages = [
                Stage::ClipGlobalNorm { max_norm: number(&fixture["clip"]) },
                Stage::Momentum(Momentum { momentum, nesterov: false, precision }),
                Stage::LearningRate { peak, factors: Rules::all(Tune::Factor(1.0)) },
            ];
            let optimizer = Optimizer::new(&stages, &budget, &module).unwrap();
            let before = state.take().unwrap_or_else(|| optimizer.init(&module));
            let count = Tensor::<1>::from_floats([step as f32], &device);
            let (next, after, metrics) =
                optimizer.update(module, tensors(gradient), before, &count, &count).unwrap();
            let norm: f64 = metrics.gradient_norm.into_scalar();
            assert!((norm - norms[step]).abs() < 1e-5 * norms[step], "{arm}, step {step}: {norm}");
            (module, state) = (next, Some(after));
            let expected = tree(&expected[step]);
            for difference in [
                worst(&module.kernel.val(), &expected.kernel.val()),
                worst(&module.bias.val(), &expected.bias.val()),
                worst(&module.head.val(), &expected.head.val()),
            ] {
                assert!(difference < 1e-6, "{arm}, step {step}: {difference}");
            }
        }
        assert_eq!(expected.len(), gradients.len());
    }
}

/// Of gradients that the loss itself gives, through the same stages.
#[test]
fn a_frozen_parameter_has_neither_gradient_nor_momentum() {
    let fixture = json("fine_tune/sgd_momentum.json");
    let module = tree(&fixture["parameters"]);
    let budget = Budget::new(Duration::Steps(100), 1, None).unwrap();
    let factors = Rules::new([("bias", Tune::Frozen), (".*", Tune::Factor(0.5))]);
    let stages = [Stage::Momentum(Momentum::default()), Stage::LearningRate { peak: 1.0, factors }];
    let optimizer = Optimizer::new(&stages, &budget, &module).unwrap();
    let frozen = |path: &str| optimizer.is_frozen(path);
    let (_, gradients) = value_and_grad(&module, frozen, (), |module, ()| {
        module.kernel.val().sum() + module.bias.val().sum() + module.head.val().sum()
    });
    let zero = Tensor::<1>::zeros([1], &Device::flex());
    let state = optimizer.init(&module);
    assert_eq!(
        state.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["momentum/head", "momentum/kernel"]
    );
    let before = params::collect(&module);
    let (module, ..) = optimizer.update(module, gradients, state, &zero, &zero).unwrap();
    assert_eq!(worst(&module.bias.val(), &before.get::<1>("bias").unwrap()), 0.0);
    let moved = before.get::<2>("head").unwrap() - module.head.val();
    assert!(worst(&moved, &moved.full_like(0.5)) < 1e-6);
}

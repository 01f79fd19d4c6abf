//! Burn's optimizers on trees, compiled, beside Burn's own on its CPU backend.

mod seeded;

use std::sync::OnceLock;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor, Tolerance, activation};
use burn_optim::decay::WeightDecayConfig;
use burn_optim::grad_clipping::GradientClippingConfig;
use burn_optim::momentum::MomentumConfig;
use burn_optim::{
    AdamConfig, AdamWConfig, AdjustLrFn, GradientsParams, LionConfig, ModuleOptimizer, MuonConfig,
    SgdConfig,
};
use burn_trace::{OptimizerState, TreeError, TreeOptimizer, value_and_grad};
use burn_xla::program::Xla;
use seeded::seeded;

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
}
burn_xla::impl_tensor_tree!(Mlp);

impl Mlp {
    fn new(has_bias: bool) -> Self {
        let layer = |inner, outer| {
            LinearConfig::new(inner, outer).with_bias(has_bias).init(&Device::flex())
        };
        seeded(3, || Self { first: layer(6, 10), second: layer(10, 4) }.materialize())
    }

    fn loss(&self, x: Tensor<2>) -> Tensor<1> {
        let y = self.second.forward(activation::gelu(self.first.forward(x)));
        (y.square() - 1).square().mean()
    }
}

/// One batch, again and again, so that the loss falls.
fn batches(steps: usize) -> Vec<Tensor<2>> {
    let normal = Distribution::Normal(0., 1.);
    vec![seeded(5, || Tensor::random([8, 6], normal, &Device::flex())); steps]
}

/// The rate of a step: another one in each.
fn rate(step: usize) -> f64 {
    0.02 / (1.0 + step as f64)
}

fn with_burn(mut optimizer: ModuleOptimizer, model: Mlp, batches: &[Tensor<2>]) -> (Mlp, Vec<f32>) {
    let device = Device::flex().autodiff();
    let mut model = model.train();
    let mut losses = Vec::new();
    for (step, x) in batches.iter().enumerate() {
        let loss = model.loss(x.clone().to_device(&device));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(rate(step), model, gradients);
        losses.push(loss.into_scalar());
    }
    (model.valid(), losses)
}

type State = (Mlp, OptimizerState<Mlp>);

fn compiled(optimizer: &TreeOptimizer, model: Mlp, batches: &[Tensor<2>]) -> (Mlp, Vec<f32>) {
    let state = optimizer.init(&model).unwrap();
    let own = optimizer.clone();
    let step = xla().jit(move |((model, state), rate, x): (State, Tensor<1>, Tensor<2>)| {
        let (loss, gradients) = value_and_grad(&model, &x, |model, x| model.loss(x)).unwrap();
        (own.step(rate, model, gradients, state).unwrap(), loss)
    });
    let step = step.donate(|path| path.starts_with("0."));
    let mut state = xla().upload(&(model, state)).unwrap();
    let mut losses = Vec::new();
    for (number, x) in batches.iter().enumerate() {
        let rate = Tensor::<1>::from_floats([rate(number) as f32], &Device::flex());
        let (rate, x) = (xla().upload(&rate).unwrap(), xla().upload(x).unwrap());
        let (next, loss) = step.call_on_device((state, rate, x)).unwrap().split().unwrap();
        losses.push(loss.to_host().unwrap().into_scalar());
        state = next;
    }
    assert_eq!(step.compilations(), 1, "rate, number of the step and state are tensors");
    (state.to_host().unwrap().0, losses)
}

/// Both take the same steps: what they add up has another order.
fn compare(burn: ModuleOptimizer, tree: TreeOptimizer, has_bias: bool) {
    let (model, batches) = (Mlp::new(has_bias), batches(8));
    let (expected, losses) = with_burn(burn, model.clone(), &batches);
    let (got, got_losses) = compiled(&tree, model, &batches);
    for (step, (got, expected)) in got_losses.iter().zip(&losses).enumerate() {
        assert!((got - expected).abs() <= 1e-4 * expected.abs(), "{step}: {expected}, got {got}");
    }
    assert!(losses.last() < losses.first(), "{losses:?}");
    for (got, expected) in [(&got.first, &expected.first), (&got.second, &expected.second)] {
        let tolerance = Tolerance::rel_abs(1e-3, 1e-5);
        let (got_weight, weight) =
            (got.weight.val().into_data(), expected.weight.val().into_data());
        got_weight.assert_approx_eq::<f32>(&weight, tolerance);
        if let (Some(got), Some(expected)) = (&got.bias, &expected.bias) {
            let (got, expected) = (got.val().into_data(), expected.val().into_data());
            got.assert_approx_eq::<f32>(&expected, tolerance);
        }
    }
}

#[test]
fn sgd() {
    compare(SgdConfig::new().init(), SgdConfig::new().into(), true);
    // The first velocity is not dampened.
    let momentum = MomentumConfig { momentum: 0.9, dampening: 0.3, nesterov: true };
    let config = || {
        SgdConfig::new()
            .with_momentum(Some(momentum.clone()))
            .with_weight_decay(Some(WeightDecayConfig::new(0.1)))
            .with_gradient_clipping(Some(GradientClippingConfig::Norm(0.05)))
    };
    compare(config().init(), config().into(), true);
}

#[test]
fn adam() {
    compare(AdamConfig::new().init(), AdamConfig::new().into(), true);
    let config = || {
        let decay = Some(WeightDecayConfig::new(0.1));
        AdamConfig::new().with_amsgrad(true).with_weight_decay(decay).with_beta_2(0.9)
    };
    compare(config().init(), config().into(), true);
}

#[test]
fn adamw() {
    compare(AdamWConfig::new().init(), AdamWConfig::new().into(), true);
    let config = || {
        AdamWConfig::new()
            .with_weight_decay(0.5)
            .with_cautious_weight_decay(true)
            .with_amsgrad(true)
            .with_grad_clipping(Some(GradientClippingConfig::Value(0.02)))
    };
    compare(config().init(), config().into(), true);
}

#[test]
fn lion() {
    let config = || LionConfig::new().with_weight_decay(0.1);
    compare(config().init(), config().into(), true);
}

#[test]
fn muon() {
    compare(MuonConfig::new().init(), MuonConfig::new().into(), false);
    let config = || {
        let decay = Some(WeightDecayConfig::new(0.1));
        MuonConfig::new().with_weight_decay(decay).with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW)
    };
    compare(config().init(), config().into(), false);
}

#[test]
fn muon_updates_the_matrices_that_it_is_given() {
    let model = Mlp::new(true);
    let muon = TreeOptimizer::from(MuonConfig::new());
    let (loss, gradients) =
        value_and_grad(&model, &batches(1)[0], |model, x| model.loss(x)).unwrap();
    drop(loss);
    let state = muon.init(&model).unwrap();
    let error = muon.step(0.1, model.clone(), gradients.clone(), state).unwrap_err();
    assert!(matches!(&error, TreeError::NoMatrix { path, .. } if path == "first.bias"), "{error}");

    let muon = muon.only(|path, dims| path.starts_with("first") && dims.len() == 2);
    let state = muon.init(&model).unwrap();
    let (next, state) = muon.step(0.1, model.clone(), gradients, state).unwrap();
    let moved = |a: &Linear, b: &Linear| {
        (a.weight.val() - b.weight.val()).abs().sum().into_scalar::<f32>() > 0.0
    };
    assert!(moved(&next.first, &model.first) && !moved(&next.second, &model.second));
    assert_eq!(state.count.into_scalar::<i32>(), 1);
}

/// As Burn's own optimizer, which asks whether a parameter takes gradients.
#[test]
fn frozen_parameters_stay() {
    let model = Mlp::new(true);
    let frozen = Mlp { first: model.first.clone().no_grad(), second: model.second };
    let (_, gradients) = value_and_grad(&frozen, &batches(1)[0], |model, x| model.loss(x)).unwrap();
    let optimizer = TreeOptimizer::from(AdamWConfig::new().with_weight_decay(1.0));
    let state = optimizer.init(&frozen).unwrap();
    let (next, _) = optimizer.step(0.1, frozen.clone(), gradients, state).unwrap();
    let weights = |layer: &Linear| layer.weight.val().into_data();
    assert_eq!(weights(&next.first), weights(&frozen.first));
    assert_ne!(weights(&next.second), weights(&frozen.second));
}

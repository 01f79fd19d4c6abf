//! What each optimizer makes of a parameter, its gradient and its state.

use burn::tensor::{DType, FloatDType, Int, Tensor};
use burn_optim::decay::WeightDecayConfig;
use burn_optim::grad_clipping::GradientClippingConfig;
use burn_optim::momentum::MomentumConfig;
use burn_optim::{AdamConfig, AdamWConfig, AdjustLrFn, LionConfig, MuonConfig, SgdConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::rate::Rate;

/// The step that is taken, as tensors of one element.
pub(super) struct Now {
    rate: Tensor<1>,
    is_first: Tensor<1>,
    /// By what Adam divides its two averages, where the rule is Adam.
    corrections: Option<[Tensor<1>; 2]>,
}

impl Now {
    pub(super) fn new(rule: &Rule, rate: Rate, count: &Tensor<1, Int>) -> Self {
        let rate = match rate {
            Rate::Number(rate) => Tensor::full([1], rate, (&count.device(), DType::F32)),
            Rate::Tensor(rate) => rate,
        };
        // In f32 whatever the device makes by default: in bf16 step 257 would be step 256.
        let float = count.clone().cast(FloatDType::F32);
        let corrections = match rule {
            Rule::Adam(adam) => {
                Some([adam.beta_1, adam.beta_2].map(|beta| correction(&float, beta)))
            }
            _ => None,
        };
        let is_first = count.clone().equal_scalar(1).cast(FloatDType::F32);
        Self { rate, is_first, corrections }
    }
}

/// `1 - beta^count`. A difference of numbers near 1 would lose digits: with `t = tanh(x / 2)`,
/// `1 - e^x` is `-2 t / (1 - t)`.
fn correction(count: &Tensor<1>, beta: f32) -> Tensor<1> {
    let t = (count.clone() * (f64::from(beta).ln() / 2.0)).tanh();
    t.clone() * -2 / (t * -1 + 1)
}

/// An optimizer, with its numbers.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Sgd { momentum: Option<MomentumConfig>, weight_decay: Option<WeightDecayConfig> },
    Adam(Adam),
    Lion(Lion),
    Muon(Muon),
}

/// Adam with the decay of weights in the gradient (`l2`) or beside it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Adam {
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    amsgrad: bool,
    #[serde(skip)]
    l2: Option<f32>,
    #[serde(skip)]
    weight_decay: f32,
    #[serde(default)]
    cautious_weight_decay: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Lion {
    beta_1: f32,
    beta_2: f32,
    weight_decay: f32,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Muon {
    weight_decay: Option<WeightDecayConfig>,
    momentum: MomentumConfig,
    ns_coefficients: (f32, f32, f32),
    epsilon: f32,
    ns_steps: usize,
    adjust_lr_fn: AdjustLrFn,
}

/// The numbers of a config by their names, under which Burn writes it: its fields are private.
fn read<T: DeserializeOwned>(config: &impl Serialize) -> T {
    let value = serde_json::to_value(config).expect("a config is written as JSON");
    serde_json::from_value(value).expect("Burn's config has these fields")
}

#[derive(Deserialize)]
struct Clipping {
    #[serde(alias = "gradient_clipping")]
    grad_clipping: Option<GradientClippingConfig>,
}

type WithClipping = (Rule, Option<GradientClippingConfig>);

impl Rule {
    pub(super) fn sgd(config: &SgdConfig) -> WithClipping {
        #[derive(Deserialize)]
        struct Sgd {
            weight_decay: Option<WeightDecayConfig>,
            momentum: Option<MomentumConfig>,
        }
        let Sgd { weight_decay, momentum } = read(config);
        (Self::Sgd { momentum, weight_decay }, read::<Clipping>(config).grad_clipping)
    }

    pub(super) fn adam(config: &AdamConfig) -> WithClipping {
        #[derive(Deserialize)]
        struct Decay {
            weight_decay: Option<WeightDecayConfig>,
        }
        let l2 = read::<Decay>(config).weight_decay.map(|decay| decay.penalty);
        let adam = Adam { l2, ..read(config) };
        (Self::Adam(adam), read::<Clipping>(config).grad_clipping)
    }

    pub(super) fn adamw(config: &AdamWConfig) -> WithClipping {
        #[derive(Deserialize)]
        struct Decay {
            weight_decay: f32,
        }
        let Decay { weight_decay } = read(config);
        let adam = Adam { weight_decay, ..read(config) };
        (Self::Adam(adam), read::<Clipping>(config).grad_clipping)
    }

    pub(super) fn lion(config: &LionConfig) -> WithClipping {
        (Self::Lion(read(config)), read::<Clipping>(config).grad_clipping)
    }

    pub(super) fn muon(config: &MuonConfig) -> WithClipping {
        (Self::Muon(read(config)), None)
    }

    /// How many tensors of the state a parameter has.
    pub(super) fn slots(&self) -> usize {
        match self {
            Self::Sgd { momentum, .. } => usize::from(momentum.is_some()),
            Self::Adam(adam) => 2 + usize::from(adam.amsgrad),
            Self::Lion(_) | Self::Muon(_) => 1,
        }
    }

    /// The parameter and its state after the step.
    pub(super) fn step<const D: usize>(
        &self,
        now: &Now,
        param: Tensor<D>,
        gradient: Tensor<D>,
        slots: Vec<Tensor<D>>,
    ) -> (Tensor<D>, Vec<Tensor<D>>) {
        let rate = spread(now.rate.clone(), &param);
        let mut slots = slots.into_iter();
        match self {
            Self::Sgd { momentum, weight_decay } => {
                let gradient = match weight_decay {
                    Some(decay) => param.clone().mul_scalar(decay.penalty) + gradient,
                    None => gradient,
                };
                let (update, slots) = match (momentum, slots.next()) {
                    (Some(momentum), Some(velocity)) => {
                        let (update, velocity) = moved(momentum, now, gradient, velocity);
                        (update, vec![velocity])
                    }
                    _ => (gradient, vec![]),
                };
                (param - update * rate, slots)
            }
            Self::Adam(adam) => adam.step(now, rate, param, gradient, slots.collect()),
            Self::Lion(lion) => {
                let Some(average) = slots.next() else { return (param, vec![]) };
                let Lion { beta_1, beta_2, weight_decay } = lion;
                let update = averaged(*beta_1, average.clone(), gradient.clone()).sign();
                let average = averaged(*beta_2, average, gradient);
                let param = decayed(param, rate.clone(), *weight_decay);
                (param - update * rate, vec![average])
            }
            Self::Muon(muon) => {
                let Some(velocity) = slots.next() else { return (param, vec![]) };
                let (update, velocity) = moved(&muon.momentum, now, gradient, velocity);
                let update = muon.orthogonal(update).mul_scalar(muon.ratio(&param.dims()));
                let decay = muon.weight_decay.as_ref().map_or(0.0, |decay| decay.penalty);
                let param = decayed(param, rate.clone(), decay);
                (param - update * rate, vec![velocity])
            }
        }
    }
}

/// The scalar for each element of a tensor.
fn spread<const D: usize>(scalar: Tensor<1>, like: &Tensor<D>) -> Tensor<D> {
    scalar.cast(like.dtype()).reshape([1; D])
}

/// `beta average + (1 - beta) x`.
fn averaged<const D: usize>(beta: f32, average: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    average.mul_scalar(beta) + x.mul_scalar(1.0 - beta)
}

/// `(1 - rate decay) x`.
fn decayed<const D: usize>(x: Tensor<D>, rate: Tensor<D>, decay: f32) -> Tensor<D> {
    if decay == 0.0 { x } else { x * (rate.mul_scalar(-decay) + 1) }
}

/// The update and the velocity of SGD with momentum. The first velocity is the gradient, undampened.
fn moved<const D: usize>(
    config: &MomentumConfig,
    now: &Now,
    gradient: Tensor<D>,
    velocity: Tensor<D>,
) -> (Tensor<D>, Tensor<D>) {
    let momentum = config.momentum as f32;
    let share = now.is_first.clone() * config.dampening + (1.0 - config.dampening);
    let share = spread(share, &gradient);
    let velocity = gradient.clone() * share + velocity.mul_scalar(momentum);
    let update = match config.nesterov {
        true => velocity.clone().mul_scalar(momentum) + gradient,
        false => velocity.clone(),
    };
    (update, velocity)
}

impl Adam {
    fn step<const D: usize>(
        &self,
        now: &Now,
        rate: Tensor<D>,
        param: Tensor<D>,
        gradient: Tensor<D>,
        slots: Vec<Tensor<D>>,
    ) -> (Tensor<D>, Vec<Tensor<D>>) {
        let mut slots = slots.into_iter();
        let (Some(first), Some(second)) = (slots.next(), slots.next()) else {
            return (param, vec![]);
        };
        let Some([by_first, by_second]) = now.corrections.clone() else { return (param, vec![]) };
        let gradient = match self.l2 {
            Some(penalty) => param.clone().mul_scalar(penalty) + gradient,
            None => gradient,
        };
        let first = averaged(self.beta_1, first, gradient.clone());
        let second = averaged(self.beta_2, second, gradient.square());
        let largest = slots.next().map(|largest| largest.max_pair(second.clone()));
        let corrected = |moment: &Tensor<D>, by| moment.clone() / spread(by, moment);
        let scale = corrected(largest.as_ref().unwrap_or(&second), by_second).sqrt();
        let update = corrected(&first, by_first) / scale.add_scalar(self.epsilon);
        let param = match self.cautious_weight_decay {
            true => {
                let differ = param.clone().greater_equal_scalar(0.0);
                let differ = differ.not_equal(first.clone().greater_equal_scalar(0.0));
                let decay = param.clone() * rate.clone().mul_scalar(self.weight_decay);
                param - decay.mask_fill(differ, 0.0)
            }
            false => decayed(param, rate.clone(), self.weight_decay),
        };
        let param = param - update * rate;
        (param, [first, second].into_iter().chain(largest).collect())
    }
}

impl Muon {
    /// How much larger the rate is for a matrix of this shape.
    fn ratio(&self, dims: &[usize]) -> f64 {
        let [rows, columns] = [0, 1].map(|axis| dims.get(axis).map_or(1.0, |&n| n as f64));
        match self.adjust_lr_fn {
            AdjustLrFn::Original => (rows / columns).max(1.0).sqrt(),
            AdjustLrFn::MatchRmsAdamW => 0.2 * rows.max(columns).sqrt(),
        }
    }

    /// The nearest orthogonal matrix, by Newton's and Schulz's iteration.
    fn orthogonal<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (rows, columns) = (x.dims()[D - 2], x.dims()[D - 1]);
        let is_tall = rows > columns;
        let x = if is_tall { x.swap_dims(D - 2, D - 1) } else { x };
        let norm = x.clone().square().sum().sqrt().clamp_min(self.epsilon);
        let mut x = x / norm.reshape([1; D]);
        let (a, b, c) = self.ns_coefficients;
        for _ in 0..self.ns_steps {
            let square = x.clone().matmul(x.clone().swap_dims(D - 2, D - 1));
            let fourth = square.clone().matmul(square.clone());
            let mixed = square.mul_scalar(b) + fourth.mul_scalar(c);
            x = x.clone().mul_scalar(a) + mixed.matmul(x);
        }
        if is_tall { x.swap_dims(D - 2, D - 1) } else { x }
    }
}

//! Gradient descent of linear classifiers, one for each learning rate, on the same batches.

use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::{Device, Tensor};

use super::config::LinearProbeConfig;
use super::error::ProbeError;
use super::fitted::LinearProbe;
use super::rows::Scale;
use crate::train::loss::softmax_cross_entropy;
use crate::train::{
    Decay, Duration, Momentum, Recipe, Rules, Schedule, Stage, TrainStep, Tune, task,
};

impl LinearProbeConfig {
    /// The number of examples of a step, where there are so many in all.
    pub(super) fn batch(&self, examples: usize) -> usize {
        self.batch_size.min(examples)
    }

    /// The number of steps.
    pub(super) fn steps(&self, examples: usize) -> usize {
        (self.epochs * examples as f64 / self.batch(examples) as f64).round() as usize
    }

    /// The rows of each step: every row comes once in an epoch, whose order follows from the seed.
    pub(super) fn orders(&self, examples: usize) -> impl Iterator<Item = Vec<usize>> {
        let (batch, seed) = (self.batch(examples), self.seed);
        let (mut order, mut epoch) = (Vec::new(), 0);
        let next = move || {
            if order.len() < batch {
                epoch += 1;
                order.extend(shuffled(examples, seed.wrapping_add(epoch)));
            }
            Some(order.drain(..batch).collect())
        };
        std::iter::from_fn(next).take(self.steps(examples))
    }

    /// A probe for each learning rate, after a pass over batches of features `[b, d]` and targets `[b, c]`.
    pub(super) fn descend(
        &self,
        rates: &[f64],
        examples: usize,
        (mean, inverse): Scale,
        classes: usize,
        batches: impl Iterator<Item = Result<(Tensor<2>, Tensor<2>), ProbeError>>,
    ) -> Result<Vec<LinearProbe>, ProbeError> {
        let ([_, d], device) = (mean.dims(), mean.device());
        let classifier = move |device: &Device| Linear {
            weight: Initializer::Zeros.init([d, classes], device),
            bias: Some(Initializer::Zeros.init([classes], device)),
        };
        let start = |rate: &f64| -> Result<_, ProbeError> {
            let task = task::from_fn(classifier, |model: &Linear, (x, y), _| {
                softmax_cross_entropy(model.forward(x), y, 0.0)
            });
            let train = TrainStep::new(task, &self.recipe(*rate, examples), Some(examples as u64))?;
            let state = train.init(crate::train::Task::init(train.task(), &device), self.seed);
            Ok((train, Some(state)))
        };
        let mut runs = rates.iter().map(start).collect::<Result<Vec<_>, _>>()?;
        for batch in batches {
            let (x, y) = batch?;
            let x = (x - mean.clone()) * inverse.clone();
            for (train, state) in &mut runs {
                if let Some(before) = state.take() {
                    *state = Some(train.run(before, (x.clone(), y.clone()))?.0);
                }
            }
        }
        let states = runs.into_iter().filter_map(|(_, state)| state);
        let probe = |(state, rate): (crate::train::TrainState<Linear>, &f64)| LinearProbe {
            standardise: (mean.clone(), inverse.clone()),
            classifier: state.model.valid(),
            learning_rate: *rate,
        };
        Ok(states.zip(rates).map(probe).collect())
    }

    fn recipe(&self, learning_rate: f64, examples: usize) -> Recipe {
        Recipe {
            batch_size: self.batch(examples) as u64,
            total: Duration::Epochs(self.epochs),
            update: vec![
                Stage::Momentum(Momentum { momentum: self.momentum, ..Momentum::default() }),
                Stage::WeightDecay(Rules::new([("weight", self.weight_decay), ("bias", 0.0)])),
                Stage::LearningRate { peak: learning_rate, factors: Rules::all(Tune::Factor(1.0)) },
                Stage::Schedule(Schedule {
                    decay: Decay::Cosine,
                    warmup: Duration::Steps(0),
                    cooldown: Duration::Steps(0),
                }),
            ],
            ema: None,
            ..Recipe::vit22b()
        }
    }
}

/// The numbers below `n` in an order that the seed gives.
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order
}

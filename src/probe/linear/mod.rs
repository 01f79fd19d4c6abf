//! The linear probe by SGD: how much a linear classifier reads from frozen features.

use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::eval::{Confusion, accuracy, principal_plane};
use crate::train::loss::softmax_cross_entropy;
use crate::train::{
    Decay, Duration, Momentum, Recipe, Rules, Schedule, Stage, Task, TrainError, TrainStep, Tune,
    task,
};

/// A probe that cannot be fitted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Features, labels or settings that do not fit.
    #[error("{what}: expected {expected}, got {got}")]
    Input {
        /// The input.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What it was.
        got: String,
    },
    /// The training of the probe failed.
    #[error("training the probe: {0}")]
    Train(#[from] TrainError),
}

/// Settings of a linear probe: softmax regression on standardised features by SGD with momentum and a cosine
/// schedule. The learning rate is chosen on held-out examples.
///
/// The paper trains for 10 epochs on ImageNet; smaller data sets need more. Its learning rate is not
/// published, hence the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearProbeConfig {
    /// Passes over the examples.
    pub epochs: f64,
    /// The number of examples of a step.
    pub batch_size: usize,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Decay of the weights, not of the bias, relative to the learning rate. It is decoupled: it does not pass
    /// through the momentum, as it does in PyTorch's `SGD`, where [`Stage::WeightDecay`] would come first.
    pub weight_decay: f64,
    /// The peak learning rates to choose from.
    pub learning_rates: Vec<f64>,
    /// The share of the examples, in [0, 1), on which the learning rate is chosen. The probe is then fitted
    /// to all examples.
    pub held_out: f64,
    /// The seed of the order of the examples.
    pub seed: u64,
}

impl Default for LinearProbeConfig {
    fn default() -> Self {
        Self {
            epochs: 30.0,
            batch_size: 64,
            momentum: 0.9,
            weight_decay: 1e-3,
            learning_rates: vec![0.01, 0.03, 0.1, 0.3],
            held_out: 0.2,
            seed: 0,
        }
    }
}

/// A fitted probe. Made by [`LinearProbeConfig::fit`].
#[derive(Debug, Clone)]
pub struct LinearProbe {
    /// `[1, d]`: the mean and the inverse standard deviation of the training features.
    standardise: (Tensor<2>, Tensor<2>),
    /// The classifier on standardised features.
    pub classifier: Linear,
    /// The learning rate that was chosen.
    pub learning_rate: f64,
}

/// A probe, and how it does on examples that did not train it. Made by [`LinearProbeConfig::fit_and_test`].
#[derive(Debug, Clone)]
pub struct TestedProbe {
    /// The probe.
    pub probe: LinearProbe,
    /// The features of the test examples, `[m, d]`.
    pub features: Tensor<2>,
    /// The class of each test example.
    pub labels: Vec<usize>,
    /// The class that the probe predicts for each test example.
    pub predictions: Vec<usize>,
    /// The share of right predictions.
    pub accuracy: f64,
}

impl TestedProbe {
    /// How often each class was taken for each other one.
    pub fn confusion(&self) -> Confusion {
        let [_, num_classes] = self.probe.classifier.weight.dims();
        Confusion::new(&self.predictions, &self.labels, num_classes)
    }

    /// The test examples on the first two principal components of their features.
    ///
    /// # Panics
    ///
    /// If there are fewer than two features.
    pub fn plane(&self) -> Vec<[f32; 2]> {
        let values: Vec<f32> = principal_plane(self.features.clone()).into_data().iter().collect();
        values.as_chunks().0.to_vec()
    }
}

impl LinearProbeConfig {
    /// Fits a probe to the first `train` examples, and tests it on the others.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; labels: `n` classes below `num_classes`
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), and [`ProbeError::Input`] if no example is left to test with.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use vit22b::data::Digits;
    /// use vit22b::probe::LinearProbeConfig;
    ///
    /// let digits = Digits::handwritten();
    /// let config = LinearProbeConfig { epochs: 1.0, learning_rates: vec![0.1], ..Default::default() };
    /// let pixels = digits.pixels(&Device::flex());
    /// let tested = config.fit_and_test(pixels, &digits.classes, Digits::TRAIN, 10)?;
    /// assert!(tested.accuracy > 0.8);
    /// # Ok::<(), vit22b::probe::ProbeError>(())
    /// ```
    pub fn fit_and_test(
        &self,
        features: Tensor<2>,
        labels: &[usize],
        train: usize,
        num_classes: usize,
    ) -> Result<TestedProbe, ProbeError> {
        let [n, _] = features.dims();
        self.check(n, labels, num_classes)?;
        if train == 0 || train >= n {
            let expected = format!("from 1 to {}, so that some of the {n} test", n - 1);
            return Err(ProbeError::Input { what: "train", expected, got: train.to_string() });
        }
        let probe =
            self.fit(features.clone().narrow(0, 0, train), &labels[..train], num_classes)?;
        let features = features.narrow(0, train, n - train);
        let predictions = probe.predict(features.clone());
        let labels = labels[train..].to_vec();
        let accuracy = accuracy(&predictions, &labels);
        Ok(TestedProbe { probe, features, labels, predictions, accuracy })
    }

    /// Fits a probe.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; labels: `n` classes below `num_classes`
    ///
    /// # Errors
    ///
    /// [`ProbeError::Input`] if features, labels or settings do not fit, [`ProbeError::Train`] for settings
    /// that training refuses.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::probe::LinearProbeConfig;
    ///
    /// let features = Tensor::<2>::from_data([[1.0, 0.0], [0.9, 0.2], [-1.0, 0.1], [-0.8, 0.0]], &Device::flex());
    /// let config = LinearProbeConfig { held_out: 0.0, learning_rates: vec![0.1], ..Default::default() };
    /// let probe = config.fit(features.clone(), &[0, 0, 1, 1], 2)?;
    /// assert_eq!(probe.predict(features), [0, 0, 1, 1]);
    /// # Ok::<(), vit22b::probe::ProbeError>(())
    /// ```
    pub fn fit(
        &self,
        features: Tensor<2>,
        labels: &[usize],
        num_classes: usize,
    ) -> Result<LinearProbe, ProbeError> {
        let [n, _] = features.dims();
        self.check(n, labels, num_classes)?;
        let order = shuffled(n, self.seed);
        let held_out = (n as f64 * self.held_out) as usize;
        let (choose, train) = order.split_at(held_out);
        let subset = |rows: &[usize]| -> (Tensor<2>, Vec<usize>) {
            let labels = rows.iter().map(|row| labels[*row]).collect();
            (rows_of(&features, rows), labels)
        };
        let mut best = (-1.0, self.learning_rates[0]);
        if held_out > 0 && self.learning_rates.len() > 1 {
            let ((x, y), (x_choose, y_choose)) = (subset(train), subset(choose));
            for &learning_rate in &self.learning_rates {
                let probe = self.fit_with(x.clone(), &y, num_classes, learning_rate)?;
                let accuracy = accuracy(&probe.predict(x_choose.clone()), &y_choose);
                if accuracy > best.0 {
                    best = (accuracy, learning_rate);
                }
            }
        }
        self.fit_with(features, labels, num_classes, best.1)
    }

    fn check(&self, n: usize, labels: &[usize], num_classes: usize) -> Result<(), ProbeError> {
        let input = |what, expected: String, got: String| ProbeError::Input { what, expected, got };
        if labels.len() != n {
            return Err(input(
                "labels",
                format!("{n}, one for each feature"),
                labels.len().to_string(),
            ));
        }
        if let Some(label) = labels.iter().find(|label| **label >= num_classes) {
            return Err(input("labels", format!("classes below {num_classes}"), label.to_string()));
        }
        if n == 0 || self.batch_size == 0 {
            let got = format!("{n} examples in batches of {}", self.batch_size);
            return Err(input("examples", "at least one in batches of at least one".into(), got));
        }
        if !(0.0..1.0).contains(&self.held_out) || (n as f64 * self.held_out) as usize == n {
            return Err(input("held_out", "a share in [0, 1)".into(), self.held_out.to_string()));
        }
        if self.learning_rates.is_empty() {
            return Err(input("learning_rates", "at least one".into(), "none".into()));
        }
        Ok(())
    }

    fn fit_with(
        &self,
        features: Tensor<2>,
        labels: &[usize],
        num_classes: usize,
        learning_rate: f64,
    ) -> Result<LinearProbe, ProbeError> {
        let ([n, d], device) = (features.dims(), features.device());
        let (variance, mean) = features.clone().var_mean_bias(0);
        // A constant feature stays constant: its standard deviation counts as 1.
        let constant = variance.clone().lower_scalar(1e-12);
        let inverse = variance.mask_fill(constant, 1.0).sqrt().recip();
        let x = (features - mean.clone()) * inverse.clone();
        let y = one_hot(labels, num_classes, &device);

        let classifier = move |device: &Device| Linear {
            weight: Initializer::Zeros.init([d, num_classes], device),
            bias: Some(Initializer::Zeros.init([num_classes], device)),
        };
        let recipe = Recipe {
            batch_size: self.batch_size.min(n) as u64,
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
        };
        let task = task::from_fn(classifier, |model: &Linear, (x, y), _| {
            softmax_cross_entropy(model.forward(x), y, 0.0)
        });
        let train = TrainStep::new(task, &recipe, Some(n as u64))?;
        let mut state = train.init(train.task().init(&device), self.seed);
        let batch = recipe.batch_size as usize;
        let steps = (self.epochs * n as f64 / batch as f64).round() as usize;
        let mut order = Vec::new();
        let mut epoch = 0;
        for _ in 0..steps {
            if order.len() < batch {
                epoch += 1;
                order.extend(shuffled(n, self.seed.wrapping_add(epoch)));
            }
            let rows: Vec<usize> = order.drain(..batch).collect();
            let batch = (rows_of(&x, &rows), rows_of(&y, &rows));
            state = train.run(state, batch)?.0;
        }
        Ok(LinearProbe {
            standardise: (mean, inverse),
            classifier: state.model.valid(),
            learning_rate,
        })
    }
}

impl LinearProbe {
    /// Logits `[n, c]` of features `[n, d]`.
    pub fn logits(&self, features: Tensor<2>) -> Tensor<2> {
        let (mean, inverse) = self.standardise.clone();
        self.classifier.forward((features - mean) * inverse)
    }

    /// The most probable class for each row of features `[n, d]`.
    pub fn predict(&self, features: Tensor<2>) -> Vec<usize> {
        let classes = self.logits(features).argmax(1).into_data();
        classes.iter::<i64>().map(|class| class as usize).collect()
    }
}

/// One-hot targets `[n, c]`.
fn one_hot(labels: &[usize], num_classes: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0f32; labels.len() * num_classes];
    labels.iter().enumerate().for_each(|(row, label)| values[row * num_classes + label] = 1.0);
    Tensor::from_data(TensorData::new(values, [labels.len(), num_classes]), device)
}

fn rows_of(x: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let rows: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
    let index = Tensor::<1, Int>::from_ints(rows.as_slice(), &x.device());
    x.clone().select(0, index)
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separable_classes_are_separated_and_the_rate_is_chosen() {
        let device = Device::flex();
        let rng = &mut fastrand::Rng::with_seed(1);
        let labels: Vec<usize> = (0..120).map(|i| i % 3).collect();
        // Three corners of a triangle, far from the origin and of unequal scale.
        let centre = [[5.0, 100.0, 1.0], [6.0, 100.0, 1.0], [5.5, 130.0, 1.0]];
        let values: Vec<f32> = labels
            .iter()
            .flat_map(|label| centre[*label])
            .enumerate()
            .map(|(i, c)| if i % 3 == 2 { c } else { c + 0.2 * rng.f32() })
            .collect();
        let x = Tensor::<2>::from_data(TensorData::new(values, [120, 3]), &device);
        let probe = LinearProbeConfig::default().fit(x.clone(), &labels, 3).unwrap();
        assert_eq!(accuracy(&probe.predict(x), &labels), 1.0);
        assert!(LinearProbeConfig::default().learning_rates.contains(&probe.learning_rate));
    }

    #[test]
    fn the_first_examples_train_and_the_others_test() {
        let values = [[1.0, 0.0], [-1.0, 0.0], [1.1, 0.1], [-0.9, 0.1], [-1.2, 0.0]];
        let x = Tensor::<2>::from_data(values, &Device::flex());
        let (labels, config) = ([0, 1, 0, 1, 0], LinearProbeConfig::default());
        let tested = config.fit_and_test(x.clone(), &labels, 2, 2).unwrap();
        assert_eq!(tested.predictions, [0, 1, 1], "the last label is wrong");
        assert!((tested.accuracy - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(tested.confusion().counts, [[1, 1], [0, 1]]);
        assert_eq!((tested.features.dims(), tested.plane().len()), ([3, 2], 3));
        let error = config.fit_and_test(x, &labels, 5, 2).unwrap_err().to_string();
        assert_eq!(error, "train: expected from 1 to 4, so that some of the 5 test, got 5");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let x = Tensor::<2>::zeros([2, 3], &Device::flex());
        let message = |config: LinearProbeConfig, labels: &[usize]| {
            config.fit(x.clone(), labels, 2).unwrap_err().to_string()
        };
        let config = LinearProbeConfig::default;
        assert_eq!(message(config(), &[0]), "labels: expected 2, one for each feature, got 1");
        assert_eq!(message(config(), &[0, 2]), "labels: expected classes below 2, got 2");
        let held_out = LinearProbeConfig { held_out: 1.0, ..config() };
        assert_eq!(message(held_out, &[0, 1]), "held_out: expected a share in [0, 1), got 1");
        let epochs = LinearProbeConfig { epochs: f64::NAN, ..config() };
        assert_eq!(
            message(epochs, &[0, 1]),
            "training the probe: total = NaN epochs is not valid: a finite number from 0"
        );
    }
}

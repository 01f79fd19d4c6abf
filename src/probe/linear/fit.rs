//! Fitting a probe to features in memory, or row by row.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::config::LinearProbeConfig;
use super::error::{ProbeError, input};
use super::fitted::LinearProbe;
use super::rows::{self, FeatureRows, Moments};
use crate::eval::{Confusion, accuracy, principal_plane};

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
        let of = |rows: &[usize]| -> Vec<usize> { rows.iter().map(|row| labels[*row]).collect() };
        let fit = |rates: &[f64], rows: &[usize]| {
            self.fit_tensor(rates, rows_of(&features, rows), &of(rows), num_classes)
        };
        self.choose(n, fit, |probes, rows| {
            let (x, y) = (rows_of(&features, rows), of(rows));
            Ok(probes.iter().map(|probe| accuracy(&probe.predict(x.clone()), &y)).collect())
        })
    }

    /// As [`fit`](Self::fit), with features that are read row by row, such as those of a
    /// [`MappedFeatures`](crate::probe::MappedFeatures): in memory are the rows of a step.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), and [`ProbeError::Input`] for features that are not finite.
    pub fn fit_rows(
        &self,
        features: &impl FeatureRows,
        labels: &[usize],
        num_classes: usize,
        device: &Device,
    ) -> Result<LinearProbe, ProbeError> {
        let n = features.rows();
        self.check(n, labels, num_classes)?;
        let fit = |rates: &[f64], rows: &[usize]| -> Result<Vec<LinearProbe>, ProbeError> {
            let mut moments = Moments::new(features.columns());
            let mut values = vec![0.0; features.columns()];
            for row in rows {
                features.read(*row, &mut values);
                if !moments.add(&values) {
                    let got = format!("NaN or an infinity in row {row}");
                    return Err(input("features", "finite numbers".into(), got));
                }
            }
            let batches = self.orders(rows.len()).map(|order| {
                let rows: Vec<usize> = order.into_iter().map(|place| rows[place]).collect();
                let labels: Vec<usize> = rows.iter().map(|row| labels[*row]).collect();
                let x = rows::tensor(features, &rows, device);
                Ok((x, one_hot(&labels, num_classes, device)))
            });
            self.descend(rates, rows.len(), moments.scale(device), num_classes, batches)
        };
        self.choose(n, fit, |probes, rows| {
            let truth: Vec<usize> = rows.iter().map(|row| labels[*row]).collect();
            let score = |probe: &LinearProbe| accuracy(&probe.predict_some(features, rows), &truth);
            Ok(probes.iter().map(score).collect())
        })
    }

    fn fit_tensor(
        &self,
        rates: &[f64],
        features: Tensor<2>,
        labels: &[usize],
        num_classes: usize,
    ) -> Result<Vec<LinearProbe>, ProbeError> {
        let ([n, _], device) = (features.dims(), features.device());
        let (variance, mean) = features.clone().var_mean_bias(0);
        // A constant feature stays constant: its standard deviation counts as 1.
        let constant = variance.clone().lower_scalar(1e-12);
        let inverse = variance.mask_fill(constant, 1.0).sqrt().recip();
        let batches = self.orders(n).map(|rows| {
            let labels: Vec<usize> = rows.iter().map(|row| labels[*row]).collect();
            Ok((rows_of(&features, &rows), one_hot(&labels, num_classes, &device)))
        });
        self.descend(rates, n, (mean, inverse), num_classes, batches)
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

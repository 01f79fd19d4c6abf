//! The linear probe by L-BFGS: multinomial logistic regression on frozen features.

use burn::tensor::Tensor;
use lbfgs::Lbfgs;
use rayon::prelude::*;

use super::linear_classifier::{LinearClassifier, Standardise};
use crate::eval::arrays::{
    EvalError, Matrix, Real, accuracy, check_features, check_labels, check_some, tensor, values,
};

/// Settings of a multinomial logistic regression on standardised features:
///
/// `min_W mean_i −log softmax(W x_i + b)[y_i] + λ/2 ‖W‖²`
///
/// The penalty λ is chosen by accuracy on held-out examples; then the regression is fitted to all examples.
/// The paper holds out 20,000 of ImageNet's training images (2 %), finds this method on par with SGD or
/// slightly worse, and therefore reports SGD ([`LinearProbeConfig`](crate::probe::LinearProbeConfig)).
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticConfig {
    /// The penalties to choose from. Of equally good ones, the strongest is taken.
    pub l2s: Vec<f64>,
    /// The share of the examples, in [0, 1), on which the penalty is chosen. If that is less than one example,
    /// the first penalty is taken.
    pub held_out: f64,
    /// The most steps of L-BFGS.
    pub iterations: usize,
    /// The fit ends when no element of the gradient is larger than this.
    pub tolerance: f64,
    /// The seed of the choice of the examples that are held out.
    pub seed: u64,
}

impl Default for LogisticConfig {
    fn default() -> Self {
        Self {
            l2s: vec![1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
            held_out: 0.2,
            iterations: 1_000,
            tolerance: 1e-5,
            seed: 0,
        }
    }
}

/// A fitted logistic regression. Made by [`LogisticConfig::fit`].
#[derive(Debug, Clone)]
pub struct LogisticFit {
    /// The classifier; its scores are logits.
    pub classifier: LinearClassifier,
    /// The penalty that was chosen.
    pub l2: f64,
    /// Held-out accuracy of each penalty; empty if there was no choice.
    pub held_out: Vec<(f64, f64)>,
}

impl LogisticConfig {
    /// Fits a regression.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; labels: `n` classes below `classes`, of which some may not occur
    ///
    /// # Errors
    ///
    /// [`EvalError`] where labels do not fit, features are not finite, or a setting has no meaning.
    ///
    /// ```
    /// use vit22b::eval::{LogisticConfig, Matrix};
    ///
    /// let features = [1.0f32, 0.1, 0.9, 0.2, -1.0, 0.0, -0.8, 0.1, 1.2, 0.0];
    /// let features = Matrix::new(&features, 2)?;
    /// let fit = LogisticConfig::default().fit(features, &[1, 1, 0, 0, 1], 2)?;
    /// assert_eq!(fit.classifier.predict(features)?, [1, 1, 0, 0, 1]);
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn fit<T: Real>(
        &self,
        features: Matrix<'_, T>,
        labels: &[usize],
        classes: usize,
    ) -> Result<LogisticFit, EvalError> {
        let n = features.rows();
        check_labels(labels, n, classes)?;
        check_features(features)?;
        self.check(n)?;
        let mut order: Vec<usize> = (0..n).collect();
        fastrand::Rng::with_seed(self.seed).shuffle(&mut order);
        let (choose, train) = order.split_at((n as f64 * self.held_out) as usize);
        let mut strongest_first = self.l2s.clone();
        strongest_first.sort_by(|a, b| b.total_cmp(a));
        let mut held_out = Vec::new();
        if !choose.is_empty() && self.l2s.len() > 1 {
            let rows = |rows: &[usize]| -> (Vec<T>, Vec<usize>) {
                let values = rows.iter().flat_map(|row| features.row(*row)).copied();
                (values.collect(), rows.iter().map(|row| labels[*row]).collect())
            };
            let ((x, y), (x_choose, y_choose)) = (rows(train), rows(choose));
            let problem = Problem::new(Matrix::new(&x, features.columns())?, &y, classes);
            let x_choose = Matrix::new(&x_choose, features.columns())?;
            // Each fit starts from the fit with the next stronger penalty.
            let mut weights = problem.zeros();
            for l2 in &strongest_first {
                weights = problem.minimize(*l2, weights, self);
                let predictions = problem.classifier(&weights).predict(x_choose)?;
                held_out.push((*l2, accuracy(&predictions, &y_choose)));
            }
        }
        let better =
            |best: (f64, f64), next: &(f64, f64)| if next.1 > best.1 { *next } else { best };
        let (l2, _) = held_out.iter().fold((self.l2s[0], -1.0), better);
        let problem = Problem::new(features, labels, classes);
        let weights = problem.minimize(l2, problem.zeros(), self);
        Ok(LogisticFit { classifier: problem.classifier(&weights), l2, held_out })
    }

    fn check(&self, examples: usize) -> Result<(), EvalError> {
        check_some("penalties", self.l2s.len())?;
        if let Some(&value) = self.l2s.iter().find(|l2| !(**l2 >= 0.0 && l2.is_finite())) {
            return Err(EvalError::Value { what: "l2", value, expected: "a number from 0" });
        }
        let held_out = self.held_out;
        if !(0.0..1.0).contains(&held_out) || (examples as f64 * held_out) as usize == examples {
            let expected = "a share in [0, 1)";
            return Err(EvalError::Value { what: "held_out", value: held_out, expected });
        }
        Ok(())
    }
}

/// The loss of weights `[d + 1, c]`.
struct Problem<'a> {
    standardise: Standardise,
    /// `[n, d + 1]`
    design: Tensor<2>,
    labels: &'a [usize],
    classes: usize,
}

impl<'a> Problem<'a> {
    fn new<T: Real>(features: Matrix<'_, T>, labels: &'a [usize], classes: usize) -> Self {
        let standardise = Standardise::new(features, 1.0);
        let design = standardise.apply(features);
        Self { standardise, design, labels, classes }
    }

    fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.design.dims()[1] * self.classes]
    }

    fn classifier(&self, weights: &[f64]) -> LinearClassifier {
        let weights = tensor(weights.to_vec(), self.classes);
        LinearClassifier { standardise: self.standardise.clone(), weights }
    }

    /// The loss and its gradient.
    fn evaluate(&self, weights: &[f64], l2: f64) -> (f64, Vec<f64>) {
        let n = self.labels.len() as f64;
        let mut logits = values(self.design.clone().matmul(tensor(weights.to_vec(), self.classes)));
        // Turns each row of logits into (softmax − one-hot) / n, the gradient with respect to the logits.
        let residual = |(row, label): (&mut [f64], &usize)| {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let of_label = row[*label] - max;
            row.iter_mut().for_each(|x| *x = (*x - max).exp());
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|x| *x /= sum * n);
            row[*label] -= n.recip();
            sum.ln() - of_label
        };
        // Collected first, then added in order: a parallel sum has no fixed order.
        let rows = logits.par_chunks_exact_mut(self.classes).zip(self.labels);
        let losses: Vec<f64> = rows.map(residual).collect();
        let slope = self.design.clone().transpose().matmul(tensor(logits, self.classes));
        let mut gradient = values(slope);
        // The bias, the last row, has no penalty.
        let penalised = weights.len() - self.classes;
        let squares: f64 = weights[..penalised].iter().map(|w| w * w).sum();
        gradient.iter_mut().zip(&weights[..penalised]).for_each(|(g, w)| *g += l2 * w);
        (losses.iter().sum::<f64>() / n + 0.5 * l2 * squares, gradient)
    }

    /// L-BFGS with a backtracking line search, which halves the step until the loss falls enough.
    fn minimize(&self, l2: f64, mut weights: Vec<f64>, config: &LogisticConfig) -> Vec<f64> {
        let mut memory = Lbfgs::new(weights.len(), MEMORY).with_sy_epsilon(f64::MIN_POSITIVE);
        let (mut loss, mut gradient) = self.evaluate(&weights, l2);
        for _ in 0..config.iterations {
            if gradient.iter().all(|g| g.abs() <= config.tolerance) {
                break;
            }
            memory.update_hessian(&gradient, &weights);
            let mut direction = gradient.clone();
            memory.apply_hessian(&mut direction);
            let slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            let found = (0..HALVINGS).map(|halvings| 0.5f64.powi(halvings)).find_map(|step| {
                let next: Vec<f64> =
                    weights.iter().zip(&direction).map(|(w, d)| w - step * d).collect();
                let (next_loss, gradient) = self.evaluate(&next, l2);
                (next_loss <= loss - 1e-4 * step * slope).then_some((next, next_loss, gradient))
            });
            // No step lowers the loss any more: its last digit is reached.
            let Some(found) = found else { break };
            (weights, loss, gradient) = found;
        }
        weights
    }
}

/// The number of past steps that L-BFGS remembers.
const MEMORY: usize = 10;

/// How often a step is halved before the fit ends.
const HALVINGS: i32 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud() -> (Vec<f64>, Vec<usize>) {
        let rng = &mut fastrand::Rng::with_seed(11);
        let labels: Vec<usize> = (0..90).map(|i| i % 3).collect();
        let values = labels.iter().flat_map(|label| {
            let centre = [[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]][*label];
            [centre[0] + rng.f64() * 2.0, centre[1] + rng.f64() * 2.0, rng.f64() * 9.0, 4.0]
        });
        (values.collect(), labels)
    }

    /// The loss is convex: where the gradient is zero it is least, and with a penalty nowhere else.
    #[test]
    fn the_gradient_is_that_of_the_loss_and_vanishes_at_the_solution() {
        let (values, labels) = cloud();
        let problem = Problem::new(Matrix::new(&values, 4).unwrap(), &labels, 3);
        let l2 = 1e-3;
        let at: Vec<f64> = (0..15).map(|i| 0.3 * f64::from(i % 4) - 0.4).collect();
        let (_, gradient) = problem.evaluate(&at, l2);
        for i in 0..at.len() {
            let shifted = |by: f64| {
                let mut at = at.clone();
                at[i] += by;
                problem.evaluate(&at, l2).0
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            assert!((difference - gradient[i]).abs() < 1e-9, "{difference} {}", gradient[i]);
        }
        let config = LogisticConfig { tolerance: 1e-9, ..Default::default() };
        let solution = problem.minimize(l2, problem.zeros(), &config);
        let (_, gradient) = problem.evaluate(&solution, l2);
        assert!(gradient.iter().all(|g| g.abs() <= 1e-9), "{gradient:?}");
    }

    #[test]
    fn the_penalty_is_chosen_on_held_out_examples() {
        let (values, labels) = cloud();
        let features = Matrix::new(&values, 4).unwrap();
        let config = LogisticConfig { l2s: vec![1e-3, 1e3], ..Default::default() };
        let fit = config.fit(features, &labels, 3).unwrap();
        assert_eq!(fit.l2, 1e-3);
        assert_eq!(fit.held_out.len(), 2);
        let right = accuracy(&fit.classifier.predict(features).unwrap(), &labels);
        assert!(right > 0.75, "{right}");
        // Of equals the strongest.
        let config = LogisticConfig { l2s: vec![1e-3, 1.1e-3], ..Default::default() };
        assert_eq!(config.fit(features, &labels, 3).unwrap().l2, 1.1e-3);
        // A class that does not occur is never predicted.
        let fit = config.fit(features, &labels, 5).unwrap();
        assert!(fit.classifier.predict(features).unwrap().iter().all(|class| *class < 3));
    }

    #[test]
    fn separable_classes_without_a_penalty_end_all_the_same() {
        let config = LogisticConfig { l2s: vec![0.0], iterations: 50, ..Default::default() };
        let features = Matrix::new(&[-1.0, 1.0, 2.0], 1).unwrap();
        let fit = config.fit(features, &[0, 1, 1], 2).unwrap();
        assert_eq!(fit.classifier.predict(features).unwrap(), [0, 1, 1]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let features = Matrix::new(&[1.0, 2.0], 1).unwrap();
        let message =
            |config: LogisticConfig| config.fit(features, &[0, 1], 2).unwrap_err().to_string();
        let config = LogisticConfig::default;
        let none = LogisticConfig { l2s: vec![], ..config() };
        assert_eq!(message(none), "penalties: there are none; the measurement needs at least one");
        let negative = LogisticConfig { l2s: vec![-1.0], ..config() };
        assert_eq!(message(negative), "l2 = -1: expected a number from 0");
        let all = LogisticConfig { held_out: 1.0, ..config() };
        assert_eq!(message(all), "held_out = 1: expected a share in [0, 1)");
    }
}

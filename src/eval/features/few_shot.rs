//! Few-shot classification of frozen features by ridge regression in closed form.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::linear_classifier::{LinearClassifier, Standardise};
use crate::eval::arrays::{
    EvalError, Matrix, Real, accuracy, check_features, check_labels, check_length, solve_ridge,
    tensor, values,
};

/// The constant that is appended to each standardised feature vector in place of a bias. It is so large that
/// its weight is small and the penalty on it has no effect.
pub const BIAS_CONSTANT: f64 = 100.0;

/// Ridge regression of one-hot targets in {−1, +1} on standardised features. The products are computed once;
/// [`Self::solve`] then solves for any number of penalties:
///
/// `W = (Xᵀ X + λ I)⁻¹ Xᵀ Y`, or with fewer examples than features `W = Xᵀ (X Xᵀ + λ I)⁻¹ Y`.
///
/// # Reference
///
/// big_vision's `fewshot_lsr`, whose default is λ = 1024.
///
/// ```
/// use vit22b::eval::{Matrix, Ridge};
///
/// let features = [1.0f32, 0.1, 0.9, 0.2, -1.0, 0.0, -0.8, 0.1];
/// let ridge = Ridge::new(Matrix::new(&features, 2)?, &[1, 1, 0, 0], 2)?;
/// let classifier = ridge.solve(1.0)?;
/// assert_eq!(classifier.predict(Matrix::new(&[2.0f32, 0.1], 2)?)?, [1]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ridge {
    standardise: Standardise,
    /// Standardised features, `[n, d + 1]`.
    features: Tensor<2>,
    /// `Xᵀ X` or `X Xᵀ`, whichever is smaller.
    gram: Vec<f64>,
    /// `Xᵀ Y` or `Y`.
    right: Vec<f64>,
    classes: usize,
}

impl Ridge {
    /// The regression of the classes on features.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; labels: `n` classes below `classes`, of which some may not occur
    ///
    /// # Errors
    ///
    /// [`EvalError`] where labels do not fit, or features are not finite.
    pub fn new<T: Real>(
        features: Matrix<'_, T>,
        labels: &[usize],
        classes: usize,
    ) -> Result<Self, EvalError> {
        check_labels(labels, features.rows(), classes)?;
        let target = |label: usize| (0..classes).map(move |c| if c == label { 1.0 } else { -1.0 });
        let targets: Vec<f64> = labels.iter().flat_map(|label| target(*label)).collect();
        Self::of_targets(features, targets, classes)
    }

    /// The regression of numbers on features; [`LinearClassifier::scores`] says the numbers of others.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; targets: `[n, c]`
    ///
    /// # Errors
    ///
    /// [`EvalError`] where there are not as many targets as features, or one of both is not finite.
    ///
    /// ```
    /// use vit22b::eval::{Matrix, Ridge};
    ///
    /// let (features, targets) = ([0.0f32, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]);
    /// let ridge = Ridge::with_targets(Matrix::new(&features, 1)?, Matrix::new(&targets, 1)?)?;
    /// let said = ridge.solve(0.0)?.scores(Matrix::new(&[4.0f32], 1)?)?;
    /// assert!((said[0] - 9.0).abs() < 1e-3);
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn with_targets<T: Real>(
        features: Matrix<'_, T>,
        targets: Matrix<'_, f64>,
    ) -> Result<Self, EvalError> {
        check_length("targets", features.rows(), targets.rows())?;
        if let Some(row) = targets.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(EvalError::NotFinite { what: "targets", row });
        }
        let values = targets.iter().flatten().copied().collect();
        Self::of_targets(features, values, targets.columns())
    }

    fn of_targets<T: Real>(
        features: Matrix<'_, T>,
        targets: Vec<f64>,
        classes: usize,
    ) -> Result<Self, EvalError> {
        check_features(features)?;
        let standardise = Standardise::new(features, BIAS_CONSTANT);
        let features = standardise.apply(features);
        let [n, d] = features.dims();
        let transposed = features.clone().transpose();
        let (gram, right) = if n >= d {
            let right = transposed.clone().matmul(tensor(targets, classes));
            (transposed.matmul(features.clone()), values(right))
        } else {
            (features.clone().matmul(transposed), targets)
        };
        Ok(Self { standardise, features, gram: values(gram), right, classes })
    }

    /// The classifier of a penalty λ.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for a penalty below 0, infinite or NaN, [`EvalError::Singular`] if features are
    /// linearly dependent and the penalty is too small to compensate.
    pub fn solve(&self, l2: f64) -> Result<LinearClassifier, EvalError> {
        if !(l2 >= 0.0 && l2.is_finite()) {
            return Err(EvalError::Value { what: "l2", value: l2, expected: "a number from 0" });
        }
        let solution =
            tensor(solve_ridge(&self.gram, &self.right, self.classes, l2)?, self.classes);
        let [n, d] = self.features.dims();
        let weights =
            if n >= d { solution } else { self.features.clone().transpose().matmul(solution) };
        Ok(LinearClassifier { standardise: self.standardise.clone(), weights })
    }
}

/// Settings of a few-shot measurement. For each number of shots and each seed, that many examples of each
/// class are drawn, a ridge regression is fitted to them, and its accuracy is measured on the test examples.
#[derive(Debug, Clone, PartialEq)]
pub struct FewShotConfig {
    /// The number of examples of each class.
    pub shots: Vec<usize>,
    /// The penalty of the ridge regression.
    pub l2: f64,
    /// The seeds, each of which draws other examples.
    pub seeds: Vec<u64>,
}

impl Default for FewShotConfig {
    fn default() -> Self {
        Self { shots: vec![1, 5, 10, 25], l2: 1024.0, seeds: vec![0, 1, 2] }
    }
}

/// The accuracies at one number of shots.
#[derive(Debug, Clone, PartialEq)]
pub struct FewShotAccuracy {
    /// The number of examples of each class.
    pub shots: usize,
    /// The test accuracy of each seed.
    pub accuracies: Vec<f64>,
}

impl FewShotAccuracy {
    /// The mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len().max(1) as f64
    }
}

impl FewShotConfig {
    /// Measures features, train and test each with labels.
    ///
    /// # Errors
    ///
    /// [`EvalError`] where labels do not fit, a class has fewer examples than shots, or features
    /// are not finite.
    ///
    /// ```
    /// use vit22b::eval::{FewShotConfig, Matrix};
    ///
    /// let train = [0.0f32, 0.1, 0.2, 5.0, 5.1, 5.2];
    /// let config = FewShotConfig { shots: vec![1, 3], ..Default::default() };
    /// let train = (Matrix::new(&train, 1)?, &[0, 0, 0, 1, 1, 1][..]);
    /// let test = (Matrix::new(&[0.05f32, 5.05], 1)?, &[0, 1][..]);
    /// let results = config.measure(train, test, 2)?;
    /// assert_eq!((results[1].shots, results[1].mean()), (3, 1.0));
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn measure<T: Real>(
        &self,
        (train, train_labels): (Matrix<'_, T>, &[usize]),
        (test, test_labels): (Matrix<'_, T>, &[usize]),
        classes: usize,
    ) -> Result<Vec<FewShotAccuracy>, EvalError> {
        check_labels(train_labels, train.rows(), classes)?;
        check_labels(test_labels, test.rows(), classes)?;
        let run = |shots: usize, seed: u64| {
            let rows = draw_shots(train_labels, classes, shots, seed)?;
            let features: Vec<T> = rows.iter().flat_map(|row| train.row(*row)).copied().collect();
            let labels: Vec<usize> = rows.iter().map(|row| train_labels[*row]).collect();
            let ridge = Ridge::new(Matrix::new(&features, train.columns())?, &labels, classes)?;
            Ok(accuracy(&ridge.solve(self.l2)?.predict(test)?, test_labels))
        };
        let of_shots = |&shots: &usize| {
            let accuracies = self.seeds.par_iter().map(|seed| run(shots, *seed));
            Ok(FewShotAccuracy { shots, accuracies: accuracies.collect::<Result<_, _>>()? })
        };
        self.shots.iter().map(of_shots).collect()
    }

    /// Measures features whose first `train` examples the shots are drawn from, and whose others are tested.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`; labels: `n` classes below `classes`
    ///
    /// # Errors
    ///
    /// As [`measure`](Self::measure), and [`EvalError::Value`] if `train` leaves no example to draw from or to test.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::eval::FewShotConfig;
    ///
    /// let features = Tensor::<2>::from_floats([[0.0], [5.0], [0.1], [5.1]], &Device::flex());
    /// let config = FewShotConfig { shots: vec![1], ..Default::default() };
    /// assert_eq!(config.measure_split(features, &[0, 1, 0, 1], 2, 2)?[0].mean(), 1.0);
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn measure_split(
        &self,
        features: Tensor<2>,
        labels: &[usize],
        train: usize,
        classes: usize,
    ) -> Result<Vec<FewShotAccuracy>, EvalError> {
        let [rows, columns] = features.dims();
        check_length("labels", rows, labels.len())?;
        if train == 0 || train >= rows {
            let expected = "a number from 1 that leaves examples to test";
            return Err(EvalError::Value { what: "train", value: train as f64, expected });
        }
        let values: Vec<f32> = features.into_data().iter().collect();
        let (first, others) = values.split_at(train * columns);
        let train_set = (Matrix::new(first, columns)?, &labels[..train]);
        let test_set = (Matrix::new(others, columns)?, &labels[train..]);
        self.measure(train_set, test_set, classes)
    }
}

/// Draws `shots` examples of each class without replacement, and returns their rows.
///
/// # Errors
///
/// [`EvalError::TooFew`] if a class has fewer.
///
/// ```
/// let rows = vit22b::eval::draw_shots(&[0, 1, 1, 0, 1], 2, 2, 7)?;
/// assert_eq!(rows.len(), 4);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn draw_shots(
    labels: &[usize],
    classes: usize,
    shots: usize,
    seed: u64,
) -> Result<Vec<usize>, EvalError> {
    check_labels(labels, labels.len(), classes)?;
    let mut order: Vec<usize> = (0..labels.len()).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    let mut drawn = vec![0; classes];
    order.retain(|row| {
        let count = &mut drawn[labels[*row]];
        *count += 1;
        *count <= shots
    });
    match drawn.iter().find(|count| **count < shots) {
        Some(&got) => {
            Err(EvalError::TooFew { what: "examples of each class", expected: shots, got })
        }
        None => Ok(order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primal_and_dual_agree() {
        let rng = &mut fastrand::Rng::with_seed(5);
        let (n, d) = (9, 6);
        let features: Vec<f64> = (0..n * d).map(|_| rng.f64()).collect();
        let labels: Vec<usize> = (0..n).map(|i| i % 3).collect();
        let primal = Ridge::new(Matrix::new(&features, d).unwrap(), &labels, 3).unwrap();
        // A feature that is zero changes nothing but the number of features.
        let padded: Vec<f64> =
            features.chunks(d).flat_map(|row| [row, &[0.0; 4]].concat()).collect();
        let dual = Ridge::new(Matrix::new(&padded, d + 4).unwrap(), &labels, 3).unwrap();
        assert_eq!((primal.gram.len(), dual.gram.len()), (7 * 7, 9 * 9));
        let scores = |ridge: &Ridge, x: &[f64], d| {
            ridge.solve(0.5).unwrap().scores(Matrix::new(x, d).unwrap()).unwrap()
        };
        let pairs = scores(&primal, &features, d).into_iter().zip(scores(&dual, &padded, d + 4));
        // Conditioned as 100² n / λ: ten digits are left.
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let error = draw_shots(&[0, 0, 1], 2, 2, 0).unwrap_err();
        assert_eq!(error.to_string(), "examples of each class: expected at least 2, got 1");
        let features = Matrix::new(&[1.0, 2.0, f64::NAN, 1.0], 2).unwrap();
        let error = Ridge::new(features, &[0, 1], 2).unwrap_err();
        assert_eq!(error, EvalError::NotFinite { what: "features", row: 1 });
        let features = Matrix::new(&[1.0, 2.0, 2.0, 4.0, 0.0, 0.0, 3.0, 6.0], 2).unwrap();
        let ridge = Ridge::new(features, &[0, 1, 0, 1], 2).unwrap();
        assert_eq!(ridge.solve(0.0).unwrap_err(), EvalError::Singular { l2: 0.0 });
        assert!(ridge.solve(-1.0).is_err());
        let classifier = ridge.solve(1.0).unwrap();
        assert!(classifier.scores(Matrix::new(&[1.0], 1).unwrap()).is_err());
    }
}

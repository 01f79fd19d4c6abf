//! Linear classifiers on standardised features, which several methods fit.

use burn::tensor::Tensor;

use crate::eval::arrays::{
    EvalError, Matrix, Real, argmax, check_features, check_length, tensor, values,
};

/// A linear classifier on standardised features. Made by [`Ridge::solve`](super::Ridge::solve) and
/// [`LogisticConfig::fit`](super::LogisticConfig::fit).
#[derive(Debug, Clone)]
pub struct LinearClassifier {
    pub(crate) standardise: Standardise,
    /// `[d + 1, c]`; the last row belongs to the constant that stands in for a bias.
    pub(crate) weights: Tensor<2>,
}

impl LinearClassifier {
    /// Scores `[n, c]`, row by row, of features `[n, d]`.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if features have another length than those of the fit, or are not finite.
    pub fn scores<T: Real>(&self, features: Matrix<'_, T>) -> Result<Vec<f64>, EvalError> {
        check_length("features", self.standardise.mean.len(), features.columns())?;
        check_features(features)?;
        Ok(values(self.standardise.apply(features).matmul(self.weights.clone())))
    }

    /// The class with the largest score for each row of features; of several, the first.
    ///
    /// # Errors
    ///
    /// As [`Self::scores`].
    pub fn predict<T: Real>(&self, features: Matrix<'_, T>) -> Result<Vec<usize>, EvalError> {
        let scores = self.scores(features)?;
        Ok(scores.chunks_exact(self.weights.dims()[1]).map(argmax).collect())
    }
}

/// How features are standardised: mean and inverse standard deviation of the training features, and the
/// constant that is appended.
#[derive(Debug, Clone)]
pub(crate) struct Standardise {
    mean: Vec<f64>,
    inverse: Vec<f64>,
    constant: f64,
}

impl Standardise {
    pub(crate) fn new<T: Real>(features: Matrix<'_, T>, constant: f64) -> Self {
        let n = features.rows() as f64;
        let mut mean = vec![0.0; features.columns()];
        for row in features.iter() {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += (*x).into() / n);
        }
        let mut variance = vec![0.0; mean.len()];
        for row in features.iter() {
            let squares = row.iter().zip(&mean).map(|(x, mean)| ((*x).into() - mean).powi(2));
            variance.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square / n);
        }
        // As in big_vision, 1e-5 guards against division by 0: a constant feature becomes 0.
        let inverse = variance.iter().map(|v| (v.sqrt() + 1e-5).recip()).collect();
        Self { mean, inverse, constant }
    }

    /// Standardised features with the constant appended, `[n, d + 1]`.
    pub(crate) fn apply<T: Real>(&self, features: Matrix<'_, T>) -> Tensor<2> {
        let scales = || self.mean.iter().zip(&self.inverse);
        let row = |row: &[T]| -> Vec<f64> {
            let scaled = row.iter().zip(scales()).map(|(x, (m, s))| ((*x).into() - m) * s);
            scaled.chain([self.constant]).collect()
        };
        let design: Vec<f64> = features.iter().flat_map(row).collect();
        tensor(design, self.mean.len() + 1)
    }
}

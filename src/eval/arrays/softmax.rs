//! Softmax over the rows of logits, in the one pass over memory that most measurements need.

use pulp::Arch;
use rayon::prelude::*;

use super::error::{EvalError, check_length, check_some};
use super::matrix::{Matrix, Real};
use super::row::{exponentials, max_and_sum, sum_of_squares, weighted_sum};

/// The most probable class of each example, and its probability.
///
/// ```
/// use vit22b::eval::{Matrix, Predictions};
///
/// let logits = [0.0f32, 3f32.ln(), 0.0, 0.0];
/// let predictions = Predictions::new(Matrix::new(&logits, 2)?, 1.0)?;
/// assert_eq!(predictions.classes, [1, 0]); // The first of equals.
/// assert!((predictions.confidence[0] - 0.75).abs() < 1e-7);
/// assert_eq!(predictions.correct(&[1, 1])?, [true, false]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// The class with the largest logit; of several, the first.
    pub classes: Vec<usize>,
    /// Its probability.
    pub confidence: Vec<f64>,
}

impl Predictions {
    /// The predictions of logits `[n, c]` divided by a temperature.
    ///
    /// # Errors
    ///
    /// [`EvalError::NotFinite`] for a NaN or +∞ (−∞ is an impossible class),
    /// [`EvalError::Value`] for a temperature that is not positive.
    pub fn new<T: Real>(logits: Matrix<'_, T>, temperature: f64) -> Result<Self, EvalError> {
        let inverse = inverse_temperature(temperature)?;
        let (classes, confidence) =
            map_rows(logits, inverse, |row| (row.argmax, row.sum.recip()))?.into_iter().unzip();
        Ok(Self { classes, confidence })
    }

    /// Which predictions are right.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] unless there is a label for each prediction.
    pub fn correct(&self, labels: &[usize]) -> Result<Vec<bool>, EvalError> {
        check_length("labels", self.classes.len(), labels.len())?;
        Ok(self.classes.iter().zip(labels).map(|(class, label)| class == label).collect())
    }
}

/// A row `x` of logits, whose softmax is `exp(z) / Σ exp(z)` with `z = β (x − max)`.
pub(crate) struct SoftmaxRow<'a, T> {
    pub(crate) index: usize,
    pub(crate) logits: &'a [T],
    inverse_temperature: f64,
    pub(crate) max: f64,
    pub(crate) argmax: usize,
    /// `Σ exp(z)`
    pub(crate) sum: f64,
    arch: Arch,
}

impl<T: Real> SoftmaxRow<'_, T> {
    /// `z` of a class.
    fn scaled(&self, class: usize) -> f64 {
        self.inverse_temperature * (self.logits[class].into() - self.max)
    }

    /// The probability of a class.
    pub(crate) fn probability(&self, class: usize) -> f64 {
        self.scaled(class).exp() / self.sum
    }

    /// `exp(z)` of some classes: their probabilities up to a common factor.
    pub(crate) fn exponentials(&self, classes: &[usize]) -> Vec<T> {
        exponentials(self.arch, self.logits, classes, self.max, self.inverse_temperature)
    }

    /// `−log` of the probability of a class.
    pub(crate) fn nll(&self, class: usize) -> f64 {
        self.sum.ln() - self.scaled(class)
    }

    /// `Σ p²`
    pub(crate) fn purity(&self) -> f64 {
        let sum = sum_of_squares(self.arch, self.logits, self.max, self.inverse_temperature);
        sum / self.sum.powi(2)
    }

    /// `Σ p z`
    pub(crate) fn mean_scaled(&self) -> f64 {
        let sum = weighted_sum(self.arch, self.logits, self.max, self.inverse_temperature);
        sum / self.sum
    }

    /// The derivative of [`Self::nll`] with respect to the inverse temperature: `Σ p x − x(class)`.
    pub(crate) fn nll_slope(&self, class: usize) -> f64 {
        (self.mean_scaled() - self.scaled(class)) / self.inverse_temperature
    }
}

/// `1 / temperature`.
pub(crate) fn inverse_temperature(temperature: f64) -> Result<f64, EvalError> {
    if temperature > 0.0 && temperature.is_finite() {
        return Ok(temperature.recip());
    }
    let expected = "a positive number";
    Err(EvalError::Value { what: "temperature", value: temperature, expected })
}

/// Applies a function to the softmax of each row, on all cores.
pub(crate) fn map_rows<T: Real, R: Send>(
    logits: Matrix<'_, T>,
    inverse_temperature: f64,
    function: impl Fn(SoftmaxRow<'_, T>) -> R + Sync,
) -> Result<Vec<R>, EvalError> {
    check_some("examples", logits.rows())?;
    let arch = Arch::new();
    let columns = logits.columns();
    (logits.values().par_chunks_exact(columns).enumerate())
        .map(|(index, row)| {
            let (max, argmax, sum) = max_and_sum(arch, row, inverse_temperature);
            if !sum.is_finite() {
                return Err(EvalError::NotFinite { what: "logits", row: index });
            }
            let logits = row;
            Ok(function(SoftmaxRow { index, logits, inverse_temperature, max, argmax, sum, arch }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_softmax_is_an_error_and_what_cannot_be_is_not() {
        let of = |values: &[f64]| Predictions::new(Matrix::new(values, 2).unwrap(), 1.0);
        let impossible = of(&[f64::NEG_INFINITY, 7.0]).unwrap();
        assert_eq!((impossible.classes[0], impossible.confidence[0]), (1, 1.0));
        for bad in [f64::NAN, f64::INFINITY] {
            let error = of(&[0.0, 1.0, bad, 1.0]).unwrap_err();
            assert_eq!(error, EvalError::NotFinite { what: "logits", row: 1 });
        }
        assert!(of(&[f64::NEG_INFINITY; 2]).is_err());
        assert_eq!(of(&[]).unwrap_err(), EvalError::Empty { what: "examples" });
        let error = Predictions::new(Matrix::new(&[0.0, 1.0], 2).unwrap(), 0.0).unwrap_err();
        assert_eq!(error.to_string(), "temperature = 0: expected a positive number");
    }
}

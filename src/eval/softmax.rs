//! Softmax over the rows of logits: the one pass over memory that most measurements need.

use pulp::Arch;
use rayon::prelude::*;

use super::error::{EvalError, check_length, check_some};
use super::matrix::{Matrix, Real};

/// The likeliest class of each example, and its probability.
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
    /// The class with the largest logit, the first if there are several.
    pub classes: Vec<usize>,
    /// Its probability.
    pub confidence: Vec<f64>,
}

impl Predictions {
    /// Predictions of logits `[n, c]` that are divided by a temperature.
    ///
    /// # Errors
    ///
    /// [`EvalError::NotFinite`] for a NaN or +∞ (−∞ is a class that cannot be),
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

/// A row `x` of logits, of which the softmax is `exp(z) / Σ exp(z)`, `z = β (x − max)`.
pub(crate) struct SoftmaxRow<'a, T> {
    pub(crate) index: usize,
    pub(crate) logits: &'a [T],
    inverse_temperature: f64,
    pub(crate) max: f64,
    pub(crate) argmax: usize,
    /// `Σ exp(z)`
    pub(crate) sum: f64,
    /// `Σ exp(z)²`
    squares: f64,
    /// `Σ z exp(z)`
    weighted: f64,
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

    /// `−log` of the probability of a class.
    pub(crate) fn nll(&self, class: usize) -> f64 {
        self.sum.ln() - self.scaled(class)
    }

    /// `Σ p²`
    pub(crate) fn purity(&self) -> f64 {
        self.squares / self.sum.powi(2)
    }

    /// `Σ p z`
    pub(crate) fn mean_scaled(&self) -> f64 {
        self.weighted / self.sum
    }

    /// The derivative of [`Self::nll`] by the inverse temperature: `Σ p x − x(class)`.
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
            let (max, [sum, squares, weighted]) =
                arch.dispatch(|| max_and_sums(row, inverse_temperature));
            if !sum.is_finite() {
                return Err(EvalError::NotFinite { what: "logits", row: index });
            }
            let argmax = row.iter().position(|x| (*x).into() == max).unwrap_or(0);
            let logits = row;
            Ok(function(SoftmaxRow {
                index,
                logits,
                inverse_temperature,
                max,
                argmax,
                sum,
                squares,
                weighted,
            }))
        })
        .collect()
}

/// Numbers that are added side by side, so that a processor can take them together.
const LANES: usize = 16;

/// The largest value, and of `z = β (x − max)` the sums of `exp(z)`, `exp(z)²` and `z exp(z)`. The
/// sums are NaN if a value is NaN or +∞, or all are −∞.
#[inline(always)]
fn max_and_sums<T: Real>(row: &[T], inverse_temperature: f64) -> (f64, [f64; 3]) {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane = larger(*lane, (*x).into()));
    }
    let max = rest.iter().map(|x| (*x).into()).chain(lanes).fold(f64::NEG_INFINITY, larger);

    let mut sums = [[0.0; LANES]; 3];
    let mut add = |lane: usize, x: T| {
        let z = inverse_temperature * (x.into() - max);
        // −∞ becomes a number, NaN stays.
        let z = if z < LOWEST { LOWEST } else { z };
        let e = exp(z);
        sums[0][lane] += e;
        sums[1][lane] += e * e;
        sums[2][lane] += e * z;
    };
    for chunk in chunks {
        (0..LANES).for_each(|lane| add(lane, chunk[lane]));
    }
    rest.iter().enumerate().for_each(|(lane, x)| add(lane, *x));
    (max, sums.map(|lanes| lanes.iter().sum()))
}

/// Where an exponential counts as none: `exp(−700)` is 1e-304.
const LOWEST: f64 = -700.0;

/// `exp(x)` for `x` from [`LOWEST`] to 0 without branches or table, so that loops over it become vector code:
/// `2ⁿ exp(r)` with `|r| ≤ ln 2 / 2`, of which the Taylor series to degree 13 is exact to
/// 4e-18. NaN stays NaN.
#[inline(always)]
fn exp(x: f64) -> f64 {
    // Adding it leaves the integer part in the lowest bits.
    const SHIFT: f64 = 1.5 * (1u64 << 52) as f64;
    // ln 2 in two parts; a product of the first with a small integer is exact.
    const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    let shifted = x * core::f64::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * LN2[0]) - n * LN2[1];
    let mut series = 1.0 / 6_227_020_800.0;
    for inverse in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = series * r + inverse;
    }
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_exact_to_two_units_in_the_last_place() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.0035;
            let (got, expected) = (exp(x), x.exp());
            assert!((got / expected - 1.0).abs() < 4.5e-16, "{x}: {got:e} not {expected:e}");
        }
        assert!(exp(f64::NAN).is_nan());
    }

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

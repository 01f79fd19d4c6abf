//! How much of the variance of numbers is explained.

use crate::eval::arrays::{EvalError, check_length};

/// The share of the variance of numbers that predictions of them explain, `1 − Σ (y − ŷ)² / Σ (y − mean y)²`: 1 for those that are
/// all right, 0 for the mean alone, and below 0 for worse than that. Numbers that are all alike have no variance to explain: 1
/// where they are predicted exactly, and 0 elsewhere.
///
/// # Errors
///
/// [`EvalError`] for less than two numbers, other than one prediction for each, and numbers that are not finite.
///
/// ```
/// let r2 = vit22b::eval::r_squared(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0])?;
/// assert!((r2 - 0.948_608_137).abs() < 1e-9);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
///
/// # Reference
///
/// scikit-learn's `r2_score`.
pub fn r_squared(predicted: &[f64], truth: &[f64]) -> Result<f64, EvalError> {
    check_length("predictions", truth.len(), predicted.len())?;
    if truth.len() < 2 {
        return Err(EvalError::TooFew { what: "numbers", expected: 2, got: truth.len() });
    }
    for (what, values) in [("predictions", predicted), ("numbers", truth)] {
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(EvalError::NotFinite { what, row });
        }
    }
    let mean = truth.iter().sum::<f64>() / truth.len() as f64;
    let all: f64 = truth.iter().map(|y| (y - mean).powi(2)).sum();
    let missed: f64 = truth.iter().zip(predicted).map(|(y, said)| (y - said).powi(2)).sum();
    Ok(match (all > 0.0, missed > 0.0) {
        (true, _) => 1.0 - missed / all,
        (false, false) => 1.0,
        (false, true) => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_scikit_learn() {
        let r2 = |said: &[f64], truth: &[f64]| r_squared(said, truth).unwrap();
        // The examples of its documentation.
        assert_eq!(r2(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 1.0);
        assert_eq!(r2(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(r2(&[3.0, 2.0, 1.0], &[1.0, 2.0, 3.0]), -3.0);
        assert_eq!(r2(&[-2.0, -2.0, -2.0], &[-2.0, -2.0, -2.0]), 1.0);
        assert_eq!(r2(&[-2.0, -2.0, -2.0 + 1e-8], &[-2.0, -2.0, -2.0]), 0.0);
        assert!(r_squared(&[1.0], &[1.0]).is_err() && r_squared(&[1.0, 2.0], &[1.0]).is_err());
        assert!(r_squared(&[1.0, f64::NAN], &[1.0, 2.0]).is_err());
    }
}

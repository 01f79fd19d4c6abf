//! Robustness: accuracy on images that differ from those of training.

use crate::eval::arrays::EvalError;

/// The error rate of AlexNet on each corruption of ImageNet-C, the mean over the five strengths, in
/// the order of [`Corruption::ALL`](crate::data::Corruption::ALL).
///
/// # Reference
///
/// "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations" (arXiv
/// 1903.12261).
pub const ALEXNET_CORRUPTION_ERRORS: [f64; 15] = [
    0.886_428, 0.894_468, 0.922_640, 0.819_880, 0.826_268, 0.785_948, 0.798_360, 0.866_816,
    0.826_572, 0.819_324, 0.564_592, 0.853_204, 0.646_056, 0.717_840, 0.606_500,
];

/// The mean corruption error (mCE): the mean over corruptions of `Σ_s E(c, s) / Σ_s E₀(c, s)`,
/// with the error rates `E` of a model at each strength `s` and `E₀` of a baseline.
///
/// Published figures are of ImageNet-C's own files. Errors on images that [`Corruption`](crate::data::Corruption)
/// damaged are near to those: what is not random there is the definition's, but for the encoder of JPEG files
/// (a difference of 2 of 255 levels on average); noise, glass, motion, snow and fog have the statistics of a published
/// program; frost is drawn and not photographed, and elastic distortion follows the paper's strengths.
///
/// # Errors
///
/// [`EvalError::Value`] for a rate that is not in [0, 1], or 0 in the baseline.
///
/// ```
/// use vit22b::eval::{ALEXNET_CORRUPTION_ERRORS, mean_corruption_error};
///
/// let half = ALEXNET_CORRUPTION_ERRORS.map(|error| [error / 2.0; 5]);
/// let mce = mean_corruption_error(&half, &ALEXNET_CORRUPTION_ERRORS)?;
/// assert!((mce - 0.5).abs() < 1e-12);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn mean_corruption_error(
    errors: &[[f64; 5]; 15],
    baseline_means: &[f64; 15],
) -> Result<f64, EvalError> {
    let expected = "an error rate in [0, 1]; in the baseline above 0";
    let mut total = 0.0;
    for (errors, baseline) in errors.iter().zip(baseline_means) {
        let valid = |value: &f64| (0.0..=1.0).contains(value);
        if let Some(&value) = errors.iter().chain([baseline]).find(|value| !valid(value)) {
            return Err(EvalError::Value { what: "error rate", value, expected });
        }
        if *baseline == 0.0 {
            return Err(EvalError::Value { what: "baseline", value: 0.0, expected });
        }
        total += errors.iter().sum::<f64>() / (5.0 * baseline);
    }
    Ok(total / 15.0)
}

/// What accuracy under a shift is expected of a model, from its accuracy without: a line through
/// the log-odds of other models.
///
/// # Reference
///
/// "Measuring Robustness to Natural Distribution Shifts in Image Classification" (arXiv
/// 2007.00644).
///
/// ```
/// use vit22b::eval::RobustnessBaseline;
///
/// // Accuracies of three models, without and with the shift.
/// let line = RobustnessBaseline::fit(&[(0.6, 0.3), (0.7, 0.42), (0.8, 0.55)])?;
/// let effective = line.effective_robustness(0.8, 0.75)?;
/// assert!((0.15..0.25).contains(&effective));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustnessBaseline {
    slope: f64,
    offset: f64,
}

impl RobustnessBaseline {
    /// The line of least squares through the log-odds of accuracies without and with the shift.
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] for fewer than two different accuracies, [`EvalError::Value`] for an
    /// accuracy that is not strictly between 0 and 1, where log-odds are infinite.
    pub fn fit(accuracies: &[(f64, f64)]) -> Result<Self, EvalError> {
        let points = accuracies.iter().map(|(x, y)| Ok((log_odds(*x)?, log_odds(*y)?)));
        let points: Vec<(f64, f64)> = points.collect::<Result<_, EvalError>>()?;
        let n = points.len() as f64;
        let (mean_x, mean_y) =
            points.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        // Equal accuracies differ by no more than the rounding of their mean.
        if spread.is_nan() || spread <= 1e-24 * n {
            let what = "models of different accuracy";
            return Err(EvalError::TooFew { what, expected: 2, got: points.len().min(1) });
        }
        let slope = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
        Ok(Self { slope, offset: mean_y - slope * mean_x })
    }

    /// The accuracy under the shift that is expected at an accuracy without.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for an accuracy that is not strictly between 0 and 1.
    pub fn expected(&self, accuracy: f64) -> Result<f64, EvalError> {
        let odds = self.offset + self.slope * log_odds(accuracy)?;
        Ok(1.0 / (1.0 + (-odds).exp()))
    }

    /// The accuracy under the shift less the expected one.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for an accuracy without the shift that is not strictly between 0 and 1.
    pub fn effective_robustness(&self, accuracy: f64, shifted: f64) -> Result<f64, EvalError> {
        Ok(shifted - self.expected(accuracy)?)
    }
}

fn log_odds(accuracy: f64) -> Result<f64, EvalError> {
    if accuracy > 0.0 && accuracy < 1.0 {
        return Ok((accuracy / (1.0 - accuracy)).ln());
    }
    let expected = "strictly between 0 and 1";
    Err(EvalError::Value { what: "accuracy", value: accuracy, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_on_the_line_have_no_effective_robustness() {
        let shifted = |accuracy: f64| {
            let odds: f64 = 1.3 * (accuracy / (1.0 - accuracy)).ln() - 0.7;
            1.0 / (1.0 + (-odds).exp())
        };
        let models = [0.5, 0.7, 0.9].map(|accuracy| (accuracy, shifted(accuracy)));
        let line = RobustnessBaseline::fit(&models).unwrap();
        assert!(line.effective_robustness(0.8, shifted(0.8)).unwrap().abs() < 1e-12);
    }

    #[test]
    fn what_has_no_answer_is_an_error() {
        let error = RobustnessBaseline::fit(&[(0.7, 0.3), (0.7, 0.4)]).unwrap_err();
        let text = "models of different accuracy: expected at least 2, got 1";
        assert_eq!(error.to_string(), text);
        assert!(RobustnessBaseline::fit(&[]).is_err());
        assert!(RobustnessBaseline::fit(&[(1.0, 0.3), (0.7, 0.4)]).is_err());
        let baseline = ALEXNET_CORRUPTION_ERRORS;
        assert!(mean_corruption_error(&[[f64::NAN; 5]; 15], &baseline).is_err());
        assert!(mean_corruption_error(&[[0.1; 5]; 15], &[0.0; 15]).is_err());
    }
}

//! Selective prediction: how many errors are avoided by not answering when unsure.

use crate::eval::arrays::{EvalError, check_length, check_numbers, check_some};

/// Risk by coverage: the share of errors among the answers, for each number of questions that are answered,
/// the surest first.
///
/// Among questions of equal confidence the curve is the mean over all orders of them, so that it does not
/// depend on the order of the examples.
///
/// ```
/// use vit22b::eval::RiskCoverage;
///
/// let curve = RiskCoverage::new(&[0.9, 0.4, 0.8], &[true, false, true])?;
/// assert_eq!(curve.risks(), [0.0, 0.0, 1.0 / 3.0]);
/// assert!((curve.area() - 1.0 / 9.0).abs() < 1e-12);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RiskCoverage {
    risks: Vec<f64>,
}

impl RiskCoverage {
    /// The curve of answers, of which `correct` says whether they are right, with any measure of confidence.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, the lengths differ, or a confidence is NaN.
    pub fn new(confidence: &[f64], correct: &[bool]) -> Result<Self, EvalError> {
        check_some("examples", confidence.len())?;
        check_length("correct", confidence.len(), correct.len())?;
        check_numbers("confidences", confidence)?;
        let mut examples: Vec<(f64, bool)> =
            confidence.iter().copied().zip(correct.iter().copied()).collect();
        examples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut risks = Vec::with_capacity(examples.len());
        let mut errors = 0.0;
        for equal in examples.chunk_by(|a, b| a.0 == b.0) {
            let wrong = equal.iter().filter(|(_, correct)| !correct).count() as f64;
            for part in 1..=equal.len() {
                let answered = (risks.len() + 1) as f64;
                risks.push((errors + wrong * part as f64 / equal.len() as f64) / answered);
            }
            errors += wrong;
        }
        Ok(Self { risks })
    }

    /// The share of errors among the first answer, the first two, and so on to all.
    pub fn risks(&self) -> &[f64] {
        &self.risks
    }

    /// The area under the curve (AURC): the mean of the risks.
    pub fn area(&self) -> f64 {
        self.risks.iter().sum::<f64>() / self.risks.len() as f64
    }

    /// The risk if at least this share of the questions is answered.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for a share outside of (0, 1].
    pub fn risk_at(&self, coverage: f64) -> Result<f64, EvalError> {
        if !(coverage > 0.0 && coverage <= 1.0) {
            let expected = "a share in (0, 1]";
            return Err(EvalError::Value { what: "coverage", value: coverage, expected });
        }
        let answered = (coverage * self.risks.len() as f64).ceil() as usize;
        Ok(self.risks[answered.clamp(1, self.risks.len()) - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_their_errors_in_any_order() {
        let of = |correct: &[bool]| RiskCoverage::new(&[0.5; 4], correct).unwrap();
        assert_eq!(of(&[true, false, true, false]), of(&[false, false, true, true]));
        assert_eq!(of(&[true, false, true, false]).risks(), [0.5; 4]);
        assert_eq!(of(&[true; 4]).area(), 0.0);
        assert_eq!(of(&[false; 4]).area(), 1.0);
    }

    #[test]
    fn a_coverage_is_rounded_up() {
        let curve = RiskCoverage::new(&[4.0, 3.0, 2.0, 1.0], &[true, false, true, true]).unwrap();
        assert_eq!(curve.risk_at(0.5), Ok(0.5));
        assert_eq!(curve.risk_at(0.51), Ok(1.0 / 3.0));
        assert_eq!(curve.risk_at(1.0), Ok(0.25));
        assert!(curve.risk_at(0.0).is_err());
        assert!(RiskCoverage::new(&[f64::NAN], &[true]).is_err());
        assert!(RiskCoverage::new(&[], &[]).is_err());
    }
}

//! The usual measurements of a classifier's logits, in one call.

use serde::Serialize;

use super::calibration::{
    Binning, Reliability, brier_score, class_wise_error, fit_temperature, negative_log_likelihood,
};
use super::detection::{KnownScore, RocCurve, oracle_collaborative_auc};
use super::selective::RiskCoverage;
use crate::eval::arrays::{EvalError, Matrix, Predictions, Real, accuracy, check_labels, map_rows};

/// Settings of a [`Scorecard`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScorecardConfig {
    /// The number of bins of calibration errors.
    pub bins: usize,
    /// The share of the examples, in [0, 1), on which the temperature is fitted; nothing else is measured on
    /// them. The paper holds out 20 %.
    pub held_out: f64,
    /// The shares of the examples that an oracle decides.
    pub oracle_fractions: Vec<f64>,
    /// The seed of the choice of the examples that are held out.
    pub seed: u64,
}

impl Default for ScorecardConfig {
    fn default() -> Self {
        let oracle_fractions = vec![0.005, 0.01, 0.02, 0.05];
        Self { bins: 15, held_out: 0.2, oracle_fractions, seed: 0 }
    }
}

/// Calibration at one temperature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationScores {
    /// The temperature.
    pub temperature: f64,
    /// Negative log-likelihood.
    pub nll: f64,
    /// Brier score.
    pub brier: f64,
    /// Expected calibration error with bins of equal width.
    pub ece_equal_width: f64,
    /// Expected calibration error with bins of equal mass.
    pub ece_equal_mass: f64,
    /// Class-wise calibration error with bins of equal width.
    pub class_wise_error: f64,
}

/// The usual measurements of a classifier's logits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scorecard {
    /// The number of examples that are measured.
    pub examples: usize,
    /// The number of examples on which the temperature was fitted.
    pub held_out: usize,
    /// The number of classes.
    pub classes: usize,
    /// The share of right predictions.
    pub accuracy: f64,
    /// Calibration of the logits as they are.
    pub raw: CalibrationScores,
    /// Calibration at the fitted temperature; none if nothing was held out.
    pub scaled: Option<CalibrationScores>,
    /// The area under risk by coverage.
    pub area_under_risk_coverage: f64,
    /// The share that an oracle decides, and the oracle-collaborative AUC for whether a prediction is right;
    /// none if all predictions are right, or all wrong.
    pub oracle_collaborative_auc: Vec<(f64, Option<f64>)>,
    /// The reliability diagram with bins of equal width, and the one at the fitted temperature.
    #[serde(skip)]
    pub diagrams: (Reliability, Option<Reliability>),
    /// Risk by coverage.
    #[serde(skip)]
    pub risk_coverage: RiskCoverage,
}

impl Scorecard {
    /// Measures logits `[n, c]` against `n` labels.
    ///
    /// # Errors
    ///
    /// [`EvalError`] where labels do not fit the logits, logits are not numbers, or nothing is left
    /// to measure.
    ///
    /// ```
    /// use vit22b::eval::{Matrix, Scorecard, ScorecardConfig};
    ///
    /// let logits = [2.0f32, 0.0, 0.0, 1.0, 1.5, 0.0, 0.0, 0.5, 3.0, 0.0];
    /// let config = ScorecardConfig::default();
    /// let card = Scorecard::measure(Matrix::new(&logits, 2)?, &[0, 1, 0, 1, 0], &config)?;
    /// assert_eq!((card.examples, card.held_out, card.accuracy), (4, 1, 1.0));
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn measure<T: Real>(
        logits: Matrix<'_, T>,
        labels: &[usize],
        config: &ScorecardConfig,
    ) -> Result<Self, EvalError> {
        let (n, classes) = (logits.rows(), logits.columns());
        check_labels(labels, n, classes)?;
        // Before rows are shuffled, so that an error names the caller's row.
        map_rows(logits, 1.0, |_| ())?;
        let share = config.held_out;
        if !(0.0..1.0).contains(&share) {
            let expected = "a share in [0, 1)";
            return Err(EvalError::Value { what: "held_out", value: share, expected });
        }
        let mut order: Vec<usize> = (0..n).collect();
        fastrand::Rng::with_seed(config.seed).shuffle(&mut order);
        let (fit, measured) = order.split_at((n as f64 * share) as usize);
        let part = |rows: &[usize]| -> (Vec<T>, Vec<usize>) {
            let values = rows.iter().flat_map(|row| logits.row(*row)).copied();
            (values.collect(), rows.iter().map(|row| labels[*row]).collect())
        };
        let ((values, labels), (fit_values, fit_labels)) = (part(measured), part(fit));
        let logits = Matrix::new(&values, classes)?;
        let (raw, diagram, predictions) = calibration(logits, &labels, 1.0, config.bins)?;
        let (mut scaled, mut scaled_diagram) = (None, None);
        if !fit.is_empty() {
            let temperature = fit_temperature(Matrix::new(&fit_values, classes)?, &fit_labels)?;
            let (scores, diagram, _) = calibration(logits, &labels, temperature, config.bins)?;
            (scaled, scaled_diagram) = (Some(scores), Some(diagram));
        }
        let (correct, confidence) = (predictions.correct(&labels)?, &predictions.confidence);
        let risk_coverage = RiskCoverage::new(confidence, &correct)?;
        let both = correct.contains(&true) && correct.contains(&false);
        let oracle = |&fraction: &f64| {
            let auc = || oracle_collaborative_auc(confidence, &correct, confidence, fraction);
            Ok((fraction, if both { Some(auc()?) } else { None }))
        };
        let oracle_fractions = config.oracle_fractions.iter().map(oracle);
        Ok(Self {
            examples: measured.len(),
            held_out: fit.len(),
            classes,
            accuracy: accuracy(&predictions.classes, &labels),
            raw,
            scaled,
            area_under_risk_coverage: risk_coverage.area(),
            oracle_collaborative_auc: oracle_fractions.collect::<Result<_, EvalError>>()?,
            diagrams: (diagram, scaled_diagram),
            risk_coverage,
        })
    }
}

fn calibration<T: Real>(
    logits: Matrix<'_, T>,
    labels: &[usize],
    temperature: f64,
    bins: usize,
) -> Result<(CalibrationScores, Reliability, Predictions), EvalError> {
    // Functions without an argument for the temperature get logits divided by it.
    let scaled: Vec<f64> = logits.values().iter().map(|x| (*x).into() / temperature).collect();
    let scaled = Matrix::new(&scaled, logits.columns())?;
    let predictions = Predictions::new(scaled, 1.0)?;
    let correct = predictions.correct(labels)?;
    let diagram = |binning| Reliability::new(&predictions.confidence, &correct, binning);
    let equal_width = diagram(Binning::EqualWidth(bins))?;
    let scores = CalibrationScores {
        temperature,
        nll: negative_log_likelihood(scaled, labels, 1.0)?,
        brier: brier_score(scaled, labels)?,
        ece_equal_width: equal_width.expected_error(),
        ece_equal_mass: diagram(Binning::EqualMass(bins))?.expected_error(),
        class_wise_error: class_wise_error(scaled, labels, Binning::EqualWidth(bins))?,
    };
    Ok((scores, equal_width, predictions))
}

/// How well a score separates known examples from unknown ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectionScores {
    /// The score.
    pub score: &'static str,
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Average precision; known examples are the positives.
    pub auprc: f64,
    /// The share of unknown examples above the threshold that 95 % of the known ones reach.
    pub fpr_at_95_tpr: f64,
    /// The curve.
    #[serde(skip)]
    pub curve: RocCurve,
}

/// How well each [`KnownScore`] separates the logits of known examples from those of unknown ones.
///
/// # Errors
///
/// [`EvalError`] if either has no example, or logits are not numbers.
///
/// ```
/// use vit22b::eval::{Matrix, detection_scores};
///
/// let (known, unknown) = ([4.0f32, 0.0, 0.0, 3.0], [0.1f32, 0.0]);
/// let scores = detection_scores(Matrix::new(&known, 2)?, Matrix::new(&unknown, 2)?)?;
/// assert!(scores.iter().all(|score| score.auroc == 1.0));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn detection_scores<T: Real>(
    known: Matrix<'_, T>,
    unknown: Matrix<'_, T>,
) -> Result<Vec<DetectionScores>, EvalError> {
    let scores = [
        ("max softmax", KnownScore::MaxSoftmax),
        ("negative entropy", KnownScore::NegativeEntropy),
        ("max logit", KnownScore::MaxLogit),
        ("negative energy", KnownScore::LogSumExp),
    ];
    let measure = |(name, score): (&'static str, KnownScore)| {
        let curve = RocCurve::new(&score.of(known)?, &score.of(unknown)?)?;
        Ok(DetectionScores {
            score: name,
            auroc: curve.area(),
            auprc: curve.average_precision(),
            fpr_at_95_tpr: curve.false_positives_at(0.95)?,
            curve,
        })
    };
    scores.into_iter().map(measure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(logits: &[f64], labels: &[usize]) -> Result<Scorecard, EvalError> {
        Scorecard::measure(Matrix::new(logits, 2)?, labels, &ScorecardConfig::default())
    }

    #[test]
    fn scaling_changes_confidence_and_not_predictions() {
        let rng = &mut fastrand::Rng::with_seed(1);
        let labels: Vec<usize> = (0..400).map(|_| rng.usize(..2)).collect();
        // Log-odds of ±1 times a number, claimed three times too large.
        let logits: Vec<f64> = labels
            .iter()
            .flat_map(|label| {
                let toward = if rng.f64() < 0.73 { *label } else { 1 - label };
                [if toward == 0 { 3.0 } else { 0.0 }, if toward == 1 { 3.0 } else { 0.0 }]
            })
            .collect();
        let card = card(&logits, &labels).unwrap();
        let scaled = card.scaled.unwrap();
        assert!((1.8..5.0).contains(&scaled.temperature), "{}", scaled.temperature);
        assert!(scaled.ece_equal_width < 0.5 * card.raw.ece_equal_width);
        assert!(scaled.nll < card.raw.nll);
        assert_eq!((card.examples, card.held_out), (320, 80));
    }

    #[test]
    fn all_right_and_all_wrong_have_no_oracle_auc() {
        for labels in [[0, 1, 0], [1, 0, 1]] {
            let card = card(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &labels).unwrap();
            assert!(card.oracle_collaborative_auc.iter().all(|(_, auc)| auc.is_none()));
            assert!(card.scaled.is_none());
        }
        assert!(card(&[], &[]).is_err());
        let config = ScorecardConfig { held_out: 1.0, ..Default::default() };
        assert!(Scorecard::measure(Matrix::new(&[1.0, 0.0], 2).unwrap(), &[0], &config).is_err());
    }
}

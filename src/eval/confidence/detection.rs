//! Out-of-distribution detection: telling examples of known classes from others.

use crate::eval::arrays::{
    EvalError, Matrix, Real, check_length, check_numbers, check_some, map_rows,
};

/// A score of how sure a classifier is that an example belongs to a class that it knows. Larger is surer.
///
/// ```
/// use vit22b::eval::{KnownScore, Matrix};
///
/// let logits = [0.0f32, 0.0, 9.0, 0.0];
/// for score in [KnownScore::MaxSoftmax, KnownScore::NegativeEntropy, KnownScore::MaxLogit, KnownScore::LogSumExp] {
///     let scores = score.of(Matrix::new(&logits, 2)?)?;
///     assert!(scores[1] > scores[0], "{score:?}");
/// }
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownScore {
    /// The largest probability (MSP).
    MaxSoftmax,
    /// `Σ p log p`.
    NegativeEntropy,
    /// The largest logit.
    MaxLogit,
    /// `log Σ exp x`, the negative energy.
    LogSumExp,
}

impl KnownScore {
    /// The score of each example of logits `[n, c]`.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, or logits are not numbers.
    pub fn of<T: Real>(self, logits: Matrix<'_, T>) -> Result<Vec<f64>, EvalError> {
        map_rows(logits, 1.0, |row| match self {
            Self::MaxSoftmax => row.sum.recip(),
            Self::MaxLogit => row.max,
            Self::LogSumExp => row.max + row.sum.ln(),
            // Σ p log p = Σ p (x − max) − log Σ exp(x − max)
            Self::NegativeEntropy => row.mean_scaled() - row.sum.ln(),
        })
    }
}

/// The ROC curve of a score: true and false positives at each threshold.
///
/// Equal scores pass a threshold together, so that the order of the examples does not matter.
///
/// ```
/// use vit22b::eval::RocCurve;
///
/// let curve = RocCurve::new(&[0.9, 0.8, 0.3], &[0.7, 0.2])?;
/// assert!((curve.area() - 5.0 / 6.0).abs() < 1e-12);
/// assert_eq!(curve.false_positives_at(0.95)?, 0.5);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// The numbers of true and of false positives at each threshold, from none to all.
    counts: Vec<[f64; 2]>,
}

impl RocCurve {
    /// The curve of the scores of positive and of negative examples. Positives should have larger scores.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if either has no example, or a score is NaN.
    pub fn new(positive: &[f64], negative: &[f64]) -> Result<Self, EvalError> {
        check_numbers("scores of positives", positive)?;
        check_numbers("scores of negatives", negative)?;
        let positive = positive.iter().map(|score| (*score, 1.0, 0.0));
        Self::weighted(positive.chain(negative.iter().map(|score| (*score, 0.0, 1.0))).collect())
    }

    /// The curve of examples `(score, weight as a positive, weight as a negative)`.
    fn weighted(mut examples: Vec<(f64, f64, f64)>) -> Result<Self, EvalError> {
        examples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut counts = Vec::with_capacity(examples.len() + 1);
        let [mut positives, mut negatives] = [0.0; 2];
        counts.push([positives, negatives]);
        for equal in examples.chunk_by(|a, b| a.0 == b.0) {
            for (_, positive, negative) in equal {
                positives += positive;
                negatives += negative;
            }
            counts.push([positives, negatives]);
        }
        check_some("positive examples", usize::from(positives > 0.0))?;
        check_some("negative examples", usize::from(negatives > 0.0))?;
        Ok(Self { counts })
    }

    fn totals(&self) -> [f64; 2] {
        self.counts[self.counts.len() - 1]
    }

    /// False and true positive rate at each threshold, from (0, 0) to (1, 1).
    pub fn points(&self) -> impl Iterator<Item = [f64; 2]> {
        let [positives, negatives] = self.totals();
        self.counts.iter().map(move |[tp, fp]| [fp / negatives, tp / positives])
    }

    /// The area under the curve (AUROC): the probability that a positive has a larger score than a negative,
    /// where a tie counts half. It is 1/2 for constant scores.
    pub fn area(&self) -> f64 {
        let [positives, negatives] = self.totals();
        let strip = |pair: &[[f64; 2]]| (pair[1][1] - pair[0][1]) * (pair[0][0] + pair[1][0]);
        self.counts.windows(2).map(strip).sum::<f64>() / (2.0 * positives * negatives)
    }

    /// The average precision, the area under precision by recall (AUPRC): `Σ (R_i − R_{i−1}) P_i`
    /// over the thresholds.
    pub fn average_precision(&self) -> f64 {
        let strip = |pair: &[[f64; 2]]| {
            let [[before, _], [tp, fp]] = [pair[0], pair[1]];
            (tp - before) * tp / (tp + fp)
        };
        self.counts.windows(2).map(strip).sum::<f64>() / self.totals()[0]
    }

    /// The least false positive rate at which at least this share of positives is found (FPR at
    /// 95 % TPR, for 0.95).
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for a share outside of [0, 1].
    pub fn false_positives_at(&self, true_positive_rate: f64) -> Result<f64, EvalError> {
        if !(0.0..=1.0).contains(&true_positive_rate) {
            let (what, expected) = ("true_positive_rate", "a share in [0, 1]");
            return Err(EvalError::Value { what, value: true_positive_rate, expected });
        }
        let found = self.points().find(|[_, tpr]| *tpr >= true_positive_rate);
        Ok(found.map_or(1.0, |[fpr, _]| fpr))
    }
}

/// The oracle-collaborative AUC: the AUROC of a classifier together with an oracle, which never errs and
/// decides the given share of the examples, those of least confidence.
///
/// For a classifier of many classes, `positive` says whether each prediction is right, and both `scores` and
/// `confidence` are the prediction's probability. If some of several examples with equal confidence go to
/// the oracle, an equal share of each of them does. If the oracle decides all examples of a problem with both
/// classes, the answer is 1.
///
/// The area is exact. The metric of the authors' library takes a grid of thresholds and a histogram of confidences,
/// and gives the oracle whole examples; with 200 thresholds and 1000 bins it differs by some thousandths.
///
/// # Errors
///
/// [`EvalError`] if lengths differ, either class has no example, a number is NaN or the share is
/// not in [0, 1].
///
/// # Reference
///
/// "Measuring and Improving Model-Moderator Collaboration using Uncertainty Estimation" (arXiv
/// 2107.04212), as in the tables of Plex and of the ViT-22B paper.
///
/// ```
/// use vit22b::eval::oracle_collaborative_auc;
///
/// let (confidence, correct) = ([0.9, 0.8, 0.6, 0.5], [true, false, true, false]);
/// let auc = |fraction| oracle_collaborative_auc(&confidence, &correct, &confidence, fraction);
/// assert_eq!(auc(0.0)?, 0.75);
/// assert_eq!(auc(1.0)?, 1.0);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn oracle_collaborative_auc(
    scores: &[f64],
    positive: &[bool],
    confidence: &[f64],
    fraction: f64,
) -> Result<f64, EvalError> {
    check_length("positive", scores.len(), positive.len())?;
    check_length("confidence", scores.len(), confidence.len())?;
    check_numbers("scores", scores)?;
    check_numbers("confidences", confidence)?;
    if !(0.0..=1.0).contains(&fraction) {
        let expected = "a share in [0, 1]";
        return Err(EvalError::Value { what: "fraction", value: fraction, expected });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| confidence[*a].total_cmp(&confidence[*b]));
    let mut budget = fraction * scores.len() as f64;
    let mut examples = Vec::with_capacity(scores.len() + 2);
    let mut weigh = |score: f64, positive: bool, weight: f64| {
        if weight > 0.0 {
            let share = f64::from(u8::from(positive));
            examples.push((score, weight * share, weight * (1.0 - share)));
        }
    };
    for equal in order.chunk_by(|a, b| confidence[*a] == confidence[*b]) {
        let given = (budget / equal.len() as f64).min(1.0);
        budget -= given * equal.len() as f64;
        for &i in equal {
            let certain = if positive[i] { f64::INFINITY } else { f64::NEG_INFINITY };
            weigh(certain, positive[i], given);
            weigh(scores[i], positive[i], 1.0 - given);
        }
    }
    Ok(RocCurve::weighted(examples)?.area())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_scores_are_chance() {
        let curve = RocCurve::new(&[1.0; 3], &[1.0; 2]).unwrap();
        assert_eq!(curve.area(), 0.5);
        assert_eq!(curve.average_precision(), 0.6);
        assert_eq!(curve.false_positives_at(0.95), Ok(1.0));
    }

    #[test]
    fn zeros_of_either_sign_are_equal() {
        assert_eq!(RocCurve::new(&[0.0, -0.0], &[-0.0, 0.0]).unwrap().area(), 0.5);
    }

    #[test]
    fn separated_scores_are_perfect_and_their_negation_is_not() {
        let (high, low) = ([3.0, f64::INFINITY], [1.0, f64::NEG_INFINITY]);
        let curve = RocCurve::new(&high, &low).unwrap();
        assert_eq!((curve.area(), curve.average_precision()), (1.0, 1.0));
        assert_eq!(curve.false_positives_at(1.0), Ok(0.0));
        assert_eq!(RocCurve::new(&low, &high).unwrap().area(), 0.0);
    }

    #[test]
    fn a_missing_side_is_an_error() {
        let error = RocCurve::new(&[1.0], &[]).unwrap_err();
        let text = "negative examples: there are none; the measurement needs at least one";
        assert_eq!(error.to_string(), text);
        assert!(RocCurve::new(&[], &[1.0]).is_err());
        let error = RocCurve::new(&[1.0, f64::NAN], &[1.0]).unwrap_err();
        assert_eq!(error, EvalError::NotFinite { what: "scores of positives", row: 1 });
        assert!(oracle_collaborative_auc(&[0.5; 2], &[true; 2], &[0.5; 2], 0.1).is_err());
        assert!(oracle_collaborative_auc(&[0.5; 2], &[true, false], &[0.5; 2], 1.1).is_err());
    }

    #[test]
    fn an_oracle_shares_its_budget_among_equals() {
        // All equally unsure: each goes to the oracle by a half. Left to the scores: a half of
        // each, of which pairs are 0 right. Pairs: (+∞ or 0.4) against (−∞ or 0.6), 3 of 4 right.
        let auc = oracle_collaborative_auc(&[0.4, 0.6], &[true, false], &[0.5; 2], 0.5);
        assert!((auc.unwrap() - 0.75).abs() < 1e-15);
    }

    #[test]
    fn entropy_of_a_uniform_and_of_a_certain_row() {
        let values = [1.0, 1.0, 1.0, 1.0, 0.0, f64::NEG_INFINITY, f64::NEG_INFINITY, -800.0];
        let logits = Matrix::new(&values, 4).unwrap();
        let scores = KnownScore::NegativeEntropy.of(logits).unwrap();
        assert!((scores[0] + 4f64.ln()).abs() < 1e-15);
        assert!(scores[1].abs() < 1e-15);
    }
}

//! Calibration: whether a classifier is right as often as it says.

use rayon::prelude::*;

use crate::eval::arrays::{
    EvalError, Matrix, Real, check_labels, check_length, check_numbers, check_some,
    inverse_temperature, map_rows,
};

/// How confidences are put into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// Bins of equal width: the `i`-th of `k` holds `((i − 1) / k, i / k]`; 0 is in the first.
    EqualWidth(usize),
    /// Bins with equal numbers of examples, as far as possible: equal confidences share a bin.
    EqualMass(usize),
}

/// One bar of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The bounds of the bin; for bins of equal mass, its least and its largest confidence.
    pub range: [f64; 2],
    /// The number of examples in the bin, at least 1.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Their accuracy.
    pub accuracy: f64,
}

/// A reliability diagram: accuracy by confidence.
///
/// ```
/// use vit22b::eval::{Binning, Reliability};
///
/// let confidence = [0.95, 0.85, 0.3, 0.25];
/// let correct = [true, false, false, true];
/// let diagram = Reliability::new(&confidence, &correct, Binning::EqualWidth(2))?;
/// assert_eq!(diagram.bins.len(), 2);
/// // Half are right in each bin: 0.9 is 0.4 too high, 0.275 is 0.225 too low.
/// assert!((diagram.expected_error() - (0.4 + 0.225) / 2.0).abs() < 1e-12);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The bins that hold examples, in the order of confidence.
    pub bins: Vec<Bin>,
}

impl Reliability {
    /// Sorts examples into bins by their confidence.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, the lengths differ, a confidence is not in [0, 1], or
    /// no bin is asked for.
    pub fn new(confidence: &[f64], correct: &[bool], binning: Binning) -> Result<Self, EvalError> {
        check_some("examples", confidence.len())?;
        check_length("correct", confidence.len(), correct.len())?;
        check_numbers("confidences", confidence)?;
        if let Some(&value) = confidence.iter().find(|c| !(0.0..=1.0).contains(*c)) {
            let expected = "a probability in [0, 1]";
            return Err(EvalError::Value { what: "confidence", value, expected });
        }
        let (Binning::EqualWidth(wanted) | Binning::EqualMass(wanted)) = binning;
        check_some("bins", wanted)?;
        let examples = confidence.iter().copied().zip(correct.iter().copied());
        let bins = match binning {
            Binning::EqualWidth(count) => equal_width(examples, count),
            Binning::EqualMass(count) => equal_mass(examples.collect(), count),
        };
        Ok(Self { bins })
    }

    /// The expected calibration error (ECE): `Σ_b n_b / n |accuracy_b − confidence_b|`.
    pub fn expected_error(&self) -> f64 {
        let total: usize = self.bins.iter().map(|bin| bin.count).sum();
        let gap = |bin: &Bin| bin.count as f64 * (bin.accuracy - bin.confidence).abs();
        self.bins.iter().map(gap).sum::<f64>() / total.max(1) as f64
    }

    /// The maximum calibration error (MCE): the largest gap of a bin.
    pub fn maximum_error(&self) -> f64 {
        let gaps = self.bins.iter().map(|bin| (bin.accuracy - bin.confidence).abs());
        gaps.fold(0.0, f64::max)
    }
}

/// Sums of a bin's examples.
#[derive(Clone, Copy, Default)]
struct Tally {
    range: [f64; 2],
    count: usize,
    confidence: f64,
    correct: usize,
}

impl Tally {
    fn add(&mut self, (confidence, correct): (f64, bool)) {
        self.count += 1;
        self.confidence += confidence;
        self.correct += usize::from(correct);
    }

    fn bin(&self) -> Option<Bin> {
        let count = self.count as f64;
        (self.count > 0).then(|| Bin {
            range: self.range,
            count: self.count,
            confidence: self.confidence / count,
            accuracy: self.correct as f64 / count,
        })
    }
}

fn equal_width(examples: impl Iterator<Item = (f64, bool)>, count: usize) -> Vec<Bin> {
    let edge = |i: usize| i as f64 / count as f64;
    let empty = |i| Tally { range: [edge(i), edge(i + 1)], ..Default::default() };
    let mut tallies: Vec<Tally> = (0..count).map(empty).collect();
    for example in examples {
        let above = (example.0 * count as f64).ceil() as usize;
        tallies[above.clamp(1, count) - 1].add(example);
    }
    tallies.iter().filter_map(Tally::bin).collect()
}

fn equal_mass(mut examples: Vec<(f64, bool)>, count: usize) -> Vec<Bin> {
    examples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total = examples.len();
    let mut tallies = vec![Tally::default(); count.min(total)];
    let bins = tallies.len();
    let mut rank = 0;
    for equal in examples.chunk_by(|a, b| a.0 == b.0) {
        let tally = &mut tallies[rank * bins / total];
        let lowest = if tally.count == 0 { equal[0].0 } else { tally.range[0] };
        tally.range = [lowest, equal[0].0];
        equal.iter().for_each(|example| tally.add(*example));
        rank += equal.len();
    }
    tallies.iter().filter_map(Tally::bin).collect()
}

/// The class-wise calibration error: the ECE of each class's probability, as a forecast of that
/// class, averaged over the classes.
///
/// With bins of equal width it is the static calibration error (SCE), with bins of equal mass the
/// adaptive one (ACE), of "Measuring Calibration in Deep Learning" (arXiv 1904.01685). A class
/// without examples has forecasts too, and counts.
///
/// # Shapes
///
/// - logits: `[n, c]`; labels: `n` classes
///
/// # Errors
///
/// [`EvalError`] where labels do not fit the logits, or logits are not numbers.
///
/// ```
/// use vit22b::eval::{Binning, Matrix, class_wise_error};
///
/// let logits = [0.0f32; 8];
/// let error = class_wise_error(Matrix::new(&logits, 2)?, &[0, 0, 0, 1], Binning::EqualWidth(15))?;
/// assert!((error - 0.25).abs() < 1e-12); // 1/2 is forecast, and 3/4 and 1/4 are so.
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn class_wise_error<T: Real>(
    logits: Matrix<'_, T>,
    labels: &[usize],
    binning: Binning,
) -> Result<f64, EvalError> {
    check_labels(labels, logits.rows(), logits.columns())?;
    let denominators = map_rows(logits, 1.0, |row| (row.max, row.sum))?;
    let errors = (0..logits.columns()).into_par_iter().map(|class| {
        let rows = logits.iter().zip(&denominators);
        let probability =
            rows.map(|(row, (max, sum))| (row[class].into() - max).exp() / sum).collect::<Vec<_>>();
        let is_class: Vec<bool> = labels.iter().map(|label| *label == class).collect();
        Ok(Reliability::new(&probability, &is_class, binning)?.expected_error())
    });
    let total: f64 = errors.collect::<Result<Vec<_>, _>>()?.iter().sum();
    Ok(total / logits.columns() as f64)
}

/// The negative log-likelihood `−mean log p(label)` of logits divided by a temperature.
///
/// It is +∞ if the logit of a label is −∞.
///
/// # Shapes
///
/// - logits: `[n, c]`; labels: `n` classes
///
/// # Errors
///
/// [`EvalError`] where labels do not fit the logits, or logits are not numbers.
///
/// ```
/// use vit22b::eval::{Matrix, negative_log_likelihood};
///
/// let nll = negative_log_likelihood(Matrix::new(&[5.0f32; 4], 4)?, &[2], 1.0)?;
/// assert!((nll - 4f64.ln()).abs() < 1e-12);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn negative_log_likelihood<T: Real>(
    logits: Matrix<'_, T>,
    labels: &[usize],
    temperature: f64,
) -> Result<f64, EvalError> {
    check_labels(labels, logits.rows(), logits.columns())?;
    let inverse = inverse_temperature(temperature)?;
    let losses = map_rows(logits, inverse, |row| row.nll(labels[row.index]))?;
    Ok(losses.iter().sum::<f64>() / losses.len() as f64)
}

/// The Brier score: the squared distance of the probabilities from the one-hot label, averaged
/// over the examples; from 0 to 2.
///
/// # Shapes
///
/// - logits: `[n, c]`; labels: `n` classes
///
/// # Errors
///
/// [`EvalError`] where labels do not fit the logits, or logits are not numbers.
///
/// ```
/// use vit22b::eval::{Matrix, brier_score};
///
/// let score = brier_score(Matrix::new(&[1.0f32, 1.0], 2)?, &[0])?;
/// assert!((score - 0.5).abs() < 1e-12);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn brier_score<T: Real>(logits: Matrix<'_, T>, labels: &[usize]) -> Result<f64, EvalError> {
    check_labels(labels, logits.rows(), logits.columns())?;
    // Σ (p − y)² = Σ p² − 2 p(label) + 1
    let scores =
        map_rows(logits, 1.0, |row| row.purity() - 2.0 * row.probability(labels[row.index]) + 1.0)?;
    Ok(scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The range in which a temperature is sought. One of its ends is the answer where no temperature is best:
/// if all predictions are right, a lower one is always better, and if all are wrong, a higher one.
pub const TEMPERATURES: [f64; 2] = [0.01, 100.0];

/// The temperature in [`TEMPERATURES`] with the least negative log-likelihood. Fit it on other examples than
/// those that are reported.
///
/// The loss is convex in `β = 1 / temperature`, with the derivative `mean E_p[x] − x_label`, whose root is
/// found by bisection. For logits that are all equal, the temperature is 1.
///
/// # Shapes
///
/// - logits: `[n, c]`; labels: `n` classes
///
/// # Errors
///
/// [`EvalError`] where labels do not fit the logits, or logits are not numbers.
///
/// ```
/// use vit22b::eval::{Matrix, fit_temperature};
///
/// // The logits claim odds of 100 : 1; the true odds are 3 : 1.
/// let logits = [100f32.ln(), 0.0, 100f32.ln(), 0.0, 100f32.ln(), 0.0, 100f32.ln(), 0.0];
/// let temperature = fit_temperature(Matrix::new(&logits, 2)?, &[0, 0, 0, 1])?;
/// assert!((temperature - 100f64.ln() / 3f64.ln()).abs() < 1e-5);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn fit_temperature<T: Real>(logits: Matrix<'_, T>, labels: &[usize]) -> Result<f64, EvalError> {
    check_labels(labels, logits.rows(), logits.columns())?;
    let slope = |inverse: f64| -> Result<f64, EvalError> {
        let slopes = map_rows(logits, inverse, |row| row.nll_slope(labels[row.index]))?;
        Ok(slopes.iter().sum::<f64>() / slopes.len() as f64)
    };
    let [coldest, hottest] = TEMPERATURES;
    if slope(1.0)? == 0.0 {
        return Ok(1.0);
    }
    let (mut low, mut high) = (hottest.recip().ln(), coldest.recip().ln());
    // The logarithm of the range, 9.2, halved 34 times is 5e-10: the relative error of the temperature.
    for _ in 0..34 {
        let middle = 0.5 * (low + high);
        if slope(middle.exp())? > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok((-0.5 * (low + high)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_confidences_share_a_bin_in_any_order() {
        let correct = [true, false, true, false, true, true];
        for binning in [Binning::EqualMass(3), Binning::EqualWidth(3)] {
            let constant = Reliability::new(&[0.5; 6], &correct, binning).unwrap();
            assert_eq!(constant.bins.len(), 1);
            assert!((constant.expected_error() - 1.0 / 6.0).abs() < 1e-15);
        }
        let confidence = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        let diagram = Reliability::new(&confidence, &correct, Binning::EqualMass(3)).unwrap();
        let counts: Vec<usize> = diagram.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2, 2, 2]);
        assert_eq!(diagram.bins[1].range, [0.3, 0.4]);
        assert!((diagram.maximum_error() - 0.45).abs() < 1e-12);
        // More bins than examples: one for each.
        let diagram = Reliability::new(&confidence, &correct, Binning::EqualMass(90)).unwrap();
        assert_eq!(diagram.bins.len(), 6);
    }

    #[test]
    fn edges_belong_to_the_bin_below() {
        let diagram =
            Reliability::new(&[0.0, 0.5, 0.51, 1.0], &[true; 4], Binning::EqualWidth(2)).unwrap();
        assert_eq!(diagram.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(diagram.bins[1].range, [0.5, 1.0]);
    }

    #[test]
    fn without_a_best_temperature_it_is_an_end() {
        let logits = Matrix::new(&[1.0, 0.0, 0.0, 2.0], 2).unwrap();
        let [coldest, hottest] = TEMPERATURES;
        let fit = |labels| fit_temperature(logits, labels).unwrap();
        assert!((fit(&[0, 1]) / coldest - 1.0).abs() < 1e-8);
        assert!((fit(&[1, 0]) / hottest - 1.0).abs() < 1e-8);
        assert_eq!(fit_temperature(Matrix::new(&[3.0; 4], 2).unwrap(), &[0, 1]), Ok(1.0));
        let impossible = Matrix::new(&[f64::NEG_INFINITY, 0.0, 1.0, 0.0, 1.0, 0.0], 2).unwrap();
        assert!(fit_temperature(impossible, &[1, 0, 1]).unwrap().is_finite());
        assert_eq!(negative_log_likelihood(impossible, &[0, 0, 0], 1.0), Ok(f64::INFINITY));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let logits = Matrix::new(&[0.0f32, 1.0, 2.0, 3.0], 2).unwrap();
        let error = brier_score(logits, &[0, 2]).unwrap_err();
        let text = "class 2 of example 1 is out of range: the classes are 0 to 1";
        assert_eq!(error.to_string(), text);
        let error = negative_log_likelihood(logits, &[0], 1.0).unwrap_err();
        let text = "labels: expected 2 values, one for each example, got 1";
        assert_eq!(error.to_string(), text);
        let error = Reliability::new(&[0.5, 1.5], &[true; 2], Binning::EqualWidth(2)).unwrap_err();
        assert_eq!(error.to_string(), "confidence = 1.5: expected a probability in [0, 1]");
        let error = Reliability::new(&[0.5], &[true], Binning::EqualMass(0)).unwrap_err();
        let text = "bins: there are none; the measurement needs at least one";
        assert_eq!(error.to_string(), text);
        let error = Reliability::new(&[0.5, f64::NAN], &[true; 2], Binning::EqualMass(1));
        assert_eq!(error.unwrap_err(), EvalError::NotFinite { what: "confidences", row: 1 });
    }
}

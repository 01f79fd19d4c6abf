//! Demographic parity by post-processing: the randomised threshold optimiser.

use crate::eval::arrays::{EvalError, check_labels, check_length, check_numbers};

/// Settings of the randomised threshold optimiser (RTO), which turns scores into decisions such that the
/// rates of positive decisions of any two groups differ by at most a bound.
///
/// The decision on a score `f` of group `k` is positive with probability
/// `clip((f − t_k) / γ, 0, 1)`. The shifts `t_k` solve
///
/// `min Σ_i γ/2 h_i² − f_i h_i  with 0 ≤ h_i ≤ 1 and max_k mean h − min_k mean h ≤ ε`
///
/// which is convex. The publication solves it by stochastic gradient descent; here it is solved exactly. For
/// a given centre of the rates, the shift of each group is the root of a monotone function, and the best
/// centre is the minimum of a convex one.
///
/// # Reference
///
/// "A Near-Optimal Algorithm for Debiasing Trained Machine Learning Models" (arXiv 2106.12887),
/// which the paper uses in its section on fairness.
///
/// ```
/// use vit22b::eval::DemographicParityConfig;
///
/// let scores = [0.9, 0.4, 0.2, -0.5, -0.1, -0.6, -0.7, -0.9];
/// let group = [0, 0, 0, 0, 1, 1, 1, 1];
/// let unbounded = DemographicParityConfig { max_gap: 1.0, ..Default::default() }.fit(&scores, &group, 2)?;
/// assert!((unbounded.gap(&scores, &group)? - 0.75).abs() < 1e-9);
/// let bounded = DemographicParityConfig { max_gap: 0.1, ..Default::default() }.fit(&scores, &group, 2)?;
/// assert!(bounded.gap(&scores, &group)? < 0.1 + 1e-9);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemographicParityConfig {
    /// `γ`, the range of scores in which decisions are random. The smaller, the closer to a threshold.
    /// Default: 0.05, for scores `2 p − 1`.
    pub randomisation: f64,
    /// `ε`, the largest difference of the groups' rates of positive decisions, in [0, 1].
    pub max_gap: f64,
}

impl Default for DemographicParityConfig {
    fn default() -> Self {
        Self { randomisation: 0.05, max_gap: 0.05 }
    }
}

/// Thresholds with a shift for each group, which bound the gap between groups. Made by
/// [`DemographicParityConfig::fit`].
#[derive(Debug, Clone, PartialEq)]
pub struct DemographicParityThresholds {
    /// `t_k` of each group; 0 for a group without members.
    pub shifts: Vec<f64>,
    randomisation: f64,
}

impl DemographicParityConfig {
    /// Fits shifts to scores that are positive for a yes, such as `2 p − 1`. Fit them on the examples to be
    /// decided: the right answers are not needed.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, lengths differ, a score is NaN or infinite, a group is
    /// out of range or a setting has no meaning.
    pub fn fit(
        &self,
        scores: &[f64],
        group: &[usize],
        num_groups: usize,
    ) -> Result<DemographicParityThresholds, EvalError> {
        check_labels(group, scores.len(), num_groups)?;
        check_numbers("scores", scores)?;
        if let Some(row) = scores.iter().position(|score| score.is_infinite()) {
            return Err(EvalError::NotFinite { what: "scores", row });
        }
        let randomisation = self.randomisation;
        if !(randomisation > 0.0 && randomisation.is_finite()) {
            let expected = "a positive number";
            return Err(EvalError::Value { what: "randomisation", value: randomisation, expected });
        }
        if !(0.0..=1.0).contains(&self.max_gap) {
            let expected = "a difference of rates in [0, 1]";
            return Err(EvalError::Value { what: "max_gap", value: self.max_gap, expected });
        }
        let mut groups = vec![Vec::new(); num_groups];
        scores.iter().zip(group).for_each(|(score, group)| groups[*group].push(*score));
        let rule = Rule(randomisation);
        let half = self.max_gap / 2.0;
        let shifts_at = |centre: f64| -> Vec<f64> {
            let shift = |scores: &Vec<f64>| rule.shift(scores, centre - half, centre + half);
            groups.iter().map(shift).collect()
        };
        let objective = |centre: f64| -> f64 {
            let shifts = shifts_at(centre);
            groups.iter().zip(shifts).map(|(scores, shift)| rule.objective(scores, shift)).sum()
        };
        // A ternary search: each pass leaves two thirds of the range, and (2/3)^60 is 3e-11.
        let ends = [half, 1.0 - half];
        let [mut low, mut high] = ends;
        for _ in 0..60 {
            let third = (high - low) / 3.0;
            let (left, right) = (low + third, high - third);
            if objective(left) <= objective(right) { high = right } else { low = left }
        }
        // The search never reaches the ends of the range, so they are tried as well.
        let inside = 0.5 * (low + high);
        let better =
            |best: f64, end: f64| if objective(end) <= objective(best) { end } else { best };
        let centre = ends.into_iter().fold(inside, better);
        Ok(DemographicParityThresholds { shifts: shifts_at(centre), randomisation })
    }
}

/// `clip((f − t) / γ, 0, 1)`
#[derive(Clone, Copy)]
struct Rule(f64);

impl Rule {
    fn probability(self, score: f64, shift: f64) -> f64 {
        ((score - shift) / self.0).clamp(0.0, 1.0)
    }

    fn rate(self, scores: &[f64], shift: f64) -> f64 {
        scores.iter().map(|score| self.probability(*score, shift)).sum::<f64>()
            / scores.len() as f64
    }

    fn objective(self, scores: &[f64], shift: f64) -> f64 {
        let term = |score: &f64| {
            let h = self.probability(*score, shift);
            0.5 * self.0 * h * h - score * h
        };
        scores.iter().map(term).sum()
    }

    /// The shift nearest to 0 for which the rate of positive decisions is in a range.
    fn shift(self, scores: &[f64], low: f64, high: f64) -> f64 {
        if scores.is_empty() {
            return 0.0;
        }
        let target = self.rate(scores, 0.0).clamp(low.max(0.0), high.min(1.0));
        // Between these shifts the rate falls from 1 to 0.
        let smallest = scores.iter().copied().fold(f64::INFINITY, f64::min) - self.0;
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut below, mut above) = (smallest.min(0.0), largest.max(0.0));
        if self.rate(scores, 0.0) == target {
            return 0.0;
        }
        if self.rate(scores, 0.0) < target {
            above = 0.0
        } else {
            below = 0.0
        }
        for _ in 0..80 {
            let middle = 0.5 * (below + above);
            if self.rate(scores, middle) > target { below = middle } else { above = middle }
        }
        0.5 * (below + above)
    }
}

impl DemographicParityThresholds {
    /// The probability of a positive decision on each score.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if lengths differ, a score is NaN or a group was not in the fit.
    pub fn probabilities(&self, scores: &[f64], group: &[usize]) -> Result<Vec<f64>, EvalError> {
        check_labels(group, scores.len(), self.shifts.len())?;
        check_numbers("scores", scores)?;
        let rule = Rule(self.randomisation);
        let pairs = scores.iter().zip(group);
        Ok(pairs.map(|(score, group)| rule.probability(*score, self.shifts[*group])).collect())
    }

    /// The expected demographic parity gap: the largest rate of positive decisions of a group less the
    /// smallest.
    ///
    /// # Errors
    ///
    /// As [`Self::probabilities`].
    pub fn gap(&self, scores: &[f64], group: &[usize]) -> Result<f64, EvalError> {
        let probabilities = self.probabilities(scores, group)?;
        let mut sums = vec![(0.0, 0usize); self.shifts.len()];
        for (probability, group) in probabilities.iter().zip(group) {
            sums[*group].0 += probability;
            sums[*group].1 += 1;
        }
        let rates = sums.iter().filter(|(_, n)| *n > 0).map(|(sum, n)| sum / *n as f64);
        let (low, high) =
            rates.fold((1f64, 0f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        Ok((high - low).max(0.0))
    }

    /// The expected share of right decisions.
    ///
    /// # Errors
    ///
    /// As [`Self::probabilities`], and if there is no truth for each score.
    pub fn accuracy(
        &self,
        scores: &[f64],
        group: &[usize],
        truth: &[bool],
    ) -> Result<f64, EvalError> {
        check_length("truth", scores.len(), truth.len())?;
        let probabilities = self.probabilities(scores, group)?;
        let right = |(p, truth): (&f64, &bool)| if *truth { *p } else { 1.0 - p };
        Ok(probabilities.iter().zip(truth).map(right).sum::<f64>() / truth.len() as f64)
    }

    /// The decision on each score, drawn with its probability.
    ///
    /// # Errors
    ///
    /// As [`Self::probabilities`].
    pub fn decide(
        &self,
        scores: &[f64],
        group: &[usize],
        seed: u64,
    ) -> Result<Vec<bool>, EvalError> {
        let rng = &mut fastrand::Rng::with_seed(seed);
        let probabilities = self.probabilities(scores, group)?;
        Ok(probabilities.iter().map(|probability| rng.f64() < *probability).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn biased() -> (Vec<f64>, Vec<usize>, Vec<bool>) {
        let rng = &mut fastrand::Rng::with_seed(2);
        let group: Vec<usize> = (0..600).map(|i| i % 3).collect();
        let truth: Vec<bool> = group.iter().map(|k| rng.f64() < 0.3 + 0.2 * *k as f64).collect();
        let score = |truth: &bool| (if *truth { 0.4 } else { -0.4 }) + rng.f64() - 0.5;
        (truth.iter().map(score).collect(), group, truth)
    }

    #[test]
    fn the_gap_is_bounded_and_accuracy_falls_with_the_bound() {
        let (scores, group, truth) = biased();
        let mut last = 0.0;
        for max_gap in [0.0, 0.05, 0.2, 1.0] {
            let config = DemographicParityConfig { max_gap, randomisation: 0.01 };
            let thresholds = config.fit(&scores, &group, 3).unwrap();
            let gap = thresholds.gap(&scores, &group).unwrap();
            assert!(gap <= max_gap + 1e-6, "{gap} above {max_gap}");
            let accuracy = thresholds.accuracy(&scores, &group, &truth).unwrap();
            assert!(accuracy >= last - 0.005, "{accuracy} below {last}");
            last = accuracy;
        }
        // Without a bound nothing is shifted.
        let config = DemographicParityConfig { max_gap: 1.0, randomisation: 0.01 };
        assert_eq!(config.fit(&scores, &group, 3).unwrap().shifts, [0.0; 3]);
        let thresholds = DemographicParityConfig::default().fit(&scores, &group, 3).unwrap();
        let decisions = thresholds.decide(&scores, &group, 0).unwrap();
        assert_eq!(decisions, thresholds.decide(&scores, &group, 0).unwrap());
    }

    /// The conditions of optimality: no exchange of decisions between two groups that keeps the
    /// bound lowers the objective, tested with the centre moved either way.
    #[test]
    fn the_centre_is_the_best_one() {
        let (scores, group, _) = biased();
        let config = DemographicParityConfig { max_gap: 0.1, randomisation: 0.1 };
        let fitted = config.fit(&scores, &group, 3).unwrap();
        let objective = |shifts: &[f64]| -> f64 {
            let term = |(score, k): (&f64, &usize)| {
                Rule(0.1).objective(core::slice::from_ref(score), shifts[*k])
            };
            scores.iter().zip(&group).map(term).sum()
        };
        let best = objective(&fitted.shifts);
        for by in [-0.02, 0.02] {
            let moved: Vec<f64> = (0..3)
                .map(|k| {
                    let own: Vec<f64> = scores
                        .iter()
                        .zip(&group)
                        .filter(|(_, g)| **g == k)
                        .map(|(score, _)| *score)
                        .collect();
                    let rate = Rule(0.1).rate(&own, fitted.shifts[k]) + by;
                    Rule(0.1).shift(&own, rate, rate)
                })
                .collect();
            assert!(objective(&moved) > best - 1e-9, "{by}");
        }
    }

    #[test]
    fn constant_scores_and_empty_groups_have_an_answer() {
        let config = DemographicParityConfig { max_gap: 0.0, ..Default::default() };
        let thresholds = config.fit(&[0.5; 4], &[0, 0, 2, 2], 3).unwrap();
        assert_eq!(thresholds.shifts, [0.0; 3]);
        assert_eq!(thresholds.gap(&[0.5; 4], &[0, 0, 2, 2]), Ok(0.0));
        assert!(config.fit(&[], &[], 1).is_err());
        assert!(config.fit(&[f64::NAN], &[0], 1).is_err());
        assert!(config.fit(&[f64::INFINITY], &[0], 1).is_err());
        assert!(config.fit(&[1.0], &[1], 1).is_err());
        assert!(DemographicParityConfig { max_gap: 2.0, ..config }.fit(&[1.0], &[0], 1).is_err());
        assert!(
            DemographicParityConfig { randomisation: 0.0, ..config }.fit(&[1.0], &[0], 1).is_err()
        );
    }
}

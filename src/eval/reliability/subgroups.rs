//! Accuracy in each of many subgroups.

use crate::eval::arrays::{EvalError, check_length, check_some};

/// The accuracy in each subgroup of a set, and what says how even it is. Groups count alike, however many
/// examples they have.
///
/// ```
/// use vit22b::eval::SubgroupAccuracy;
///
/// let table = SubgroupAccuracy::new(&[true, true, false, true], &[0, 0, 2, 2])?;
/// assert_eq!(table.groups, [(0, 1.0), (2, 0.5)]);
/// assert_eq!((table.mean(), table.worst(), table.pooled), (0.75, (2, 0.5), 0.75));
/// assert_eq!(table.percentile(25.0)?, 0.625);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SubgroupAccuracy {
    /// Each group that has examples, in ascending order, with the share of them that is right.
    pub groups: Vec<(usize, f64)>,
    /// The share of all examples that is right.
    pub pooled: f64,
}

impl SubgroupAccuracy {
    /// Counts which examples of each group are right.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, or not a group for each.
    pub fn new(correct: &[bool], groups: &[usize]) -> Result<Self, EvalError> {
        check_some("examples", correct.len())?;
        check_length("groups", correct.len(), groups.len())?;
        let mut counts = std::collections::BTreeMap::<usize, [usize; 2]>::new();
        for (correct, group) in correct.iter().zip(groups) {
            let [right, all] = counts.entry(*group).or_default();
            *right += usize::from(*correct);
            *all += 1;
        }
        let share = |(group, [right, all]): (usize, [usize; 2])| (group, right as f64 / all as f64);
        let right = correct.iter().filter(|correct| **correct).count();
        let pooled = right as f64 / correct.len() as f64;
        Ok(Self { groups: counts.into_iter().map(share).collect(), pooled })
    }

    /// The mean over groups.
    pub fn mean(&self) -> f64 {
        self.shares().sum::<f64>() / self.groups.len() as f64
    }

    /// The variance over groups, divided by their number.
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        let squares = self.shares().map(|share| (share - mean) * (share - mean));
        squares.sum::<f64>() / self.groups.len() as f64
    }

    /// The median over groups.
    pub fn median(&self) -> f64 {
        self.between(0.5)
    }

    /// The group with the lowest accuracy, of several the first, and that accuracy.
    pub fn worst(&self) -> (usize, f64) {
        let lower = |a: (usize, f64), b: &(usize, f64)| if b.1 < a.1 { *b } else { a };
        self.groups.iter().fold(self.groups[0], lower)
    }

    /// A percentile over groups, from 0 to 100, linear between the nearest two.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] for another number.
    pub fn percentile(&self, percent: f64) -> Result<f64, EvalError> {
        if !(0.0..=100.0).contains(&percent) {
            let (what, expected) = ("percentile", "a number from 0 to 100");
            return Err(EvalError::Value { what, value: percent, expected });
        }
        Ok(self.between(percent / 100.0))
    }

    fn shares(&self) -> impl Iterator<Item = f64> {
        self.groups.iter().map(|(_, share)| *share)
    }

    /// The value below which this share of the groups lies.
    fn between(&self, share: f64) -> f64 {
        let mut sorted: Vec<f64> = self.shares().collect();
        sorted.sort_by(f64::total_cmp);
        let place = share * (sorted.len() - 1) as f64;
        let low = place.floor() as usize;
        let high = (low + 1).min(sorted.len() - 1);
        sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_one_and_bad_settings() {
        let one = SubgroupAccuracy::new(&[true, false], &[7, 7]).unwrap();
        assert_eq!(
            (one.mean(), one.variance(), one.median(), one.worst()),
            (0.5, 0.0, 0.5, (7, 0.5))
        );
        assert_eq!(one.percentile(100.0), Ok(0.5));
        assert!(one.percentile(f64::NAN).is_err() && one.percentile(-1.0).is_err());
        assert!(SubgroupAccuracy::new(&[], &[]).is_err());
        assert!(SubgroupAccuracy::new(&[true], &[0, 1]).is_err());
    }
}

//! Rates of a binary classifier's decisions by group, and the gaps between groups.

use crate::eval::arrays::{EvalError, check_labels, check_length};

/// Counts of a binary classifier's decisions on the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupRates {
    /// The number of members.
    pub count: usize,
    /// The number of members that are predicted positive.
    pub predicted: usize,
    /// The number of members that are positive.
    pub positives: usize,
    /// The number of positive members that are predicted positive.
    pub true_positives: usize,
    /// The number of members with the right prediction.
    pub correct: usize,
}

impl GroupRates {
    /// The share of members that are predicted positive; none for an empty group.
    pub fn positive_rate(&self) -> Option<f64> {
        share(self.predicted, self.count)
    }

    /// The share of positive members that are predicted positive; none for a group without positives.
    pub fn true_positive_rate(&self) -> Option<f64> {
        share(self.true_positives, self.positives)
    }

    /// The share of members with the right prediction; none for an empty group.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.correct, self.count)
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts of a binary classifier's decisions in each group, and the gaps between groups.
///
/// ```
/// use vit22b::eval::GroupTable;
///
/// let predicted = [true, false, true, true];
/// let truth = [true, true, true, false];
/// let table = GroupTable::new(&predicted, &truth, &[0, 0, 1, 1], 2)?;
/// assert_eq!(table.demographic_parity_gap()?, 0.5); // 1/2 against 1
/// assert_eq!(table.equal_opportunity_gap()?, 0.5); // 1/2 against 1
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTable {
    /// The groups; some may be empty.
    pub groups: Vec<GroupRates>,
}

impl GroupTable {
    /// Counts predictions, truth and group of each example.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no example, lengths differ, or a group is out of range.
    pub fn new(
        predicted: &[bool],
        truth: &[bool],
        group: &[usize],
        num_groups: usize,
    ) -> Result<Self, EvalError> {
        check_labels(group, predicted.len(), num_groups)?;
        check_length("truth", predicted.len(), truth.len())?;
        let mut groups = vec![GroupRates::default(); num_groups];
        for ((&predicted, &truth), &group) in predicted.iter().zip(truth).zip(group) {
            let rates = &mut groups[group];
            rates.count += 1;
            rates.predicted += usize::from(predicted);
            rates.positives += usize::from(truth);
            rates.true_positives += usize::from(predicted && truth);
            rates.correct += usize::from(predicted == truth);
        }
        Ok(Self { groups })
    }

    /// The demographic parity gap: the largest rate of positive predictions less the smallest.
    /// Empty groups do not count.
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] if fewer than two groups have members.
    pub fn demographic_parity_gap(&self) -> Result<f64, EvalError> {
        self.gap("groups with members", GroupRates::positive_rate)
    }

    /// The equal opportunity gap: the largest true positive rate less the smallest. Groups without
    /// positives do not count.
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] if fewer than two groups have positives.
    pub fn equal_opportunity_gap(&self) -> Result<f64, EvalError> {
        self.gap("groups with positives", GroupRates::true_positive_rate)
    }

    /// The accuracy gap: the largest accuracy of a group less the smallest.
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] if fewer than two groups have members.
    pub fn accuracy_gap(&self) -> Result<f64, EvalError> {
        self.gap("groups with members", GroupRates::accuracy)
    }

    fn gap(
        &self,
        what: &'static str,
        rate: impl Fn(&GroupRates) -> Option<f64>,
    ) -> Result<f64, EvalError> {
        let rates: Vec<f64> = self.groups.iter().filter_map(rate).collect();
        if rates.len() < 2 {
            return Err(EvalError::TooFew { what, expected: 2, got: rates.len() });
        }
        let (low, high) = (rates.iter().copied())
            .fold((1f64, 0f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        Ok(high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_groups_do_not_count_and_one_group_is_no_comparison() {
        let table = GroupTable::new(&[true, false], &[false, true], &[0, 3], 4).unwrap();
        assert_eq!(table.demographic_parity_gap(), Ok(1.0));
        assert_eq!(table.accuracy_gap(), Ok(0.0));
        assert_eq!(table.groups[1].accuracy(), None);
        let error = table.equal_opportunity_gap().unwrap_err();
        assert_eq!(error.to_string(), "groups with positives: expected at least 2, got 1");
        let error = GroupTable::new(&[true], &[true], &[2], 2).unwrap_err();
        assert_eq!(error, EvalError::Label { row: 0, label: 2, classes: 2 });
        assert!(GroupTable::new(&[true], &[], &[0], 2).is_err());
        assert!(GroupTable::new(&[], &[], &[], 2).is_err());
    }
}

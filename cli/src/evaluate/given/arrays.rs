//! Logits of any classifier, read.

/// Logits of a classifier with labels, and perhaps groups and logits of unknown examples.
pub(crate) struct GivenLogits {
    /// `[n, classes]`, row by row, as are those of the unknown examples.
    pub(crate) logits: Vec<f64>,
    pub(crate) labels: Vec<usize>,
    pub(crate) classes: usize,
    pub(crate) unknown: Option<Vec<f64>>,
    pub(crate) groups: Option<Vec<usize>>,
}

impl GivenLogits {
    /// What the numbers of each row sum to where they are probabilities: 1, or 100 in percent.
    pub(crate) fn sum_of_probabilities(&self) -> Option<u8> {
        let is_sum = |whole: &u8| {
            let whole = f64::from(*whole);
            self.logits.chunks_exact(self.classes).all(|row| {
                row.iter().all(|value| (0.0..=whole).contains(value))
                    // Half precision rounds each of them by up to 2.5e-4 of itself.
                    && (row.iter().sum::<f64>() / whole - 1.0).abs() < 2e-3
            })
        };
        [1, 100].into_iter().find(is_sum)
    }
}

/// The first row that a classifier cannot have given, and what is wrong with it.
pub(super) fn bad_row(values: &[f64], columns: usize) -> Option<(usize, &'static str)> {
    let problem = |row: &[f64]| match () {
        () if row.iter().any(|value| value.is_nan()) => Some("NaN, which is no logit"),
        () if row.contains(&f64::INFINITY) => Some("an infinite logit"),
        () if row.iter().all(|value| *value == f64::NEG_INFINITY) => Some("nothing but −∞"),
        () => None,
    };
    let rows = values.chunks_exact(columns.max(1)).map(problem).zip(0..);
    rows.filter_map(|(problem, row)| Some((row, problem?))).next()
}

//! Decisions for classes, compared with the true ones.

/// The confusion matrix: how often each true class was taken for each predicted class.
///
/// ```
/// use vit22b::eval::Confusion;
///
/// let confusion = Confusion::new(&[0, 1, 1], &[0, 0, 1], 2);
/// assert_eq!(confusion.counts, [[1, 1], [0, 1]]);
/// assert_eq!(confusion.recall(0), Some(0.5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// A row for each true class, a column for each predicted one.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Counts pairs of prediction and label. Pairs with a class from `num_classes` on are left out.
    pub fn new(predictions: &[usize], labels: &[usize], num_classes: usize) -> Self {
        let mut counts = vec![vec![0; num_classes]; num_classes];
        for (&prediction, &label) in predictions.iter().zip(labels) {
            if let Some(count) = counts.get_mut(label).and_then(|row| row.get_mut(prediction)) {
                *count += 1;
            }
        }
        Self { counts }
    }

    /// The share of a class's examples that were recognised; none for a class without examples.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let row = self.counts.get(class)?;
        let total: usize = row.iter().sum();
        (total > 0).then(|| row[class] as f64 / total as f64)
    }
}

/// The share of predictions that equal their label; 0 if there are none.
pub fn accuracy(predictions: &[usize], labels: &[usize]) -> f64 {
    let hits = predictions.iter().zip(labels).filter(|(a, b)| a == b).count();
    hits as f64 / labels.len().max(1) as f64
}

/// The index of the largest value; of several, the first.
pub(crate) fn argmax(values: &[f64]) -> usize {
    let first = |best: usize, i: usize| if values[i] > values[best] { i } else { best };
    (1..values.len()).fold(0, first)
}

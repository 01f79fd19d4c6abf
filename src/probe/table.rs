//! Features of images, a row for each.

use crate::eval::{EvalError, Matrix};

/// Feature vectors of equal length, a row for each image, with the images' names and labels.
///
/// ```
/// use vit22b::probe::FeatureTable;
///
/// let table = FeatureTable::new(vec![0.5, 1.0, -0.5, 2.0], 2)?
///     .with_names(["a.jpg", "b.jpg"])?
///     .with_labels(["cat", "dog"], vec![vec![1], vec![0]])?;
/// assert_eq!((table.rows(), table.columns()), (2, 2));
/// assert_eq!(table.matrix().row(1), [-0.5, 2.0]);
/// assert_eq!(table.first_labels()?, [1, 0]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    values: Vec<f32>,
    columns: usize,
    names: Vec<String>,
    classes: Vec<String>,
    labels: Vec<Vec<usize>>,
}

impl FeatureTable {
    /// Features `[n, d]` of `d` columns, row by row, without names and labels.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there are no columns, or the last row is not full.
    pub fn new(values: Vec<f32>, columns: usize) -> Result<Self, EvalError> {
        Matrix::new(&values, columns)?;
        Ok(Self { values, columns, names: vec![], classes: vec![], labels: vec![] })
    }

    /// Adds the name of each row's image.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] unless there is a name for each row.
    pub fn with_names<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, EvalError> {
        self.names = names.into_iter().map(Into::into).collect();
        self.check_rows("names", self.names.len())?;
        Ok(self)
    }

    /// Adds the names of the classes, and for each row the indices of its classes: none, one or many.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] unless there is a list of labels for each row, [`EvalError::Label`] for
    /// a label that is no index of a class.
    pub fn with_labels<C: Into<String>>(
        mut self,
        classes: impl IntoIterator<Item = C>,
        labels: Vec<Vec<usize>>,
    ) -> Result<Self, EvalError> {
        self.check_rows("labels", labels.len())?;
        self.classes = classes.into_iter().map(Into::into).collect();
        let classes = self.classes.len();
        for (row, labels) in labels.iter().enumerate() {
            if let Some(&label) = labels.iter().find(|label| **label >= classes) {
                return Err(EvalError::Label { row, label, classes });
            }
        }
        self.labels = labels;
        Ok(self)
    }

    fn check_rows(&self, what: &'static str, got: usize) -> Result<(), EvalError> {
        let expected = self.rows();
        if got == expected { Ok(()) } else { Err(EvalError::Length { what, expected, got }) }
    }

    /// The number of images.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// The length of a feature vector.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The features `[n, d]`, borrowed, as the measurements of [`eval`](crate::eval) take them.
    pub fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.values, self.columns).expect("checked when it was made")
    }

    /// The name of each row's image, or nothing if names were not given.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names of the classes, or nothing if labels were not given.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// For each row the indices of its classes, or nothing if labels were not given.
    pub fn labels(&self) -> &[Vec<usize>] {
        &self.labels
    }

    /// The first label of each row: what a classifier into one class learns and is asked for.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] if a row has no label.
    pub fn first_labels(&self) -> Result<Vec<usize>, EvalError> {
        let firsts = self.labels.iter().filter_map(|labels| labels.first().copied());
        let firsts: Vec<usize> = firsts.collect();
        self.check_rows("labels", firsts.len())?;
        Ok(firsts)
    }

    /// Some of the rows, in this order, with their names and labels.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut chosen = Self {
            values: vec![],
            columns: self.columns,
            names: vec![],
            classes: self.classes.clone(),
            labels: vec![],
        };
        for row in rows {
            chosen.values.extend(self.matrix().row(row));
            chosen.names.extend(self.names.get(row).cloned());
            chosen.labels.extend(self.labels.get(row).cloned());
        }
        chosen
    }

    /// The first row that holds a NaN or an infinity.
    pub fn first_non_finite(&self) -> Option<usize> {
        self.values.iter().position(|value| !value.is_finite()).map(|index| index / self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_belong_to_rows() {
        let table = || FeatureTable::new(vec![1.0, 2.0, f32::NAN, 4.0], 2).unwrap();
        assert_eq!(table().first_non_finite(), Some(1));
        let error = table().with_names(["a"]).unwrap_err();
        assert_eq!(error.to_string(), "names: expected 2 values, one for each example, got 1");
        let error = table().with_labels(["a"], vec![vec![], vec![1]]).unwrap_err();
        assert_eq!(error, EvalError::Label { row: 1, label: 1, classes: 1 });
        let table = table().with_labels(["a"], vec![vec![], vec![0]]).unwrap();
        let error = table.first_labels().unwrap_err();
        assert_eq!(error.to_string(), "labels: expected 2 values, one for each example, got 1");
    }
}

//! Outliers by a few examples of what they may be.

use crate::eval::arrays::{EvalError, Matrix, Real, map_rows};

/// How probable each example is to be an outlier, by a classifier whose last classes are those of outliers:
/// the sum of their probabilities. A head on frozen features with one example of each kind of outlier is such
/// a classifier, and so is a model of images and texts with the names of outliers among its classes.
///
/// ```
/// use vit22b::eval::{Matrix, RocCurve, outlier_scores};
///
/// // Two classes, and one of outliers.
/// let logits = [3.0, 0.0, 0.0, 0.0, 0.0, 3.0];
/// let scores = outlier_scores(Matrix::new(&logits, 3)?, 2)?;
/// assert!(scores[1] > 0.8 && scores[0] < 0.1);
/// assert_eq!(RocCurve::new(&scores[1..], &scores[..1])?.area(), 1.0);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
///
/// # Errors
///
/// [`EvalError`] if logits are not numbers, or there are not both classes and outlier classes.
///
/// # Reference
///
/// "Exploring the Limits of Out-of-Distribution Detection", section 4.
pub fn outlier_scores<T: Real>(
    logits: Matrix<'_, T>,
    classes: usize,
) -> Result<Vec<f64>, EvalError> {
    if !(1..logits.columns()).contains(&classes) {
        let expected = "at least 1, and fewer than there are columns of logits";
        return Err(EvalError::Value { what: "classes", value: classes as f64, expected });
    }
    let columns = logits.columns();
    map_rows(logits, 1.0, |row| (classes..columns).map(|class| row.probability(class)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_both_classes_and_outliers() {
        let logits = Matrix::new(&[0.0, 1.0, 2.0], 3).unwrap();
        assert!(outlier_scores(logits, 0).is_err() && outlier_scores(logits, 3).is_err());
        assert!(outlier_scores(logits, 1).unwrap()[0] < 1.0);
    }
}

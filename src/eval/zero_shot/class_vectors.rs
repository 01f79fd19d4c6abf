//! The vector of a class from those of its prompts.

use crate::eval::arrays::{EvalError, Matrix, Real, check_features, check_some};

/// Added to the norm by which a vector is divided.
const EPSILON: f64 = 1e-8;

/// The vector of each class: the mean of its prompts' vectors, each divided by its norm, divided by its own norm again.
/// Computed in double precision.
///
/// Of `prompts` the vectors of one class stand behind each other, `count` of them.
///
/// ```
/// use vit22b::eval::{Matrix, class_vectors};
///
/// let prompts = [3.0f32, 0.0, 0.0, 9.0];
/// let class = class_vectors(Matrix::new(&prompts, 2)?, 2)?;
/// assert!((class[0] - 0.5f32.sqrt()).abs() < 1e-6 && class[0] == class[1]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
///
/// # Errors
///
/// [`EvalError`] if there is no prompt, `count` does not divide their number, or a number is not finite.
pub fn class_vectors<T: Real>(prompts: Matrix<'_, T>, count: usize) -> Result<Vec<f32>, EvalError> {
    check_some("prompts", prompts.rows())?;
    if count == 0 || !prompts.rows().is_multiple_of(count) {
        let expected = prompts.rows().div_ceil(count.max(1)) * count.max(1);
        return Err(EvalError::Length { what: "prompts", expected, got: prompts.rows() });
    }
    check_features(prompts)?;
    let width = prompts.columns();
    let mut classes = Vec::with_capacity(prompts.rows() / count * width);
    for of_class in prompts.values().chunks_exact(count * width) {
        let mut mean = vec![0f64; width];
        for vector in of_class.chunks_exact(width) {
            let vector: Vec<f64> = vector.iter().map(|x| (*x).into()).collect();
            for (sum, x) in mean.iter_mut().zip(unit(&vector)) {
                *sum += x / count as f64;
            }
        }
        classes.extend(unit(&mean).map(|x| x as f32));
    }
    Ok(classes)
}

fn unit(vector: &[f64]) -> impl Iterator<Item = f64> {
    let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt() + EPSILON;
    vector.iter().map(move |x| x / norm)
}

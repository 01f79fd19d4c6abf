//! How alike images look, to a model and to people.

use crate::eval::arrays::{EvalError, Matrix, Real, check_length, check_numbers, check_some};
use crate::eval::confidence::RocCurve;

/// Added to the norms of tokens.
const EPSILON: f64 = 1e-10;

/// How far the tokens of two images are from each other in one block: each is divided by its norm, and the
/// squared difference is summed over the width and averaged over the tokens. The distance of two images is
/// the sum over the blocks that are looked at.
///
/// ```
/// use vit22b::eval::{Matrix, perceptual_distance};
///
/// // Two tokens of width 2: one is the same but for its length, the other is turned by a right angle.
/// let (a, b) = ([1.0, 0.0, 1.0, 0.0], [3.0, 0.0, 0.0, 1.0]);
/// let distance = perceptual_distance(Matrix::new(&a, 2)?, Matrix::new(&b, 2)?)?;
/// assert!((distance - 1.0).abs() < 1e-9);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
///
/// # Errors
///
/// [`EvalError`] for no tokens, others than the other image has, and values that are not finite.
///
/// # Reference
///
/// LPIPS without learned weights, with tokens in the place of maps: "Do Better ImageNet Classifiers Assess
/// Perceptual Similarity Better?"
pub fn perceptual_distance<T: Real>(
    tokens: Matrix<'_, T>,
    others: Matrix<'_, T>,
) -> Result<f64, EvalError> {
    check_some("tokens", tokens.rows())?;
    check_length("the tokens of the other image", tokens.rows(), others.rows())?;
    check_length("the width of the other image's tokens", tokens.columns(), others.columns())?;
    let mut sum = 0.0;
    for (row, (a, b)) in tokens.iter().zip(others.iter()).enumerate() {
        let [a, b] = [a, b].map(unit);
        let square: f64 = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum();
        if !square.is_finite() {
            return Err(EvalError::NotFinite { what: "tokens", row });
        }
        sum += square;
    }
    Ok(sum / tokens.rows() as f64)
}

fn unit<T: Real>(token: &[T]) -> Vec<f64> {
    let values: Vec<f64> = token.iter().map(|value| (*value).into()).collect();
    let norm = values.iter().map(|x| x * x).sum::<f64>().sqrt() + EPSILON;
    values.into_iter().map(|x| x / norm).collect()
}

/// How well distances agree with people who say which of two images is nearer to a reference (2AFC).
///
/// With the distances `d0`, `d1` of both images and the share `g` of people who prefer the second one, an
/// example scores `1 - g` where `d0 < d1`, `g` where `d1 < d0`, and a half where both are equal. Chance is a
/// half, and people, who do not agree with each other, are below 1.
///
/// # Errors
///
/// [`EvalError`] if there is no example, arrays have other lengths, a distance is NaN, or a share is none.
///
/// ```
/// use vit22b::eval::two_alternative_scores;
///
/// let scores = two_alternative_scores(&[0.1, 0.5, 0.2], &[0.3, 0.4, 0.2], &[0.2, 0.9, 1.0])?;
/// assert_eq!(scores, [0.8, 0.9, 0.5]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn two_alternative_scores(
    first: &[f64],
    second: &[f64],
    prefer_second: &[f64],
) -> Result<Vec<f64>, EvalError> {
    check_some("examples", first.len())?;
    check_length("distances of the second images", first.len(), second.len())?;
    check_length("shares", first.len(), prefer_second.len())?;
    check_numbers("distances of the first images", first)?;
    check_numbers("distances of the second images", second)?;
    if let Some(share) = prefer_second.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        let (what, expected) = ("a share of people", "a number from 0 to 1");
        return Err(EvalError::Value { what, value: *share, expected });
    }
    let pairs = first.iter().zip(second).zip(prefer_second);
    let score = |((first, second), share): ((&f64, &f64), &f64)| match first.total_cmp(second) {
        _ if first == second => 0.5,
        core::cmp::Ordering::Less => 1.0 - share,
        _ => *share,
    };
    Ok(pairs.map(score).collect())
}

/// How well distances tell images that people take for the same (JND): the average precision of the nearest
/// ones.
///
/// # Errors
///
/// [`EvalError`] if arrays have other lengths, a distance is NaN, or not both kinds are there.
pub fn just_noticeable_precision(distances: &[f64], same: &[bool]) -> Result<f64, EvalError> {
    check_length("answers", distances.len(), same.len())?;
    let of = |kind: bool| -> Vec<f64> {
        let chosen = distances.iter().zip(same).filter(|(_, same)| **same == kind);
        chosen.map(|(distance, _)| -distance).collect()
    };
    Ok(RocCurve::new(&of(true), &of(false))?.average_precision())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let one = Matrix::new(&[1.0, 2.0], 2).unwrap();
        let two = Matrix::new(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert!(perceptual_distance(one, two).is_err());
        let bad = Matrix::new(&[1.0, f64::NAN], 2).unwrap();
        assert_eq!(
            perceptual_distance(one, bad).unwrap_err(),
            EvalError::NotFinite { what: "tokens", row: 0 }
        );
        // A token of zeros has no direction, and no distance from itself.
        let zeros = Matrix::new(&[0.0, 0.0], 2).unwrap();
        assert_eq!(perceptual_distance(zeros, zeros), Ok(0.0));
        assert!(two_alternative_scores(&[0.0], &[0.0], &[1.5]).is_err());
        assert!(two_alternative_scores(&[f64::NAN], &[0.0], &[0.5]).is_err());
        assert!(two_alternative_scores(&[], &[], &[]).is_err());
        assert_eq!(two_alternative_scores(&[0.0], &[-0.0], &[1.0]).unwrap(), [0.5]);
        assert!(just_noticeable_precision(&[1.0], &[true, false]).is_err());
        assert!(just_noticeable_precision(&[1.0], &[true]).is_err());
    }
}

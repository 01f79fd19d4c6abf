//! How far two observers agree, and whether an observer goes by shape or by texture.
//!
//! The definitions are those of model-vs-human (arXiv 2106.07411) and of "Beyond accuracy:
//! quantifying trial-by-trial behaviour of CNNs and humans by measuring error consistency" (arXiv
//! 2006.16736).

use crate::eval::arrays::{EvalError, check_length, check_some};

/// The agreement of two observers: how often they are right, and wrong, on the same trials.
///
/// ```
/// use vit22b::eval::Agreement;
///
/// let (model, human) = ([true, true, false, true], [true, false, false, true]);
/// let agreement = Agreement::new(&model, &human)?;
/// assert_eq!(agreement.observed, 0.75);
/// assert_eq!(agreement.error_consistency(), 0.5);
/// assert_eq!(agreement.squared_accuracy_difference(), 0.0625);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The accuracy of each observer.
    pub accuracy: [f64; 2],
    /// Observed consistency: the share of trials on which both are right or both are wrong.
    pub observed: f64,
}

impl Agreement {
    /// Compares two observers by which of their answers to the same trials are right.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no trial, or the lengths differ.
    pub fn new(first: &[bool], second: &[bool]) -> Result<Self, EvalError> {
        check_some("trials", first.len())?;
        check_length("answers of the second observer", first.len(), second.len())?;
        let share = |count: usize| count as f64 / first.len() as f64;
        let right = |answers: &[bool]| share(answers.iter().filter(|right| **right).count());
        let same = first.iter().zip(second).filter(|(a, b)| a == b).count();
        Ok(Self { accuracy: [right(first), right(second)], observed: share(same) })
    }

    /// The consistency that is expected of independent observers with these accuracies:
    /// `p₁ p₂ + (1 − p₁)(1 − p₂)`.
    pub fn expected(&self) -> f64 {
        let [a, b] = self.accuracy;
        a * b + (1.0 - a) * (1.0 - b)
    }

    /// Error consistency, Cohen's kappa: `(observed − expected) / (1 − expected)`. It is 1 if
    /// the observers agree on every trial, even if both are always right or always wrong.
    pub fn error_consistency(&self) -> f64 {
        if self.observed == 1.0 {
            return 1.0;
        }
        (self.observed - self.expected()) / (1.0 - self.expected())
    }

    /// The squared difference of the two accuracies.
    pub fn squared_accuracy_difference(&self) -> f64 {
        (self.accuracy[0] - self.accuracy[1]).powi(2)
    }
}

/// Decisions on images whose shape is of one class and whose texture of another, counted by cue.
///
/// ```
/// use vit22b::eval::CueDecisions;
///
/// // Answers, classes of the shapes, classes of the textures. Images without conflict and answers
/// // that are neither do not count.
/// let decisions = CueDecisions::new(&[0, 1, 0, 2, 0], &[0, 0, 0, 1, 0], &[1, 1, 1, 0, 0])?;
/// assert_eq!((decisions.shape, decisions.texture, decisions.neither), (2, 1, 1));
/// assert_eq!(decisions.shape_bias(), Some(2.0 / 3.0));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CueDecisions {
    /// The number of answers with the class of the shape.
    pub shape: usize,
    /// The number of answers with the class of the texture.
    pub texture: usize,
    /// The number of other answers.
    pub neither: usize,
}

impl CueDecisions {
    /// Counts answers. Images whose shape and texture are of one class are left out.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] if the lengths differ.
    pub fn new(answers: &[usize], shapes: &[usize], textures: &[usize]) -> Result<Self, EvalError> {
        check_length("shapes", answers.len(), shapes.len())?;
        check_length("textures", answers.len(), textures.len())?;
        let mut decisions = Self::default();
        for ((answer, shape), texture) in answers.iter().zip(shapes).zip(textures) {
            if shape != texture {
                let count = match answer {
                    answer if answer == shape => &mut decisions.shape,
                    answer if answer == texture => &mut decisions.texture,
                    _ => &mut decisions.neither,
                };
                *count += 1;
            }
        }
        Ok(decisions)
    }

    /// Shape bias: the share of decisions for the shape among those for shape or texture; none if there are
    /// no such decisions.
    pub fn shape_bias(&self) -> Option<f64> {
        let decided = self.shape + self.texture;
        (decided > 0).then(|| self.shape as f64 / decided as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observers_that_always_agree_are_consistent() {
        for value in [true, false] {
            let agreement = Agreement::new(&[value; 3], &[value; 3]).unwrap();
            assert_eq!((agreement.expected(), agreement.error_consistency()), (1.0, 1.0));
        }
        // One is always right, the other never: they agree on no trial, as is expected by chance.
        let agreement = Agreement::new(&[true; 3], &[false; 3]).unwrap();
        assert_eq!(agreement.error_consistency(), 0.0);
    }

    #[test]
    fn no_trials_and_unequal_ones_are_errors() {
        assert_eq!(Agreement::new(&[], &[]).unwrap_err(), EvalError::Empty { what: "trials" });
        assert!(Agreement::new(&[true], &[true, false]).is_err());
        assert!(CueDecisions::new(&[1], &[1], &[]).is_err());
    }

    #[test]
    fn without_a_decision_there_is_no_bias() {
        assert_eq!(CueDecisions::new(&[2], &[0], &[1]).unwrap().shape_bias(), None);
        assert_eq!(CueDecisions::new(&[], &[], &[]).unwrap().shape_bias(), None);
    }
}

//! Labels of several raters, who do not all say the same.

use crate::eval::arrays::{EvalError, Matrix, Real, argmax, check_length, check_some, map_rows};

/// The distribution of raters' labels for each example.
///
/// ```
/// use vit22b::eval::{Matrix, SoftLabels};
///
/// // Three raters each; nobody has rated the last one.
/// let labels = SoftLabels::new(Matrix::new(&[3.0, 0.0, 1.0, 2.0, 0.0, 0.0], 2)?)?;
/// let scores = labels.compare(Matrix::new(&[5.0, 0.0, 0.0, 0.0, 1.0, 0.0], 2)?)?;
/// assert_eq!((scores.rated, scores.accuracy), (2, 0.5));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SoftLabels {
    classes: usize,
    shares: Vec<f64>,
    weights: Vec<f64>,
}

/// What a classifier's probabilities `p` are worth beside the raters' shares `h`: means over the examples,
/// by their weights.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SoftLabelScores {
    /// `-Σ h ln p`
    pub cross_entropy: f64,
    /// `Σ h ln (h / p)`: what is left of it where raters disagree.
    pub kl: f64,
    /// How often the most probable class is the one that most raters say; of several the first.
    pub accuracy: f64,
    /// How many examples have a weight.
    pub rated: usize,
    /// The cross-entropy of each example, whatever its weight.
    pub cross_entropies: Vec<f64>,
    /// The divergence of each example, whatever its weight.
    pub divergences: Vec<f64>,
}

impl SoftLabels {
    /// Votes, or shares, for each class of each example: `[n, c]`. Those of an example are divided by their
    /// sum; one without any has the weight 0, the others 1.
    ///
    /// # Errors
    ///
    /// [`EvalError`] for a vote that is negative or not finite.
    pub fn new<T: Real>(votes: Matrix<'_, T>) -> Result<Self, EvalError> {
        let (mut shares, mut weights) = (Vec::new(), Vec::new());
        for (row, votes) in votes.iter().enumerate() {
            let votes: Vec<f64> = votes.iter().map(|vote| (*vote).into()).collect();
            if let Some(vote) = votes.iter().find(|vote| !(**vote >= 0.0 && vote.is_finite())) {
                if !vote.is_finite() {
                    return Err(EvalError::NotFinite { what: "votes", row });
                }
                let (what, expected) = ("a vote", "a number from 0 on");
                return Err(EvalError::Value { what, value: *vote, expected });
            }
            let sum: f64 = votes.iter().sum();
            weights.push(if sum > 0.0 { 1.0 } else { 0.0 });
            shares.extend(votes.iter().map(|vote| if sum > 0.0 { vote / sum } else { 0.0 }));
        }
        Ok(Self { classes: votes.columns(), shares, weights })
    }

    /// The same with a weight for each example; those of 0 do not count.
    ///
    /// # Errors
    ///
    /// [`EvalError`] unless there is a weight for each example, from 0 on, and 0 where nobody has voted.
    pub fn with_weights(self, weights: &[f64]) -> Result<Self, EvalError> {
        check_length("weights", self.weights.len(), weights.len())?;
        for (weight, voted) in weights.iter().zip(&self.weights) {
            let valid = *weight >= 0.0 && weight.is_finite() && (*weight == 0.0 || *voted > 0.0);
            if !valid {
                let (what, expected) =
                    ("a weight", "a number from 0 on, and 0 where nobody has voted");
                return Err(EvalError::Value { what, value: *weight, expected });
            }
        }
        Ok(Self { weights: weights.to_vec(), ..self })
    }

    /// Compares a classifier's logits with the raters' shares.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if logits are not numbers or of another number of examples or classes, and if no
    /// example has a weight.
    pub fn compare<T: Real>(&self, logits: Matrix<'_, T>) -> Result<SoftLabelScores, EvalError> {
        check_length("the rows of logits", self.weights.len(), logits.rows())?;
        check_length("the columns of logits", self.classes, logits.columns())?;
        let of_rows = map_rows(logits, 1.0, |row| {
            let shares = &self.shares[row.index * self.classes..][..self.classes];
            // A class that nobody says adds nothing, however improbable it is.
            let said = || shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
            let cross_entropy: f64 = said().map(|(class, h)| h * row.nll(class)).sum();
            let divergence: f64 = said().map(|(class, h)| h * (h.ln() + row.nll(class))).sum();
            (cross_entropy, divergence, row.argmax == argmax(shares))
        })?;
        let total: f64 = self.weights.iter().sum();
        let rated = self.weights.iter().filter(|weight| **weight > 0.0).count();
        check_some("examples with a weight", rated)?;
        let mean = |of: &dyn Fn(&(f64, f64, bool)) -> f64| {
            let weighted = self.weights.iter().zip(&of_rows).filter(|(weight, _)| **weight > 0.0);
            weighted.map(|(weight, row)| weight * of(row)).sum::<f64>() / total
        };
        Ok(SoftLabelScores {
            cross_entropy: mean(&|row| row.0),
            kl: mean(&|row| row.1),
            accuracy: mean(&|row| f64::from(u8::from(row.2))),
            rated,
            cross_entropies: of_rows.iter().map(|row| row.0).collect(),
            divergences: of_rows.iter().map(|row| row.1).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_and_weights_that_say_nothing_are_refused() {
        let labels = |votes: &[f64]| SoftLabels::new(Matrix::new(votes, 2).unwrap());
        assert!(labels(&[1.0, -1.0]).is_err() && labels(&[f64::NAN, 1.0]).is_err());
        let some = labels(&[1.0, 0.0, 0.0, 0.0]).unwrap();
        assert!(some.clone().with_weights(&[1.0]).is_err());
        assert!(some.clone().with_weights(&[1.0, 1.0]).is_err());
        assert!(some.clone().with_weights(&[-1.0, 0.0]).is_err());
        let logits = [0.0, f64::NEG_INFINITY, 0.0, 0.0];
        let scores = some.clone().compare(Matrix::new(&logits, 2).unwrap()).unwrap();
        assert_eq!((scores.cross_entropy, scores.kl, scores.accuracy), (0.0, 0.0, 1.0));
        assert!(some.compare(Matrix::new(&logits[..2], 2).unwrap()).is_err());
        let nothing = labels(&[0.0, 0.0]).unwrap();
        assert!(nothing.compare(Matrix::new(&[0.0, 1.0], 2).unwrap()).is_err());
    }
}

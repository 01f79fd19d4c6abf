//! Lengths of time in training, in the unit that suits.

use serde::{Deserialize, Serialize};

use crate::train::error::{TrainError, invalid};

/// A number of steps, said in steps, epochs, examples or percent of the run.
///
/// ```
/// use vit22b::train::{Budget, Duration};
///
/// let budget = Budget::new(Duration::Epochs(3.0), 128, Some(1_280))?;
/// assert_eq!(budget.total_steps, 30);
/// assert_eq!(budget.steps("warmup", Duration::Percent(10.0))?, 3);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// Optimizer steps.
    Steps(u64),
    /// Passes over the training data.
    Epochs(f64),
    /// Training examples.
    Examples(u64),
    /// Percent, 0 to 100, of the whole run.
    Percent(f64),
}

/// What turns a [`Duration`] into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps of the whole run, at least 1.
    pub total_steps: u64,
    /// Examples of a step, at least 1.
    pub batch_size: u64,
    /// Examples of a pass over the training data, where it is finite.
    pub examples_per_epoch: Option<u64>,
}

impl Budget {
    /// The budget of a run of length `total`, which cannot be said in percent.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] that names `total` or `batch_size`.
    pub fn new(
        total: Duration,
        batch_size: u64,
        examples_per_epoch: Option<u64>,
    ) -> Result<Self, TrainError> {
        if batch_size == 0 {
            return Err(invalid("batch_size", batch_size, "at least 1"));
        }
        if let Duration::Percent(_) = total {
            let rule = "give the whole run in steps, epochs or examples";
            return Err(invalid("total", format!("{total:?}"), rule));
        }
        let budget = Self { total_steps: 1, batch_size, examples_per_epoch };
        let total_steps = budget.steps("total", total)?;
        if total_steps == 0 {
            return Err(invalid("total", format!("{total:?}"), "at least one step"));
        }
        Ok(Self { total_steps, ..budget })
    }

    /// The nearest number of steps.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] that names `field` for a percentage outside 0 to 100, a negative or
    /// non-finite number of epochs, or epochs of data without a known size.
    pub fn steps(&self, field: &str, duration: Duration) -> Result<u64, TrainError> {
        let examples = |examples: f64| (examples / self.batch_size as f64).round() as u64;
        match duration {
            Duration::Steps(steps) => Ok(steps),
            Duration::Examples(n) => Ok(examples(n as f64)),
            Duration::Epochs(epochs) if !(epochs.is_finite() && epochs >= 0.0) => {
                Err(invalid(field, format!("{epochs} epochs"), "a finite number from 0"))
            }
            Duration::Epochs(epochs) => match self.examples_per_epoch {
                Some(size) => Ok(examples(epochs * size as f64)),
                None => {
                    let rule = "the data has no known size; use steps, examples or percent";
                    Err(invalid(field, format!("{epochs} epochs"), rule))
                }
            },
            Duration::Percent(percent) if !(0.0..=100.0).contains(&percent) => {
                let rule = "percentages lie in 0 to 100; 10 % is 10, not 0.1";
                Err(invalid(field, format!("{percent} %"), rule))
            }
            Duration::Percent(percent) => {
                Ok((percent / 100.0 * self.total_steps as f64).round() as u64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_gives_steps() {
        let budget = Budget::new(Duration::Examples(6_400), 64, Some(640)).unwrap();
        for (duration, steps) in [
            (Duration::Steps(7), 7),
            (Duration::Epochs(0.5), 5),
            (Duration::Examples(128), 2),
            (Duration::Percent(25.0), 25),
        ] {
            assert_eq!(budget.steps("x", duration).unwrap(), steps, "{duration:?}");
        }
    }

    #[test]
    fn what_has_no_meaning_names_its_field() {
        let message = |total, batch, size| Budget::new(total, batch, size).unwrap_err().to_string();
        assert_eq!(
            message(Duration::Epochs(1.0), 8, None),
            "total = 1 epochs is not valid: the data has no known size; use steps, examples or percent"
        );
        assert_eq!(message(Duration::Steps(1), 0, None), "batch_size = 0 is not valid: at least 1");
        assert_eq!(
            message(Duration::Steps(0), 1, None),
            "total = Steps(0) is not valid: at least one step"
        );
        let budget = Budget::new(Duration::Steps(10), 1, None).unwrap();
        assert_eq!(
            budget.steps("warmup", Duration::Percent(101.0)).unwrap_err().to_string(),
            "warmup = 101 % is not valid: percentages lie in 0 to 100; 10 % is 10, not 0.1"
        );
    }
}

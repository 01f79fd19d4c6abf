//! Learning-rate schedules as functions of a step that is a tensor.

use core::f64::consts::PI;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::runtime::host;
use crate::train::duration::{Budget, Duration};
use crate::train::error::{TrainError, invalid};

/// How the factor falls after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// It stays 1.
    Constant,
    /// `1 / sqrt(1 + t / timescale)`, `t` counted from the end of the warm-up: training may stop
    /// or go on at any time, ViT-22B's choice.
    ReciprocalSqrt {
        /// After this time the factor is `1 / √2`.
        timescale: Duration,
    },
    /// `(1 + cos(π t / T)) / 2`, 0 at the end of the run.
    Cosine,
    /// From 1 to 0 at the end of the run.
    Linear,
}

/// A factor on the learning rate: a decay, times a linear rise from 0 over the warm-up, times a
/// linear fall to 0 over the cool-down at the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The fall after the warm-up.
    pub decay: Decay,
    /// Length of the rise at the start; 0 for none.
    pub warmup: Duration,
    /// Length of the fall at the end; 0 for none.
    pub cooldown: Duration,
}

impl Schedule {
    /// The schedule with its lengths in steps.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for a length that is not valid, or if warm-up and cool-down overlap.
    pub fn resolve(&self, budget: &Budget) -> Result<ResolvedSchedule, TrainError> {
        let warmup = budget.steps("schedule.warmup", self.warmup)?;
        let cooldown = budget.steps("schedule.cooldown", self.cooldown)?;
        if warmup.saturating_add(cooldown) > budget.total_steps {
            let rule = format!(
                "with a cool-down of {cooldown} steps it does not fit a run of {} steps; shorten one of them",
                budget.total_steps
            );
            return Err(invalid("schedule.warmup", format!("{warmup} steps"), rule));
        }
        let timescale = match self.decay {
            Decay::ReciprocalSqrt { timescale } => {
                match budget.steps("schedule.timescale", timescale)? {
                    0 => return Err(invalid("schedule.timescale", "0 steps", "at least 1 step")),
                    steps => steps,
                }
            }
            _ => 1,
        };
        Ok(ResolvedSchedule {
            decay: self.decay,
            warmup: warmup as f64,
            cooldown: cooldown as f64,
            timescale: timescale as f64,
            total: budget.total_steps as f64,
        })
    }
}

/// A [`Schedule`] of a run of known length. Made by [`Schedule::resolve`].
///
/// ```
/// use vit22b::train::{Budget, Decay, Duration, Schedule};
///
/// // ViT-22B's: 177,000 steps, of which 10,000 warm-up and 30,000 cool-down.
/// let schedule = Schedule {
///     decay: Decay::ReciprocalSqrt { timescale: Duration::Steps(10_000) },
///     warmup: Duration::Steps(10_000),
///     cooldown: Duration::Steps(30_000),
/// };
/// let schedule = schedule.resolve(&Budget::new(Duration::Steps(177_000), 65_536, None)?)?;
/// assert_eq!(schedule.at(5_000), 0.5);
/// assert_eq!(schedule.at(10_000), 1.0);
/// assert!((schedule.at(147_000) - 0.261).abs() < 5e-4);
/// assert_eq!(schedule.at(177_000), 0.0);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResolvedSchedule {
    decay: Decay,
    warmup: f64,
    cooldown: f64,
    timescale: f64,
    total: f64,
}

impl ResolvedSchedule {
    /// The factor at a step. Both are tensors of one element; the step is an f32, which is exact up to 16.7
    /// million steps.
    pub fn factor(&self, step: Tensor<1>) -> Tensor<1> {
        let after_warmup = step.clone().sub_scalar(self.warmup).clamp_min(0.0);
        let length = (self.total - self.warmup).max(1.0);
        let progress = || after_warmup.clone().div_scalar(length).clamp_max(1.0);
        let mut factor = match self.decay {
            Decay::Constant => step.ones_like(),
            Decay::ReciprocalSqrt { .. } => {
                after_warmup.clone().div_scalar(self.timescale).add_scalar(1.0).sqrt().recip()
            }
            Decay::Cosine => progress().mul_scalar(PI).cos().add_scalar(1.0).mul_scalar(0.5),
            Decay::Linear => progress().neg().add_scalar(1.0),
        };
        if self.warmup > 0.0 {
            factor = factor * step.clone().div_scalar(self.warmup).clamp_max(1.0);
        }
        if self.cooldown > 0.0 {
            let left = step.neg().add_scalar(self.total);
            factor = factor * left.div_scalar(self.cooldown).clamp(0.0, 1.0);
        }
        factor
    }

    /// The factor at a step, for logs and plots.
    pub fn at(&self, step: u64) -> f64 {
        let step = Tensor::from_floats([step as f32], &host());
        self.factor(step).into_scalar()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(decay: Decay, warmup: u64, cooldown: u64, total: u64) -> ResolvedSchedule {
        let (warmup, cooldown) = (Duration::Steps(warmup), Duration::Steps(cooldown));
        let budget = Budget::new(Duration::Steps(total), 1, None).unwrap();
        Schedule { decay, warmup, cooldown }.resolve(&budget).unwrap()
    }

    #[test]
    fn each_decay_has_its_shape() {
        let cosine = schedule(Decay::Cosine, 10, 0, 110);
        let linear = schedule(Decay::Linear, 10, 0, 110);
        let constant = schedule(Decay::Constant, 0, 20, 110);
        for (schedule, step, expected) in [
            (&cosine, 0, 0.0),
            (&cosine, 5, 0.5),
            (&cosine, 10, 1.0),
            (&cosine, 60, 0.5),
            (&cosine, 110, 0.0),
            (&linear, 10, 1.0),
            (&linear, 35, 0.75),
            (&linear, 110, 0.0),
            (&constant, 0, 1.0),
            (&constant, 90, 1.0),
            (&constant, 100, 0.5),
            (&constant, 110, 0.0),
            // After the end it stays at the end.
            (&constant, 200, 0.0),
            (&cosine, 200, 0.0),
        ] {
            approx::assert_abs_diff_eq!(schedule.at(step), expected, epsilon = 1e-6);
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_errors() {
        let budget = Budget::new(Duration::Steps(10), 1, None).unwrap();
        let (warmup, cooldown) = (Duration::Steps(8), Duration::Percent(50.0));
        let error =
            Schedule { decay: Decay::Cosine, warmup, cooldown }.resolve(&budget).unwrap_err();
        assert_eq!(
            error.to_string(),
            "schedule.warmup = 8 steps is not valid: with a cool-down of 5 steps it does not fit a \
             run of 10 steps; shorten one of them"
        );
    }
}

//! What a step reported, as numbers.

use crate::train::step::state::StepMetrics;

/// [`StepMetrics`] as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepReading {
    /// The loss before the update.
    pub loss: f32,
    /// Joint norm of all gradients, before clipping.
    pub gradient_norm: f32,
    /// Peak times schedule.
    pub learning_rate: f32,
    /// Whether loss and gradient norm are finite; if not, the step was skipped.
    pub finite: bool,
}

impl StepReading {
    pub(crate) fn of(metrics: StepMetrics) -> Self {
        Self {
            loss: metrics.loss.into_scalar(),
            gradient_norm: metrics.gradient_norm.into_scalar(),
            learning_rate: metrics.learning_rate.into_scalar(),
            finite: metrics.finite.into_scalar::<i64>() == 1,
        }
    }
}

//! The mean of the parameters over the end of a run.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::params::NamedTensors;
use crate::train::duration::{Budget, Duration};
use crate::train::error::{TrainError, invalid};

use super::ema::move_averages;

/// The uniform mean of the parameters after each step from one on, as Polyak averaging takes it. Until then it is the
/// parameters themselves. Steps that are left out because they are not finite count nowhere.
///
/// `average ← average + (parameter − average) / n` with `n` the number of steps in the mean, in f32, so
/// that all steps weigh the same however many there are.
///
/// # Reference
///
/// "Acceleration of Stochastic Approximation by Averaging" (Polyak and Juditsky); "Scaling Vision Transformers" uses it
/// with a constant learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Polyak {
    /// The steps that the mean leaves out at the beginning of the run.
    pub from: Duration,
}

/// A [`Polyak`] of a run of known length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ResolvedPolyak {
    from: f64,
}

impl Polyak {
    pub(crate) fn resolve(&self, budget: &Budget) -> Result<ResolvedPolyak, TrainError> {
        let from = budget.steps("polyak.from", self.from)?;
        if from >= budget.total_steps {
            let rule = format!("less than the {} steps of the run", budget.total_steps);
            return Err(invalid("polyak.from", format!("{from} steps"), rule));
        }
        Ok(ResolvedPolyak { from: from as f64 })
    }
}

impl ResolvedPolyak {
    /// The mean after a step. `taken` is the number of steps that were taken before it, in a tensor of one element.
    pub(crate) fn update(
        &self,
        averages: NamedTensors,
        parameters: &NamedTensors,
        taken: &Tensor<1>,
    ) -> NamedTensors {
        // n is 1 at the first step of the mean and before it.
        let n = taken.clone().sub_scalar(self.from).clamp_min(0.0).add_scalar(1.0);
        let decay = n.recip().neg().add_scalar(1.0);
        move_averages(averages, parameters, &decay)
    }
}

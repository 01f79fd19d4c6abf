//! Averages of parameters.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::params::blocks::by_block;
use crate::params::{NamedTensors, TensorFn};
use crate::train::error::{TrainError, fraction};

/// Running averages of the parameters, which often do better on held-out data than the last parameters.
///
/// `average ← d average + (1 − d) parameter` with `d = min(decay, (1 + t) / (10 + t))`, which is small
/// at first, so that the averages soon forget the first parameters. `t` counts the steps before this one.
///
/// The ramp is that of TensorFlow's moving averages. timm's `ModelEmaV3` begins with the parameters of the first
/// step and then keeps `d` constant or lets it rise as `1 − (1 + t / γ)^−power`; optax's `ema` begins with zeros and
/// divides by `1 − decay^t`. They differ at the beginning of a run alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ema {
    /// In [0, 1); 0.9999 averages over about ten thousand steps.
    pub decay: f64,
}

impl Ema {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        fraction("ema.decay", self.decay)
    }

    /// The averages after a step. `step` is the number of steps before it, in a tensor of one element.
    pub fn update(
        &self,
        averages: NamedTensors,
        parameters: &NamedTensors,
        step: &Tensor<1>,
    ) -> NamedTensors {
        let ramp = step.clone().add_scalar(1.0) / step.clone().add_scalar(10.0);
        move_averages(averages, parameters, &ramp.clamp_max(self.decay))
    }
}

/// `decay average + (1 − decay) parameter`.
pub(super) fn move_averages(
    averages: NamedTensors,
    parameters: &NamedTensors,
    decay: &Tensor<1>,
) -> NamedTensors {
    let [averages] = by_block([averages, parameters.clone()], |[averages, parameters]| {
        [averages.map(&mut Average { decay, parameters: &parameters })]
    });
    averages
}

struct Average<'a> {
    decay: &'a Tensor<1>,
    parameters: &'a NamedTensors,
}

impl TensorFn for Average<'_> {
    fn call<const D: usize>(&mut self, path: &str, average: Tensor<D>) -> Tensor<D> {
        match self.parameters.get::<D>(path) {
            Some(parameter) => {
                let decay = self.decay.clone().reshape([1; D]);
                parameter.clone() + (average - parameter) * decay
            }
            None => average,
        }
    }
}

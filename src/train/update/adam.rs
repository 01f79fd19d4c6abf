//! Adam's moments and SGD's momentum.

use burn::tensor::{DType, Tensor, bf16};
use serde::{Deserialize, Serialize};

use crate::params::NamedTensors;
use crate::train::precision::Precision;

use super::slot::{Slot, take};

/// Adam's direction `m̂ / (√v̂ + ε)`, with bias correction. Followed by decoupled weight decay
/// it is AdamW.
///
/// # Reference
///
/// "Decoupled Weight Decay Regularization", algorithm 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// ε, added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Adam {
    pub(super) fn slots<const D: usize>(&self, parameter: &Tensor<D>) -> Vec<Slot<D>> {
        ["adam.first", "adam.second"].map(|name| (name, parameter.dims(), parameter.dtype())).into()
    }

    pub(super) fn update<const D: usize>(
        &self,
        path: &str,
        gradient: Tensor<D>,
        step: &Tensor<1>,
        state: &mut NamedTensors,
    ) -> Tensor<D> {
        let mut average = |name: &str, beta: f64, new: Tensor<D>| {
            let name = format!("adam.{name}/{path}");
            let old = take::<D>(state, &name);
            let average = old.mul_scalar(beta) + new.mul_scalar(1.0 - beta);
            state.insert(name, average.clone());
            // 1 - β^(t + 1), as exp and log: the step is a tensor.
            let steps = step.clone().add_scalar(1.0);
            let correction = steps.mul_scalar(beta.ln()).exp().neg().add_scalar(1.0);
            average / correction.reshape([1; D])
        };
        let first = average("first", self.beta1, gradient.clone());
        let second = average("second", self.beta2, gradient.square());
        first / second.sqrt().add_scalar(self.epsilon)
    }
}

/// The momentum of SGD: `m ← μ m + g`, which is the update, or `g + μ m` with Nesterov's.
///
/// # Reference
///
/// optax's `trace`, whose `accumulator_dtype` is `precision` here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Momentum {
    /// μ, in [0, 1).
    pub momentum: f64,
    /// Whether it is Nesterov's momentum, which looks one step ahead.
    pub nesterov: bool,
    /// The type in which `m` is kept between steps. With bf16, as big_vision fine-tunes, `μ m` is computed in
    /// bf16, and the update is `m` before it is rounded. A device that has no bf16 keeps it in f32.
    #[serde(default)]
    pub precision: Precision,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false, precision: Precision::F32 }
    }
}

impl Momentum {
    pub(super) fn slots<const D: usize>(&self, parameter: &Tensor<D>) -> Vec<Slot<D>> {
        let dtype = match self.precision {
            Precision::F32 => parameter.dtype(),
            Precision::Bf16 => DType::BF16,
        };
        vec![("momentum", parameter.dims(), dtype)]
    }

    pub(super) fn update<const D: usize>(
        &self,
        path: &str,
        gradient: Tensor<D>,
        state: &mut NamedTensors,
    ) -> Tensor<D> {
        let name = format!("momentum/{path}");
        let old = take::<D>(state, &name);
        let kept = old.dtype();
        let decayed = match kept {
            // JAX takes a number for one of the tensor's type, so μ is rounded too.
            DType::BF16 => {
                old.mul_scalar(bf16::from_f64(self.momentum).to_f64()).cast(gradient.dtype())
            }
            _ => old.mul_scalar(self.momentum),
        };
        let trace = decayed + gradient.clone();
        state.insert(name, trace.clone().cast(kept));
        if self.nesterov { gradient + trace.mul_scalar(self.momentum) } else { trace }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    type Update = Box<dyn Fn(Tensor<1>, &Tensor<1>, &mut NamedTensors) -> Tensor<1>>;

    /// optax 0.2's `scale_by_adam` and `trace` on the same gradients; f32, some roundings.
    #[test]
    fn updates_are_those_of_optax() {
        let (adam, momentum) = (Adam::default(), Momentum::default());
        let nesterov = Momentum { nesterov: true, ..momentum };
        let cases: [(Update, [[f32; 2]; 3]); 3] = [
            (Box::new(move |g, step, state| adam.update("p", g, step, state)), ADAM),
            (Box::new(move |g, _, state| momentum.update("p", g, state)), TRACE),
            (Box::new(move |g, _, state| nesterov.update("p", g, state)), NESTEROV),
        ];
        for (update, expected) in cases {
            let device = Device::flex();
            let mut state = NamedTensors::default();
            let parameter = Tensor::<1>::zeros([2], &device);
            for (name, shape, _) in [adam.slots(&parameter), momentum.slots(&parameter)].concat() {
                state.insert(format!("{name}/p"), Tensor::<1>::zeros(shape, &device));
            }
            for (step, (gradient, expected)) in GRADIENTS.iter().zip(expected).enumerate() {
                let gradient = Tensor::<1>::from_floats(*gradient, &device);
                let step = Tensor::<1>::from_floats([step as f32], &device);
                let got = update(gradient, &step, &mut state).into_data();
                for (got, expected) in got.iter::<f32>().zip(expected) {
                    approx::assert_relative_eq!(got, expected, max_relative = 2e-5);
                }
            }
        }
    }

    const GRADIENTS: [[f32; 2]; 3] = [[1.0, -3.0], [-2.0, 1e-4], [0.5, 0.25]];
    const ADAM: [[f32; 2]; 3] =
        [[0.999_993_4, -0.999_993_4], [-0.366_099_86, -0.670_026_7], [-0.136_690_18, -0.463_040_1]];
    const TRACE: [[f32; 2]; 3] = [[1.0, -3.0], [-1.1, -2.6999], [-0.49, -2.179_91]];
    const NESTEROV: [[f32; 2]; 3] = [[1.9, -5.7], [-2.99, -2.429_81], [0.059, -1.711_919]];
}

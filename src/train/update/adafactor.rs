//! Adafactor in big_vision's form.

use burn::tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::params::NamedTensors;

use super::slot::{Slot, take};

/// Adafactor as the ViT-G and ViT-22B recipes use it: the second moment of a large matrix is kept
/// as the means of its rows and columns, the first moment as an average in bf16 without bias
/// correction. No clipping of updates and no scaling by the size of parameters.
///
/// `v ← β₂ v + (1 − β₂) (g² + ε)` with `β₂ = min(cap, 1 − (t + 1)^−decay)`, and
/// `m ← β₁ m + (1 − β₁) g / √v`, which is the update.
///
/// # Reference
///
/// `scale_by_adafactor` of big_vision's `optax.py`; "Scaling Vision Transformers", section 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adafactor {
    /// β₁ of the first moment, in [0, 1).
    pub momentum: f64,
    /// Exponent of the decay of the second moment, above 0.
    pub decay_rate: f64,
    /// Upper limit of β₂, in (0, 1).
    pub beta2_cap: f64,
    /// The second moment is factored if the two longest axes have at least this length.
    pub min_dim_size_to_factor: usize,
    /// ε, added to the squared gradient.
    pub epsilon: f64,
}

impl Default for Adafactor {
    /// big_vision's values.
    fn default() -> Self {
        Self {
            momentum: 0.9,
            decay_rate: 0.8,
            beta2_cap: 0.999,
            min_dim_size_to_factor: 32,
            epsilon: 1e-30,
        }
    }
}

impl Adafactor {
    /// The tensors that are kept for a parameter.
    pub(super) fn slots<const D: usize>(&self, parameter: &Tensor<D>) -> Vec<Slot<D>> {
        let shape = parameter.dims();
        let first = ("adafactor.first", shape, DType::BF16);
        match self.factored_axes(shape) {
            Some((row, column)) => vec![
                first,
                ("adafactor.row", without(shape, column), DType::F32),
                ("adafactor.column", without(shape, row), DType::F32),
            ],
            None => vec![first, ("adafactor.second", shape, DType::F32)],
        }
    }

    /// The update that follows from a gradient. `step` is the number of steps before this one, in a tensor
    /// of one element.
    pub(super) fn update<const D: usize>(
        &self,
        path: &str,
        gradient: Tensor<D>,
        step: &Tensor<1>,
        state: &mut NamedTensors,
    ) -> Tensor<D> {
        let decayed = step.clone().add_scalar(1.0).powf_scalar(-self.decay_rate);
        let beta2 = decayed.neg().add_scalar(1.0).clamp_max(self.beta2_cap).reshape([1; D]);
        let square = gradient.clone().square().add_scalar(self.epsilon);
        let mut average = |name: &str, new: Tensor<D>| {
            let name = format!("adafactor.{name}/{path}");
            let old = take::<D>(state, &name);
            let average = old * beta2.clone() + new * beta2.clone().neg().add_scalar(1.0);
            state.insert(name, average.clone());
            average
        };
        let scaled = match self.factored_axes(gradient.dims()) {
            Some((row, column)) => {
                let rows = average("row", square.clone().mean_dim(column));
                let columns = average("column", square.mean_dim(row));
                let row_factor = (rows.clone() / rows.mean_dim(row)).sqrt().recip();
                gradient * row_factor * columns.sqrt().recip()
            }
            None => gradient * average("second", square).sqrt().recip(),
        };
        let name = format!("adafactor.first/{path}");
        // The product is rounded to bf16 and the sum taken in f32, as JAX's promotion rules do in
        // big_vision. The losses of its runs come out to 1e-3 only with the rounding in this place.
        let old = take::<D>(state, &name).mul_scalar(self.momentum).cast(DType::F32);
        let first = old + scaled.mul_scalar(1.0 - self.momentum);
        state.insert(name, first.clone().cast(DType::BF16));
        first
    }

    /// The second-longest and the longest axis, if both are long enough. Of two axes of
    /// one length the later counts as the longer.
    fn factored_axes<const D: usize>(&self, shape: [usize; D]) -> Option<(usize, usize)> {
        if D < 2 {
            return None;
        }
        let mut axes: Vec<usize> = (0..D).collect();
        axes.sort_by_key(|axis| shape[*axis]);
        let (row, column) = (axes[D - 2], axes[D - 1]);
        (shape[row] >= self.min_dim_size_to_factor).then_some((row, column))
    }
}

fn without<const D: usize>(mut shape: [usize; D], axis: usize) -> [usize; D] {
    shape[axis] = 1;
    shape
}

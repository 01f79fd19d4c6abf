//! Adafactor in big_vision's form.

use burn::tensor::{DType, Shape, Tensor};
use serde::{Deserialize, Serialize};

use crate::params::NamedTensors;
use crate::train::error::{TrainError, fraction, invalid, positive};

use super::slot::{Slot, take};

/// Adafactor as the ViT-G and ViT-22B recipes use it: the second moment of a large matrix is kept
/// as the means of its rows and columns, the first moment as an average in bf16 without bias
/// correction (in f32 on a device that has no bf16). No clipping of updates and no scaling by the size of parameters.
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
    /// ε, added to the squared gradient, above 0.
    pub epsilon: f64,
    /// The number of attention heads `h` by which the parameters of attention are factored as the authors'
    /// lie, kernels as `[d, h, k]` and `[h, k, d]`: over the two longest of these axes, which are `d` and
    /// the larger of `h` and `k`. None factors them as they lie here, `[d, h k]` and `[h k, d]`. It holds for
    /// all layers of attention, whose paths have a part that ends in `attn`.
    #[serde(default)]
    pub attention_heads: Option<usize>,
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
            attention_heads: None,
        }
    }
}

impl Adafactor {
    /// An error for a setting that is not valid for a model with these parameters.
    pub(super) fn validate(&self, parameters: &[(String, Shape)]) -> Result<(), TrainError> {
        fraction("adafactor.momentum", self.momentum)?;
        fraction("adafactor.beta2_cap", self.beta2_cap)?;
        positive("adafactor.decay_rate", self.decay_rate)?;
        positive("adafactor.epsilon", self.epsilon)?;
        let Some(heads) = self.attention_heads else { return Ok(()) };
        for (path, shape) in parameters {
            if let Some(axis) = axis_of_heads(path)
                && let Some(width) = shape.as_slice().get(axis.min(shape.num_dims() - 1))
                && (heads == 0 || !width.is_multiple_of(heads))
            {
                let rule = format!("a divisor of {width}, the width of all heads in {path}");
                return Err(invalid("adafactor.attention_heads", heads, rule));
            }
        }
        Ok(())
    }

    /// The tensors that are kept for a parameter.
    pub(super) fn slots<const D: usize>(&self, path: &str, parameter: &Tensor<D>) -> Vec<Slot<D>> {
        let shape = parameter.dims();
        let first = ("adafactor.first", shape, DType::BF16);
        let view = self.view(path, &shape);
        let kept = |axis| match &view {
            // A view has one axis more than the parameter.
            Some(view) => remove(view, axis),
            None => without(shape, axis),
        };
        match self.factored_axes(view.as_deref().unwrap_or(&shape)) {
            Some((row, column)) => vec![
                first,
                ("adafactor.row", kept(column), DType::F32),
                ("adafactor.column", kept(row), DType::F32),
            ],
            None => vec![first, ("adafactor.second", shape, DType::F32)],
        }
    }

    /// The update that follows from a gradient. `step` is the number of steps that were taken before this
    /// one, in a tensor of one element.
    pub(super) fn update<const D: usize>(
        &self,
        path: &str,
        gradient: Tensor<D>,
        step: &Tensor<1>,
        state: &mut NamedTensors,
    ) -> Tensor<D> {
        let decayed = step.clone().add_scalar(1.0).powf_scalar(-self.decay_rate);
        let beta2 = decayed.neg().add_scalar(1.0).clamp_max(self.beta2_cap).reshape([1; D]);
        let shape = gradient.dims();
        let view = self.view(path, &shape);
        let axes = self.factored_axes(view.as_deref().unwrap_or(&shape));
        let mut average = |name: &str, new: Tensor<D>| {
            let name = format!("adafactor.{name}/{path}");
            let old = take::<D>(state, &name);
            let average = old * beta2.clone() + new * beta2.clone().neg().add_scalar(1.0);
            state.insert(name, average.clone());
            average
        };
        let scaled = match (axes, view.as_deref()) {
            (Some(axes), None) => factored(gradient, axes, self.epsilon, average),
            (Some(axes), Some(&[a, b])) => {
                let average = |name: &str, new: Tensor<2>| through(name, new, &mut average);
                factored(gradient.reshape([a, b]), axes, self.epsilon, average).reshape(shape)
            }
            (Some(axes), Some(&[a, b, c])) => {
                let average = |name: &str, new: Tensor<3>| through(name, new, &mut average);
                factored(gradient.reshape([a, b, c]), axes, self.epsilon, average).reshape(shape)
            }
            _ => {
                let square = gradient.clone().square().add_scalar(self.epsilon);
                gradient * average("second", square).sqrt().recip()
            }
        };
        let name = format!("adafactor.first/{path}");
        // The product is rounded to bf16 and the sum taken in f32, as JAX's promotion rules do in
        // big_vision. The losses of its runs come out to 1e-3 only with the rounding in this place.
        let old = take::<D>(state, &name);
        let kept = old.dtype();
        let first =
            old.mul_scalar(self.momentum).cast(DType::F32) + scaled.mul_scalar(1.0 - self.momentum);
        state.insert(name, first.clone().cast(kept));
        first
    }

    /// The second-longest and the longest axis, if both are long enough. Of two axes of
    /// one length the later counts as the longer.
    fn factored_axes(&self, shape: &[usize]) -> Option<(usize, usize)> {
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.sort_by_key(|axis| shape[*axis]);
        let [.., row, column] = axes[..] else { return None };
        (shape[row] >= self.min_dim_size_to_factor).then_some((row, column))
    }

    /// The shape of a parameter of attention with its heads as an axis of their own.
    fn view(&self, path: &str, shape: &[usize]) -> Option<Vec<usize>> {
        let (heads, axis) = (self.attention_heads?, axis_of_heads(path)?);
        // A bias has the last axis of its kernel alone.
        let axis = if shape.len() == 1 { 0 } else { axis };
        let mut view = shape.to_vec();
        view.splice(axis..=axis, [heads, shape[axis] / heads]);
        Some(view)
    }
}

/// The axis along which a parameter of attention has its heads, one after the other. The bias of the output
/// has none.
fn axis_of_heads(path: &str) -> Option<usize> {
    let mut names = path.rsplit('.');
    let (parameter, layer, module) = (names.next()?, names.next()?, names.next()?);
    if !module.ends_with("attn") {
        return None;
    }
    match (layer, parameter) {
        ("query" | "key" | "value", "weight" | "bias") => Some(1),
        ("out", "weight") => Some(0),
        _ => None,
    }
}

/// A gradient divided by the root of its second moment, which is kept as means over two axes: the second-longest,
/// and the longest. `average` takes the squares of this step into the average of its name.
fn factored<const D: usize>(
    gradient: Tensor<D>,
    (row, column): (usize, usize),
    epsilon: f64,
    mut average: impl FnMut(&str, Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let square = gradient.clone().square().add_scalar(epsilon);
    let rows = average("row", square.clone().mean_dim(column));
    let columns = average("column", square.mean_dim(row));
    let row_factor = (rows.clone() / rows.mean_dim(row)).sqrt().recip();
    gradient * row_factor * columns.sqrt().recip()
}

/// An average of a view of a parameter, which is kept without the axis that the mean was taken over.
fn through<const V: usize, const D: usize>(
    name: &str,
    new: Tensor<V>,
    average: &mut impl FnMut(&str, Tensor<D>) -> Tensor<D>,
) -> Tensor<V> {
    let shape = new.dims();
    let axis = shape.iter().position(|length| *length == 1).unwrap_or(0);
    average(name, new.reshape(remove::<D>(&shape, axis))).reshape(shape)
}

/// The shape of a view without an axis.
fn remove<const D: usize>(view: &[usize], axis: usize) -> [usize; D] {
    std::array::from_fn(|index| view[index + usize::from(index >= axis)])
}

fn without<const D: usize>(mut shape: [usize; D], axis: usize) -> [usize; D] {
    shape[axis] = 1;
    shape
}

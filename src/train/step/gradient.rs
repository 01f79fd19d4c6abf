//! Gradients by parameter path.

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use burn_trace::{Params, TensorTree, value_and_grad_of};

use crate::params::{self, NamedTensors, TensorFn, blocks};

/// The loss and its gradient by parameter path, except for paths that are frozen. What the loss
/// needs besides the parameters goes through `inputs`.
///
/// It is the same on devices that compute and on the one that records for XLA.
///
/// # Panics
///
/// If the model or the inputs have gradients already.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use vit22b::train::value_and_grad;
///
/// let device = Device::flex();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let x = Tensor::<2>::from_data([[3.0, 5.0]], &device);
/// let (_, gradients) = value_and_grad(&model, |path| path == "bias", x, |model, x| {
///     model.forward(x).sum()
/// });
/// assert_eq!(gradients.len(), 1);
/// let gradient: Vec<f32> = gradients.get::<2>("weight").unwrap().into_data().try_to_vec().unwrap();
/// assert_eq!(gradient, [3.0, 5.0]);
/// ```
pub fn value_and_grad<M: Module + 'static, I: TensorTree>(
    model: &M,
    frozen: impl Fn(&str) -> bool,
    inputs: I,
    loss: impl FnOnce(&M, I) -> Tensor<1>,
) -> (Tensor<1>, NamedTensors) {
    let model = Params(model.clone());
    let chosen = |path: &str| !frozen(path);
    let (loss, gradients) =
        value_and_grad_of(&model, chosen, &inputs, |model, inputs| loss(&model, inputs))
            .expect("a module is a tree of its own parameters");
    let all = params::collect(&gradients.0).into_iter();
    (loss, all.filter(|(path, _)| !frozen(path)).collect())
}

/// Casts gradients to f32. In bf16 training they are taken with respect to the rounded copy of the
/// parameters and arrive in bf16.
pub(crate) fn widened(gradients: NamedTensors) -> NamedTensors {
    blocks::map(gradients, &mut Widen)
}

struct Widen;

impl TensorFn for Widen {
    fn call<const D: usize>(&mut self, _: &str, tensor: Tensor<D>) -> Tensor<D> {
        tensor.cast(DType::F32)
    }
}

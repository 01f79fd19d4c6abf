//! Gradients inside a recorded function.

use std::any::Any;

use burn::tensor::{Bool, Gradients, Int, Tensor};
use burn_autodiff::grads::Gradients as Recorded;
use burn_backend::AutodiffBackend;
use burn_capture::CaptureBackend;

use super::error::TreeError;
use super::leaf::{Leaf, TensorLeaf};
use super::traced::Tracking;
use super::tree::{Source, TensorTree, walk};

/// The loss, and its gradient by each float leaf of `params`; zeros where the loss does not depend
/// on it. Leaves of other kinds have no gradient; what stands in their place has no meaning.
///
/// It works in a function that is recorded, where `Tensor::backward` does not, and on any other
/// device. What the loss needs besides the parameters must go through `inputs`: tensors with and
/// without gradients do not mix. No gradient is taken by the inputs.
///
/// # Errors
///
/// [`TreeError`] if a tree does not fit itself.
///
/// # Panics
///
/// If `params` or `inputs` have gradients already.
pub fn value_and_grad<P: TensorTree, I: TensorTree>(
    params: &P,
    inputs: &I,
    loss: impl FnOnce(P, I) -> Tensor<1>,
) -> Result<(Tensor<1>, P), TreeError> {
    value_and_grad_of(params, |_| true, inputs, loss)
}

/// As [`value_and_grad`], with no gradient by the leaves whose paths are not chosen; what stands
/// in their place has no meaning.
///
/// # Errors
///
/// As [`value_and_grad`].
///
/// # Panics
///
/// As [`value_and_grad`].
pub fn value_and_grad_of<P: TensorTree, I: TensorTree>(
    params: &P,
    choose: impl Fn(&str) -> bool,
    inputs: &I,
    loss: impl FnOnce(P, I) -> Tensor<1>,
) -> Result<(Tensor<1>, P), TreeError> {
    let params = lifted(params, choose)?;
    let loss = loss(params.clone(), lifted(inputs, |_| false)?);
    let (value, grads) = backward(loss);
    let mut tensors = Vec::new();
    walk(&params, |_, leaf| tensors.push(leaf.grad(&grads)))?;
    let grads = params.rebuild(&mut Source::tensors(tensors))?;
    Ok((value, grads))
}

/// The gradients of a loss.
#[allow(missing_debug_implementations)]
pub enum Grads {
    /// In a function that is recorded.
    Recorded(Recorded),
    /// Elsewhere.
    Eager(Gradients),
}

fn lifted<T: TensorTree>(tree: &T, choose: impl Fn(&str) -> bool) -> Result<T, TreeError> {
    let mut tensors: Vec<Box<dyn Any>> = Vec::new();
    walk(tree, |path, leaf: &dyn Leaf| tensors.push(leaf.lift(choose(path))))?;
    tree.rebuild(&mut Source::tensors(tensors))
}

fn backward(loss: Tensor<1>) -> (Tensor<1>, Grads) {
    match loss.clone().try_into_primitive::<Tracking>() {
        Ok(primitive) => {
            let value = Tensor::from_primitive::<CaptureBackend>(primitive.primitive().clone());
            (value, Grads::Recorded(primitive.backward()))
        }
        Err(_) => {
            let grads = loss.backward();
            (loss.inner(), Grads::Eager(grads))
        }
    }
}

pub(super) fn lift_float<const D: usize>(tensor: &Tensor<D>, requires_grad: bool) -> Tensor<D> {
    let lifted = match tensor.clone().try_into_primitive::<CaptureBackend>() {
        Ok(primitive) => {
            let lifted = <Tracking as AutodiffBackend>::from_inner(primitive);
            let lifted = if requires_grad { lifted.require_grad() } else { lifted };
            return Tensor::from_primitive::<Tracking>(lifted);
        }
        Err(_) => Tensor::from_inner(tensor.clone()),
    };
    lifted.set_require_grad(requires_grad)
}

pub(super) fn grad_of<const D: usize>(tensor: &Tensor<D>, grads: &Grads) -> Tensor<D> {
    match grads {
        Grads::Eager(grads) => {
            tensor.grad(grads).unwrap_or_else(|| tensor.clone().inner().zeros_like())
        }
        Grads::Recorded(grads) => match tensor.clone().try_into_primitive::<Tracking>() {
            Ok(primitive) => match primitive.grad(grads) {
                Some(grad) => Tensor::from_primitive::<CaptureBackend>(grad),
                None => Tensor::from_primitive::<CaptureBackend>(primitive.into_primitive())
                    .zeros_like(),
            },
            Err(_) => tensor.zeros_like(),
        },
    }
}

macro_rules! lift {
    ($($name:ident $tensor:ty),*) => { $(
        pub(super) fn $name<const D: usize>(tensor: &$tensor, _: bool) -> $tensor {
            match tensor.clone().try_into_primitive::<CaptureBackend>() {
                Ok(primitive) => <$tensor>::from_primitive::<Tracking>(primitive),
                Err(_) => <$tensor>::from_inner(tensor.clone()),
            }
        }
    )* };
}
lift!(lift_int Tensor<D, Int>, lift_bool Tensor<D, Bool>);

pub(super) fn no_grad<T: TensorLeaf>(tensor: &T, _: &Grads) -> T {
    T::placeholder(&tensor.ty(), &tensor.device().without_autodiff())
}

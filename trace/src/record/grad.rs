//! Gradients inside a recorded function.

use std::any::Any;

use burn::tensor::Tensor;
use burn_capture::CaptureBackend;

use crate::error::TreeError;
use crate::recorder::Tracking;
use crate::tree::{Grads, Leaf, Leaves, TensorTree, walk};

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
    let grads = params.rebuild(&mut Leaves::tensors(tensors))?;
    Ok((value, grads))
}

fn lifted<T: TensorTree>(tree: &T, choose: impl Fn(&str) -> bool) -> Result<T, TreeError> {
    let mut tensors: Vec<Box<dyn Any>> = Vec::new();
    walk(tree, |path, leaf: &dyn Leaf| tensors.push(leaf.lift(choose(path))))?;
    tree.rebuild(&mut Leaves::tensors(tensors))
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

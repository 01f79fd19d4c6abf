//! Gradients inside of a recorded function.

use std::any::Any;

use burn::tensor::Tensor;
use burn_capture::CaptureBackend;

use crate::error::TreeError;
use crate::recorder::Tracking;
use crate::tree::{Grads, Leaf, Leaves, TensorTree, each, seen, walk};

/// The loss, and its gradients with respect to the float leaves of `params`: a tree like `params`, with
/// zeros where the loss does not depend on a leaf. Leaves of other kinds have no gradient; the tensors in
/// their place have no meaning.
///
/// It works on every device, also in a function that is recorded, where `Tensor::backward` does not. All
/// tensors that the loss needs besides the parameters go through `inputs`, because tensors with and without
/// gradients do not mix. No gradient is taken with respect to the inputs. Running state that the loss changes,
/// such as the statistics of batch norm, is changed in `params` and `inputs`; it has no gradient. In a function
/// that is recorded, the loss may run such a module once.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::value_and_grad;
///
/// let w = Tensor::<1>::from_floats([1., 2.], &Device::flex());
/// let (loss, gradient) = value_and_grad(&w, &(), |w, ()| w.square().sum())?;
/// assert_eq!(loss.into_scalar::<f32>(), 5.);
/// assert_eq!(gradient.into_data().try_to_vec::<f32>().unwrap(), [2., 4.]);
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
///
/// # Errors
///
/// [`TreeError`] if a tree does not rebuild what it shows.
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

/// As [`value_and_grad`], with respect to the leaves whose paths are chosen. The tensors in the place of
/// other leaves have no meaning.
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
    let lifted_params = Lifted::new(params, choose)?;
    let lifted_inputs = Lifted::new(inputs, |_| false)?;
    let loss = loss(lifted_params.tree.clone(), lifted_inputs.tree.clone());
    let (value, grads) = backward(loss);
    let grads = each(&lifted_params.tree, |leaf| leaf.grad(&grads))?;
    lifted_params.give_back(params)?;
    lifted_inputs.give_back(inputs)?;
    Ok((value, grads))
}

/// A tree on the device that takes gradients.
struct Lifted<T> {
    tree: T,
    has_running_state: bool,
}

impl<T: TensorTree> Lifted<T> {
    fn new(tree: &T, choose: impl Fn(&str) -> bool) -> Result<Self, TreeError> {
        let mut tensors: Vec<Box<dyn Any>> = Vec::new();
        let has_running_state =
            seen(tree, &mut |path, leaf: &dyn Leaf| tensors.push(leaf.lift(choose(path))))
                .has_running_state;
        Ok(Self { tree: tree.rebuild(&mut Leaves::tensors(tensors))?, has_running_state })
    }

    /// Brings running state that the loss has changed, such as the statistics of batch norm, into the tree that
    /// was lifted, as if that one had been run.
    fn give_back(self, tree: &T) -> Result<(), TreeError> {
        if !self.has_running_state {
            return Ok(());
        }
        let mut tensors: Vec<Box<dyn Any>> = Vec::new();
        walk(&self.tree, |_, leaf| tensors.push(leaf.lowered()))?;
        tree.rebuild(&mut Leaves::updating(tensors)).map(drop)
    }
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

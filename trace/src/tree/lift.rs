//! Tensors on the device that takes gradients, and the gradients with respect to them.

use burn::tensor::{Bool, Gradients, Int, Tensor};
use burn_autodiff::grads::Gradients as Recorded;
use burn_backend::AutodiffBackend;
use burn_capture::CaptureBackend;

use crate::recorder::Tracking;

/// The gradients of a loss, to be asked for leaf by leaf.
#[allow(missing_debug_implementations)]
pub enum Grads {
    /// Of a function that is recorded.
    Recorded(Recorded),
    /// Of tensors with values.
    Eager(Gradients),
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

pub(super) fn lower_float<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    match tensor.clone().try_into_primitive::<Tracking>() {
        Ok(primitive) => Tensor::from_primitive::<CaptureBackend>(primitive.primitive().clone()),
        Err(_) => tensor.clone().inner(),
    }
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
    ($($name:ident $lower:ident $tensor:ty),*) => { $(
        pub(super) fn $lower<const D: usize>(tensor: &$tensor) -> $tensor {
            match tensor.clone().try_into_primitive::<Tracking>() {
                Ok(primitive) => <$tensor>::from_primitive::<CaptureBackend>(primitive),
                Err(_) => tensor.clone().inner(),
            }
        }

        pub(super) fn $name<const D: usize>(tensor: &$tensor, _: bool) -> $tensor {
            match tensor.clone().try_into_primitive::<CaptureBackend>() {
                Ok(primitive) => <$tensor>::from_primitive::<Tracking>(primitive),
                Err(_) => <$tensor>::from_inner(tensor.clone()),
            }
        }
    )* };
}
lift!(lift_int lower_int Tensor<D, Int>, lift_bool lower_bool Tensor<D, Bool>);

//! Marks that leave a tensor as it is.

use burn::tensor::{Int, Tensor};
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn_capture::CaptureBackend;

use crate::recorder::{Primitive, Tracking, record_one, type_of};
use crate::wire::{Hint, Mark};

/// Names a tensor, so that a rolled loop can keep it for the backward pass:
/// [`Save::Named`](crate::Save::Named). The tensor is returned as it is.
pub fn checkpoint_name<const D: usize>(tensor: Tensor<D>, name: &str) -> Tensor<D> {
    identity(tensor, Hint::Named(name.to_owned()), None)
}

/// Has a compiled program compute a tensor once and keep it in memory, where it would else be computed again
/// inside of each operation that reads it: for a tensor that several products read. It is returned as it is.
pub fn materialize<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    identity(tensor, Hint::Materialize, None)
}

/// As [`materialize`], for whole numbers.
pub fn materialize_int<const D: usize>(tensor: Tensor<D, Int>) -> Tensor<D, Int> {
    let hint = Hint::Materialize;
    if let Ok(x) = tensor.clone().try_into_primitive::<CaptureBackend>() {
        return Tensor::from_primitive::<CaptureBackend>(recorded(&x, &hint));
    }
    let Ok(x) = tensor.clone().try_into_primitive::<Tracking>() else { return tensor };
    Tensor::from_primitive::<Tracking>(recorded(&x, &hint))
}

/// Records a mark on the tensor, and one on its gradient.
pub(super) fn identity<const D: usize>(
    tensor: Tensor<D>,
    forward: Hint,
    backward: Option<Hint>,
) -> Tensor<D> {
    if let Ok(x) = tensor.clone().try_into_primitive::<CaptureBackend>() {
        return Tensor::from_primitive::<CaptureBackend>(recorded(&x, &forward));
    }
    let Ok(x) = tensor.clone().try_into_primitive::<Tracking>() else { return tensor };
    let prepared = Identity(backward).prepare::<NoCheckpointing>([x.node()]).compute_bound();
    let y = recorded(x.primitive(), &forward);
    Tensor::from_primitive::<Tracking>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

fn recorded(x: &Primitive, hint: &Hint) -> Primitive {
    let mark = Mark::Identity { hint: hint.clone(), tensor: x };
    record_one(&x.client, &mark, type_of(x))
}

#[derive(Debug)]
struct Identity(Option<Hint>);

impl Backward<CaptureBackend, 1> for Identity {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<CaptureBackend, _>(ops.parents, ops.node, grads, |grad| match &self.0 {
            Some(hint) => recorded(&grad, hint),
            None => grad,
        });
    }
}

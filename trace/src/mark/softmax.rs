//! Softmax as one operation with one gradient.

use burn::tensor::{Tensor, activation};
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn_capture::CaptureBackend;

use crate::recorder::{Primitive, Tracking, record_one, type_of};
use crate::wire::Mark;

/// Softmax along the last axis: `y = e^x / Σ e^x`, with the gradient `y (g − Σ y g)`.
///
/// Where nothing is recorded it is Burn's [`softmax`](activation::softmax). With gradients that one is
/// recorded as five operations, each rounded to the type of the tensor, and a search for NaN: so many passes
/// over a tensor as large as all attention scores. This one is recorded as one operation, which a compiler
/// computes in f32 and rounds once.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::softmax;
///
/// let y = softmax(Tensor::<1>::from_floats([0.0, 0.0], &Device::flex()));
/// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [0.5, 0.5]);
/// ```
pub fn softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if let Ok(plain) = x.clone().try_into_primitive::<CaptureBackend>() {
        return Tensor::from_primitive::<CaptureBackend>(recorded(&plain));
    }
    let Ok(tracked) = x.clone().try_into_primitive::<Tracking>() else {
        return activation::softmax(x, D - 1);
    };
    let prepared = Softmax.prepare::<NoCheckpointing>([tracked.node()]).compute_bound();
    let y = recorded(tracked.primitive());
    Tensor::from_primitive::<Tracking>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(y.clone(), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

fn recorded(x: &Primitive) -> Primitive {
    record_one(&x.client, &Mark::Softmax { x }, type_of(x))
}

#[derive(Debug)]
struct Softmax;

impl Backward<CaptureBackend, 1> for Softmax {
    type State = Primitive;

    fn backward(self, ops: Ops<Primitive, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let y = ops.state;
        unary::<CaptureBackend, _>(ops.parents, ops.node, grads, |grad| {
            let mark = Mark::SoftmaxBackward { y: &y, gradient: &grad };
            record_one(&y.client, &mark, type_of(&y))
        });
    }
}

//! Linear layers whose products pass round a ring of devices.

use burn::tensor::Tensor;
use burn::tensor::module::linear;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, binary};
use burn_backend::TensorMetadata;
use burn_backend::ops::FloatTensorOps;
use burn_capture::CaptureBackend;

use crate::mesh::Spec;
use crate::recorder::{Primitive, Tracking, record_one};
use crate::wire::{Mark, RingProduct};

/// Which shards of a linear layer pass round the ring, over `k` devices that each have a `k`-th of the
/// input's and of the output's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ring {
    /// Shards of the input. Each device has the weights of its shard of the output, `[n, m / k]`, and adds
    /// up the products with each shard of the input as it passes.
    Gather,
    /// Sums of shards of the output. Each device has the weights of its shard of the input, `[n / k, m]`,
    /// and adds its product to each sum as it passes.
    Scatter,
}

/// `x w` over the last dimension of `x`, computed in as many steps as a ring has devices. Each step starts to
/// send a shard to the next device, and computes a product meanwhile that does not need it.
///
/// `spec` says how `x` and the result are sharded; its last dimension is cut by one axis, whose devices are
/// the ring. Gradients are computed in rings too. In a function that is not compiled over a mesh, or
/// where the axis has one device, it is a plain product.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::mesh::Spec;
/// use burn_trace::{Ring, ring_linear};
///
/// let spec: Spec = "data,-,model".parse()?;
/// let layer = |x: Tensor<3>, w: Tensor<2>| ring_linear(x, w, Ring::Gather, &spec);
/// let device = Device::flex();
/// let y = layer(Tensor::ones([8, 16, 64], &device), Tensor::ones([64, 256], &device));
/// assert_eq!(y.dims(), [8, 16, 256]);
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
///
/// # Shapes
///
/// - x: `[.., n]`
/// - w: `[n, m]`
/// - output: `[.., m]`
///
/// # Panics
///
/// If `w` does not have as many rows as `x` is wide.
///
/// # Errors of the compiler
///
/// A spec that does not fit mesh and shapes.
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Asynchronous parallel linear
/// operations", figure 3.
pub fn ring_linear<const D: usize>(
    x: Tensor<D>,
    w: Tensor<2>,
    ring: Ring,
    spec: &Spec,
) -> Tensor<D> {
    let [rows, _] = w.dims();
    let width = x.dims()[D - 1];
    assert_eq!(rows, width, "weights of {rows} rows for an input whose last dimension is {width}");
    let product = match ring {
        Ring::Gather => RingProduct::Gather,
        Ring::Scatter => RingProduct::Scatter,
    };
    if let (Ok(x), Ok(w)) = (
        x.clone().try_into_primitive::<CaptureBackend>(),
        w.clone().try_into_primitive::<CaptureBackend>(),
    ) {
        return Tensor::from_primitive::<CaptureBackend>(record(product, spec, x, w));
    }
    let (Ok(tracked_x), Ok(tracked_w)) =
        (x.clone().try_into_primitive::<Tracking>(), w.clone().try_into_primitive::<Tracking>())
    else {
        return linear(x, w, None);
    };
    let backward = RingBackward { product, spec: spec.clone() };
    let prepared =
        backward.prepare::<NoCheckpointing>([tracked_x.node(), tracked_w.node()]).compute_bound();
    let (x, w) = (tracked_x.into_primitive(), tracked_w.into_primitive());
    let y = record(product, spec, x.clone(), w.clone());
    Tensor::from_primitive::<Tracking>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((x, w), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

fn record(product: RingProduct, spec: &Spec, left: Primitive, right: Primitive) -> Primitive {
    let (mut shape, columns) = (left.shape(), right.shape());
    let rank = shape.num_dims();
    let last = columns[columns.num_dims() - 1];
    if product == RingProduct::Outer {
        shape = [shape[rank - 1], last].into();
    } else {
        shape[rank - 1] = last;
    }
    let output = (shape, left.dtype());
    let mark = Mark::Ring { product, spec: spec.clone(), left: &left, right: &right };
    record_one(&left.client, &mark, output)
}

#[derive(Debug)]
struct RingBackward {
    product: RingProduct,
    spec: Spec,
}

impl Backward<CaptureBackend, 2> for RingBackward {
    type State = (Primitive, Primitive);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, w) = ops.state;
        let transpose = |x: Primitive| CaptureBackend::float_swap_dims(x, 0, 1);
        let Self { product, spec } = &self;
        binary::<CaptureBackend, _, _>(
            ops.parents,
            ops.node,
            grads,
            |grad| match product {
                RingProduct::Scatter => record(RingProduct::Gather, spec, grad, transpose(w)),
                _ => record(RingProduct::Scatter, spec, grad, transpose(w)),
            },
            |grad| match product {
                RingProduct::Scatter => transpose(record(RingProduct::Outer, spec, grad, x)),
                _ => record(RingProduct::Outer, spec, x, grad),
            },
        );
    }
}

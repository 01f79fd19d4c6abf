//! A constraint on how a tensor inside a function lies on the mesh.

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn_backend::TensorMetadata;
use burn_capture::CaptureBackend;
use burn_ir::{CustomOpIr, OperationIr, TensorIr};
use burn_router::RouterClient;

use super::spec::Spec;
/// What the name of the recorded operation begins with; the spec follows.
pub(crate) const CONSTRAIN: &str = "burn_xla.constrain ";

type Recording = Autodiff<CaptureBackend>;
type Primitive = <CaptureBackend as burn_backend::BackendTypes>::FloatTensorPrimitive;

/// The same tensor, lying on the mesh as `spec` says; its gradient lies so as well.
///
/// It means something in a function that is compiled over a mesh. Everywhere else the tensor is
/// returned as it is.
///
/// # Errors of the program
///
/// An axis that the mesh does not have is an error where the function is compiled.
pub fn constrain<const D: usize>(tensor: Tensor<D>, spec: &Spec) -> Tensor<D> {
    if let Ok(x) = tensor.clone().try_into_primitive::<CaptureBackend>() {
        return Tensor::from_primitive::<CaptureBackend>(record(x, spec));
    }
    let Ok(x) = tensor.clone().try_into_primitive::<Recording>() else { return tensor };
    let prepared = Constrain(spec.clone()).prepare::<NoCheckpointing>([x.node()]).compute_bound();
    let y = record(x.into_primitive(), spec);
    Tensor::from_primitive::<Recording>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

fn record(x: Primitive, spec: &Spec) -> Primitive {
    let client = x.client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), x.shape(), x.dtype());
    let op = CustomOpIr {
        id: format!("{CONSTRAIN}{spec}"),
        inputs: vec![x.into_ir()],
        outputs: vec![out],
        scalars: vec![],
    };
    client.register(OperationIr::Custom(op)).remove(0)
}

#[derive(Debug)]
struct Constrain(Spec);

impl Backward<CaptureBackend, 1> for Constrain {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<CaptureBackend, _>(ops.parents, ops.node, grads, |grad| record(grad, &self.0));
    }
}

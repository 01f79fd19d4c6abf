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
/// The same for a spec that the layout knows; its name follows.
pub(crate) const CONSTRAIN_AS: &str = "burn_xla.constrain_as ";

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
    apply(tensor, || format!("{CONSTRAIN}{spec}"))
}

/// As [`constrain`], by the spec that the [`Layout`](super::Layout) has for this name: so a function
/// can say where a constraint may matter, and leave it to the layout which one it is. Where the
/// layout has none, the tensor is returned as it is.
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_xla::Xla;
/// use burn_xla::mesh::{Layout, constrain_as};
///
/// # fn over_a_mesh() -> Xla { unimplemented!() }
/// let layout = Layout::replicated().with_names([("hidden".to_owned(), "data,model".parse()?)]);
/// let xla = over_a_mesh().with_layout(layout);
/// let mlp = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| constrain_as(x.matmul(w), "hidden").exp());
/// let device = Device::default();
/// mlp.call((Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn constrain_as<const D: usize>(tensor: Tensor<D>, name: &str) -> Tensor<D> {
    apply(tensor, || format!("{CONSTRAIN_AS}{name}"))
}

fn apply<const D: usize>(tensor: Tensor<D>, id: impl FnOnce() -> String) -> Tensor<D> {
    if let Ok(x) = tensor.clone().try_into_primitive::<CaptureBackend>() {
        return Tensor::from_primitive::<CaptureBackend>(record(x, id()));
    }
    let Ok(x) = tensor.clone().try_into_primitive::<Recording>() else { return tensor };
    let id = id();
    let prepared = Constrain(id.clone()).prepare::<NoCheckpointing>([x.node()]).compute_bound();
    let y = record(x.into_primitive(), id);
    Tensor::from_primitive::<Recording>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

fn record(x: Primitive, id: String) -> Primitive {
    let client = x.client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), x.shape(), x.dtype());
    let op = CustomOpIr { id, inputs: vec![x.into_ir()], outputs: vec![out], scalars: vec![] };
    client.register(OperationIr::Custom(op)).remove(0)
}

/// By the name of its operation.
#[derive(Debug)]
struct Constrain(String);

impl Backward<CaptureBackend, 1> for Constrain {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<CaptureBackend, _>(ops.parents, ops.node, grads, |grad| record(grad, self.0));
    }
}

//! Operations of ours in the recording.

use burn_autodiff::Autodiff;
use burn_backend::ops::FloatTensorOps;
use burn_backend::{BackendTypes, DType, Shape, TensorMetadata};
use burn_capture::{CaptureBackend, CaptureChannel};
use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorIr};
use burn_router::{RouterChannel, RouterClient};

use crate::wire::PLACEHOLDER;

/// The backend that records, with gradients.
pub(crate) type Tracking = Autodiff<CaptureBackend>;

/// A recorded tensor of any kind.
pub(crate) type Primitive = <CaptureBackend as BackendTypes>::FloatTensorPrimitive;

/// A recorded float tensor with its place in the graph of gradients.
pub(crate) type Tracked = <Tracking as BackendTypes>::FloatTensorPrimitive;

/// The client that records.
pub(crate) type Recorder = <CaptureChannel as RouterChannel>::Client;

/// A tensor for which the body of a loop gets another one each time. Burn wants every tensor to be
/// made by an operation, so one says that it makes it.
pub(crate) fn placeholder(client: &Recorder, shape: Shape, dtype: DType) -> Primitive {
    record_op(client, PLACEHOLDER, &[], &[], vec![(shape, dtype)]).remove(0)
}

/// Records an operation of ours.
pub(crate) fn record_op(
    client: &Recorder,
    name: &str,
    scalars: &[u64],
    inputs: &[&Primitive],
    outputs: Vec<(Shape, DType)>,
) -> Vec<Primitive> {
    let outputs = outputs
        .into_iter()
        .map(|(shape, dtype)| TensorIr::uninit(client.create_empty_handle(), shape, dtype))
        .collect();
    let op = CustomOpIr {
        id: name.to_owned(),
        inputs: inputs.iter().map(|&input| input.clone().into_ir()).collect(),
        outputs,
        scalars: scalars.iter().map(|&scalar| ScalarIr::UInt(scalar)).collect(),
    };
    client.register(OperationIr::Custom(op))
}

/// What the graph knows a tensor as.
pub(crate) fn ir_of(primitive: &Primitive) -> TensorIr {
    TensorIr::uninit(primitive.id(), primitive.shape(), primitive.dtype())
}

/// Shape and dtype.
pub(crate) fn type_of(primitive: &Primitive) -> (Shape, DType) {
    (primitive.shape(), primitive.dtype())
}

/// Zeros of the same shape and dtype.
pub(crate) fn zeros_like(primitive: &Primitive) -> Primitive {
    let (shape, dtype) = type_of(primitive);
    CaptureBackend::float_zeros(shape, &primitive.device(), dtype.into())
}

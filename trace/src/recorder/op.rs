//! Marks as operations of the graph.

use burn::backend::DispatchDevice;
use burn::tensor::Device;
use burn_autodiff::Autodiff;
use burn_backend::ops::FloatTensorOps;
use burn_backend::{BackendTypes, DType, Shape, TensorMetadata};
use burn_capture::{CaptureBackend, CaptureChannel};
use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorIr};
use burn_router::{RouterChannel, RouterClient, get_client};

use crate::wire::{Mark, Written};

/// The backend that records and takes gradients.
pub(crate) type Tracking = Autodiff<CaptureBackend>;

/// A recorded tensor of any kind.
pub(crate) type Primitive = <CaptureBackend as BackendTypes>::FloatTensorPrimitive;

/// A recorded float tensor with its node in the graph of gradients.
pub(crate) type Tracked = <Tracking as BackendTypes>::FloatTensorPrimitive;

/// The client of the backend that records.
pub(crate) type Recorder = <CaptureChannel as RouterChannel>::Client;

/// The client of a device that records, while it does; [`None`] for other devices.
pub(crate) fn recorder(device: &Device) -> Option<Recorder> {
    match device.as_dispatch() {
        DispatchDevice::Capture(device) => Some(get_client::<CaptureChannel>(device)),
        _ => None,
    }
}

/// A tensor for which the body of a loop gets another one in each lane.
pub(crate) fn placeholder(client: &Recorder, shape: Shape, dtype: DType) -> Primitive {
    record_one(client, &Mark::Placeholder, (shape, dtype))
}

/// Tensors that stand for the arguments of a function, made by one operation.
pub(crate) fn placeholders(
    client: &Recorder,
    types: impl Iterator<Item = (Shape, DType)>,
) -> Vec<Primitive> {
    let types: Vec<_> = types.collect();
    if types.is_empty() { vec![] } else { record(client, &Mark::Placeholder, types) }
}

/// Records a mark that makes tensors of these types.
pub(crate) fn record(
    client: &Recorder,
    mark: &Mark<'_, Primitive>,
    outputs: Vec<(Shape, DType)>,
) -> Vec<Primitive> {
    let outputs = outputs
        .into_iter()
        .map(|(shape, dtype)| TensorIr::uninit(client.create_empty_handle(), shape, dtype))
        .collect();
    let Written { id, numbers, inputs } = mark.write();
    let op = CustomOpIr {
        id,
        inputs: inputs.into_iter().map(|input| input.clone().into_ir()).collect(),
        outputs,
        scalars: numbers.into_iter().map(ScalarIr::UInt).collect(),
    };
    client.register(OperationIr::Custom(op))
}

/// Records an operation that is neither Burn's nor a mark, and makes one tensor.
pub(crate) fn record_custom(
    client: &Recorder,
    name: &str,
    inputs: Vec<Primitive>,
    (shape, dtype): (Shape, DType),
) -> Primitive {
    let output = TensorIr::uninit(client.create_empty_handle(), shape, dtype);
    let inputs = inputs.into_iter().map(|input| input.into_ir()).collect();
    let op = CustomOpIr { id: name.to_owned(), inputs, outputs: vec![output], scalars: vec![] };
    client.register(OperationIr::Custom(op)).remove(0)
}

/// Records a mark that makes one tensor.
pub(crate) fn record_one(
    client: &Recorder,
    mark: &Mark<'_, Primitive>,
    output: (Shape, DType),
) -> Primitive {
    record(client, mark, vec![output]).remove(0)
}

/// A tensor as the graph has it.
pub(crate) fn ir_of(primitive: &Primitive) -> TensorIr {
    TensorIr::uninit(primitive.id(), primitive.shape(), primitive.dtype())
}

/// Shape and dtype.
pub(crate) fn type_of(primitive: &Primitive) -> (Shape, DType) {
    (primitive.shape(), primitive.dtype())
}

/// The first token of a chain, see [`tap`](super::tap).
pub(crate) fn first_token(client: &Recorder) -> Tracked {
    Tracked::new(CaptureBackend::float_zeros([1].into(), &client.device(), DType::F32.into()))
}

/// Zeros of the same shape and dtype.
pub(crate) fn zeros_like(primitive: &Primitive) -> Primitive {
    let (shape, dtype) = type_of(primitive);
    CaptureBackend::float_zeros(shape, &primitive.device(), dtype.into())
}

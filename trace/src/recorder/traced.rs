//! Recorded tensors without their kind and rank.

use burn::tensor::{Bool, Int, Tensor};
use burn_autodiff::Autodiff;
use burn_backend::ops::FloatTensorOps;
use burn_backend::{BackendTypes, DType, Shape, TensorMetadata};
use burn_capture::{CaptureBackend, CaptureChannel};
use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorIr};
use burn_router::{RouterChannel, RouterClient};

/// The backend that records, with gradients.
pub(crate) type Tracking = Autodiff<CaptureBackend>;

/// A recorded tensor of any kind.
pub(crate) type Primitive = <CaptureBackend as BackendTypes>::FloatTensorPrimitive;

/// A recorded float tensor with its place in the graph of gradients.
pub(super) type Tracked = <Tracking as BackendTypes>::FloatTensorPrimitive;

/// A tensor that is recorded.
#[derive(Debug, Clone)]
pub struct Traced(pub(super) Beneath);

#[derive(Debug, Clone)]
pub(super) enum Beneath {
    /// On the device that records.
    Plain(Primitive),
    /// A float tensor on the device that records and takes gradients.
    Float(Tracked),
    /// A tensor of another kind on that device.
    Other(Primitive),
}

impl Traced {
    /// The recorded tensor.
    pub(super) fn primitive(&self) -> &Primitive {
        match &self.0 {
            Beneath::Plain(primitive) | Beneath::Other(primitive) => primitive,
            Beneath::Float(tracked) => tracked.primitive(),
        }
    }

    /// What the graph knows it as, on the device that records.
    pub(super) fn captured(&self) -> Option<TensorIr> {
        match &self.0 {
            Beneath::Plain(primitive) => Some(ir_of(primitive)),
            Beneath::Float(_) | Beneath::Other(_) => None,
        }
    }

    /// The tensor in the graph of gradients, where it takes part in it.
    pub(super) fn tracked(&self) -> Option<&Tracked> {
        match &self.0 {
            Beneath::Float(tracked) if tracked.is_tracked() => Some(tracked),
            _ => None,
        }
    }

    /// Whether it is a float tensor on a device that takes gradients.
    pub(super) fn is_differentiable(&self) -> bool {
        matches!(self.0, Beneath::Float(_))
    }

    /// The lanes of a stack.
    pub(super) fn unstack(&self) -> Vec<Self> {
        let stack = self.primitive();
        let lanes = super::stack::unstack(&stack.client, stack);
        lanes.into_iter().map(|lane| self.fresh(lane)).collect()
    }

    /// A tensor on the same device, without a past.
    pub(super) fn fresh(&self, primitive: Primitive) -> Self {
        Self(match &self.0 {
            Beneath::Plain(_) => Beneath::Plain(primitive),
            Beneath::Float(_) => Beneath::Float(Tracked::new(primitive)),
            Beneath::Other(_) => Beneath::Other(primitive),
        })
    }
}

pub(super) fn trace_float<const D: usize>(tensor: &Tensor<D>) -> Option<Traced> {
    Some(Traced(match tensor.clone().try_into_primitive::<CaptureBackend>() {
        Ok(primitive) => Beneath::Plain(primitive),
        Err(_) => Beneath::Float(tensor.clone().try_into_primitive::<Tracking>().ok()?),
    }))
}

pub(super) fn float_around<const D: usize>(traced: Traced) -> Tensor<D> {
    match traced.0 {
        Beneath::Float(tracked) => Tensor::from_primitive::<Tracking>(tracked),
        Beneath::Plain(primitive) | Beneath::Other(primitive) => {
            Tensor::from_primitive::<CaptureBackend>(primitive)
        }
    }
}

macro_rules! other {
    ($($trace:ident $around:ident $tensor:ty),*) => { $(
        pub(super) fn $trace<const D: usize>(tensor: &$tensor) -> Option<Traced> {
            Some(Traced(match tensor.clone().try_into_primitive::<CaptureBackend>() {
                Ok(primitive) => Beneath::Plain(primitive),
                Err(_) => Beneath::Other(tensor.clone().try_into_primitive::<Tracking>().ok()?),
            }))
        }

        pub(super) fn $around<const D: usize>(traced: Traced) -> $tensor {
            match traced.0 {
                Beneath::Plain(primitive) => <$tensor>::from_primitive::<CaptureBackend>(primitive),
                Beneath::Other(primitive) => <$tensor>::from_primitive::<Tracking>(primitive),
                Beneath::Float(tracked) => {
                    <$tensor>::from_primitive::<Tracking>(tracked.into_primitive())
                }
            }
        }
    )* };
}
other!(trace_int int_around Tensor<D, Int>, trace_bool bool_around Tensor<D, Bool>);

/// The client that records.
pub(crate) type Recorder = <CaptureChannel as RouterChannel>::Client;

/// A tensor for which the body of a loop gets another one each time. Burn wants every tensor to be
/// made by an operation, so one says that it makes it.
pub(super) fn placeholder(client: &Recorder, shape: Shape, dtype: DType) -> Primitive {
    record_op(client, "burn_xla.placeholder", &[], &[], vec![(shape, dtype)]).remove(0)
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
pub(super) fn ir_of(primitive: &Primitive) -> TensorIr {
    TensorIr::uninit(primitive.id(), primitive.shape(), primitive.dtype())
}

/// Shape and dtype.
pub(crate) fn type_of(primitive: &Primitive) -> (Shape, DType) {
    (primitive.shape(), primitive.dtype())
}

/// Zeros of the same shape and dtype.
pub(super) fn zeros_like(primitive: &Primitive) -> Primitive {
    let (shape, dtype) = type_of(primitive);
    CaptureBackend::float_zeros(shape, &primitive.device(), dtype.into())
}

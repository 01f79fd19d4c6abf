//! Recorded tensors of any kind and rank.

use burn::tensor::{Bool, Int, Tensor};
use burn_capture::CaptureBackend;
use burn_ir::TensorIr;

use super::op::{Primitive, Tracked, Tracking, ir_of};
use super::stack::unstack;

/// A recorded tensor of any kind and rank, with its node in the graph of gradients if it has one.
#[derive(Debug, Clone)]
pub struct Traced(pub(crate) Beneath);

#[derive(Debug, Clone)]
pub(crate) enum Beneath {
    /// On the device that records.
    Plain(Primitive),
    /// A float tensor on the device that records and takes gradients.
    Float(Tracked),
    /// A tensor of another kind on that device.
    Other(Primitive),
}

impl Traced {
    /// The recorded tensor.
    pub(crate) fn primitive(&self) -> &Primitive {
        match &self.0 {
            Beneath::Plain(primitive) | Beneath::Other(primitive) => primitive,
            Beneath::Float(tracked) => tracked.primitive(),
        }
    }

    /// The tensor as the graph has it; [`None`] on the device that takes gradients.
    pub(crate) fn captured(&self) -> Option<TensorIr> {
        match &self.0 {
            Beneath::Plain(primitive) => Some(ir_of(primitive)),
            Beneath::Float(_) | Beneath::Other(_) => None,
        }
    }

    /// The tensor in the graph of gradients, if it has a part in it.
    pub(crate) fn tracked(&self) -> Option<&Tracked> {
        match &self.0 {
            Beneath::Float(tracked) if tracked.is_tracked() => Some(tracked),
            _ => None,
        }
    }

    /// Whether it is a float tensor on a device that takes gradients.
    pub(crate) fn is_differentiable(&self) -> bool {
        matches!(self.0, Beneath::Float(_))
    }

    /// The lanes of a stack.
    pub(crate) fn unstack(&self) -> Vec<Self> {
        let stack = self.primitive();
        let lanes = unstack(&stack.client, stack);
        lanes.into_iter().map(|lane| self.fresh(lane)).collect()
    }

    /// A tensor on the same device that depends on no other.
    pub(crate) fn fresh(&self, primitive: Primitive) -> Self {
        Self(match &self.0 {
            Beneath::Plain(_) => Beneath::Plain(primitive),
            Beneath::Float(_) => Beneath::Float(Tracked::new(primitive)),
            Beneath::Other(_) => Beneath::Other(primitive),
        })
    }
}

pub(crate) fn trace_float<const D: usize>(tensor: &Tensor<D>) -> Option<Traced> {
    Some(Traced(match tensor.clone().try_into_primitive::<CaptureBackend>() {
        Ok(primitive) => Beneath::Plain(primitive),
        Err(_) => Beneath::Float(tensor.clone().try_into_primitive::<Tracking>().ok()?),
    }))
}

pub(crate) fn float_around<const D: usize>(traced: Traced) -> Tensor<D> {
    match traced.0 {
        Beneath::Float(tracked) => Tensor::from_primitive::<Tracking>(tracked),
        Beneath::Plain(primitive) | Beneath::Other(primitive) => {
            Tensor::from_primitive::<CaptureBackend>(primitive)
        }
    }
}

macro_rules! other {
    ($($trace:ident $around:ident $tensor:ty),*) => { $(
        pub(crate) fn $trace<const D: usize>(tensor: &$tensor) -> Option<Traced> {
            Some(Traced(match tensor.clone().try_into_primitive::<CaptureBackend>() {
                Ok(primitive) => Beneath::Plain(primitive),
                Err(_) => Beneath::Other(tensor.clone().try_into_primitive::<Tracking>().ok()?),
            }))
        }

        pub(crate) fn $around<const D: usize>(traced: Traced) -> $tensor {
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

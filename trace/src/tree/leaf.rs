//! The leaves of a tree: tensors of any rank and kind.

use std::any::Any;

use burn::module::{Module as _, Param};
use burn::tensor::{Bool, Device, Float, Int, Tensor};
use burn_backend::{DType, TensorData};
use burn_ir::TensorIr;

use super::lift::{
    Grads, grad_of, lift_bool, lift_float, lift_int, lower_bool, lower_float, lower_int,
};
use crate::leaf_type::{Kind, LeafType};
use crate::recorder::{
    Traced, bool_around, float_around, int_around, trace_bool, trace_float, trace_int,
};

/// A leaf of a tree without its rank and kind: what a [`Visitor`](crate::Visitor) is shown.
pub trait Leaf {
    /// Kind, dtype and shape. It draws no parameter.
    fn ty(&self) -> LeafType;
    /// The device.
    fn device(&self) -> Device;
    /// The values. It draws a parameter that was not drawn yet.
    fn data(&self) -> TensorData;
    /// The tensor as the graph has it, if it is on the device that records.
    fn captured(&self) -> Option<TensorIr> {
        self.traced()?.captured()
    }
    /// The tensor on the device that takes gradients.
    fn lift(&self, requires_grad: bool) -> Box<dyn Any>;
    /// A lifted tensor on the device that it was lifted from.
    fn lowered(&self) -> Box<dyn Any>;
    /// The gradient with respect to a lifted tensor, of its type; zeros if the loss does not depend on it.
    fn grad(&self, grads: &Grads) -> Box<dyn Any>;
    /// The recorded tensor, with or without gradients; [`None`] on other devices.
    fn traced(&self) -> Option<Traced>;
    /// A Burn tensor of this kind and rank around a recorded one.
    fn around(&self, traced: Traced) -> Box<dyn Any>;
    /// A tensor of this kind and rank with these values.
    fn with_values(&self, data: TensorData, device: &Device) -> Box<dyn Any>;
    /// Some rows: a tensor of this kind and rank with a part of the first axis.
    fn rows(&self, first: usize, count: usize) -> Box<dyn Any>;
    /// The tensor itself. It draws a parameter that was not drawn yet.
    fn tensor(&self) -> Box<dyn Any>;
    /// Whether an optimizer changes it: a float tensor, and no frozen parameter or running state of a module.
    fn is_trained(&self) -> bool;
    /// The tensor on another device.
    fn moved(&self, device: &Device) -> Box<dyn Any>;
}

/// A Burn tensor of some kind and rank, for code that is generic over both.
pub trait TensorLeaf: Leaf + Clone + Send + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Its rank.
    const RANK: usize;
    /// A tensor without values.
    fn placeholder(ty: &LeafType, device: &Device) -> Self;
    /// A tensor of these values.
    fn from_values(data: TensorData, device: &Device) -> Self;
    /// A tensor around a recorded one.
    fn from_traced(traced: Traced) -> Self;
}

/// The methods of a leaf that make another tensor of its kind and rank: the same for a tensor and for a
/// parameter that holds one.
macro_rules! others {
    ($tensor:ty) => {
        fn around(&self, traced: Traced) -> Box<dyn Any> {
            Box::new(<$tensor>::from_traced(traced))
        }

        fn with_values(&self, data: TensorData, device: &Device) -> Box<dyn Any> {
            Box::new(<$tensor>::from_values(data, device))
        }
    };
}

macro_rules! leaf {
    ($kind:ident, $tensor:ty, $default:ident, $lift:path, $lower:path, $grad:path,
     $trace:path, $around:path, $trained:expr) => {
        impl<const D: usize> Leaf for $tensor {
            fn ty(&self) -> LeafType {
                LeafType::new(Kind::$kind, self.dtype(), self.shape().to_vec())
            }

            fn device(&self) -> Device {
                <$tensor>::device(self)
            }

            fn data(&self) -> TensorData {
                self.to_data()
            }

            fn lift(&self, requires_grad: bool) -> Box<dyn Any> {
                Box::new($lift(self, requires_grad))
            }

            fn lowered(&self) -> Box<dyn Any> {
                Box::new($lower(self))
            }

            fn grad(&self, grads: &Grads) -> Box<dyn Any> {
                Box::new($grad(self, grads))
            }

            fn traced(&self) -> Option<Traced> {
                $trace(self)
            }

            others!($tensor);

            fn rows(&self, first: usize, count: usize) -> Box<dyn Any> {
                Box::new(self.clone().narrow(0, first, count))
            }

            fn tensor(&self) -> Box<dyn Any> {
                Box::new(self.clone())
            }

            fn is_trained(&self) -> bool {
                matches!(Kind::$kind, Kind::Float)
            }

            fn moved(&self, device: &Device) -> Box<dyn Any> {
                Box::new(self.clone().to_device(device))
            }
        }

        impl<const D: usize> Leaf for Param<$tensor> {
            fn ty(&self) -> LeafType {
                if self.is_initialized() {
                    return Leaf::ty(&self.base());
                }
                let dtype = self.lazy_device().settings().$default.into();
                LeafType::new(Kind::$kind, dtype, self.lazy_shape().to_vec())
            }

            fn device(&self) -> Device {
                self.lazy_device()
            }

            fn data(&self) -> TensorData {
                self.base().to_data()
            }

            fn lift(&self, requires_grad: bool) -> Box<dyn Any> {
                self.base().lift(requires_grad)
            }

            fn lowered(&self) -> Box<dyn Any> {
                self.base().lowered()
            }

            fn grad(&self, grads: &Grads) -> Box<dyn Any> {
                Leaf::grad(&self.base(), grads)
            }

            fn traced(&self) -> Option<Traced> {
                self.is_initialized().then(|| self.base().traced())?
            }

            others!($tensor);

            fn rows(&self, first: usize, count: usize) -> Box<dyn Any> {
                self.base().rows(first, count)
            }

            fn tensor(&self) -> Box<dyn Any> {
                Box::new(self.base())
            }

            fn is_trained(&self) -> bool {
                $trained(self)
            }

            fn moved(&self, device: &Device) -> Box<dyn Any> {
                self.base().moved(device)
            }
        }

        impl<const D: usize> TensorLeaf for $tensor {
            const KIND: Kind = Kind::$kind;
            const RANK: usize = D;

            fn placeholder(ty: &LeafType, device: &Device) -> Self {
                if D == 0 {
                    let one = LeafType { shape: vec![1], ..ty.clone() };
                    return Tensor::<1, $kind>::placeholder(&one, device).reshape([1; D]);
                }
                match ty.dtype {
                    // Bools as the device stores them.
                    DType::Bool(_) => Self::empty(ty.shape.clone(), device),
                    dtype => Self::empty(ty.shape.clone(), (device, dtype)),
                }
            }

            fn from_values(data: TensorData, device: &Device) -> Self {
                // Burn makes no tensor of rank 0, but reshapes one to it.
                if D == 0 {
                    let (bytes, _, dtype) = data.into_parts();
                    let one = TensorData::from_bytes(bytes, vec![1], dtype);
                    return Tensor::<1, $kind>::from_values(one, device).reshape([1; D]);
                }
                match data.dtype() {
                    DType::Bool(_) => Self::from_data(data, device),
                    dtype => Self::from_data(data, (device, dtype)),
                }
            }

            fn from_traced(traced: Traced) -> Self {
                $around(traced)
            }
        }
    };
}
leaf! {
    Float, Tensor<D>, float_dtype, lift_float, lower_float, grad_of,
    trace_float, float_around, is_trained
}
leaf! {
    Int, Tensor<D, Int>, int_dtype, lift_int, lower_int, no_grad,
    trace_int, int_around, |_| false
}
leaf! {
    Bool, Tensor<D, Bool>, bool_dtype, lift_bool, lower_bool, no_grad,
    trace_bool, bool_around, |_| false
}

/// Burn gives a parameter that takes gradients back its own when it goes on to be trained, and so tells. It does
/// not of one that was not drawn, which is taken for one.
fn is_trained<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    if !param.is_initialized() {
        return true;
    }
    let stand_in = param.clone().map(|_| Tensor::empty([0; D], &Device::flex()));
    stand_in.train().base().is_require_grad()
}

fn no_grad<T: TensorLeaf>(tensor: &T, _: &Grads) -> T {
    T::placeholder(&tensor.ty(), &tensor.device().without_autodiff())
}

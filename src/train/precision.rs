//! The types that a training step computes in.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::params::{self, TensorFn, blocks};
use crate::runtime::{Runtime, RuntimeError};

/// The type of products and activations. In both cases parameters, optimizer state, norms, softmax and
/// loss are f32, and products are summed in f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats. Products have the accuracy of f32 on every device, also where its units multiply fewer
    /// bits, unless the runtime's XLA is told otherwise.
    #[default]
    F32,
    /// 16-bit floats with the range of f32: half the memory of activations, and what TPUs and GPUs
    /// multiply fastest. No product of the step is of f32.
    Bf16,
}

impl Precision {
    /// A copy of the module for a forward pass in this precision: its parameters have this type, except
    /// for those of norms. The gradients with respect to the copy serve as those with respect to the f32
    /// parameters.
    pub fn cast<M: Module>(self, module: M) -> M {
        match self {
            Self::F32 => module,
            Self::Bf16 => {
                let cast = blocks::map(params::collect(&module), &mut Cast);
                params::assign(module, cast)
            }
        }
    }

    /// A tensor, such as images, in this type.
    pub fn cast_tensor<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 => tensor,
            Self::Bf16 => tensor.cast(DType::BF16),
        }
    }
}

impl Precision {
    /// An error for bf16 on a device that does not compute in it.
    pub(crate) fn check_on(self, runtime: &Runtime) -> Result<(), RuntimeError> {
        match self == Self::F32 || has_bf16(&runtime.device()) {
            true => Ok(()),
            false => Err(RuntimeError::NoBf16 { device: runtime.to_string() }),
        }
    }
}

/// Whether a device computes in bf16.
pub(crate) fn has_bf16(device: &Device) -> bool {
    device.supports_dtype(DType::BF16)
}

struct Cast;

impl TensorFn for Cast {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        let of_norm = path.rsplit('.').nth(1).is_some_and(|module| module.ends_with("norm"));
        if of_norm { tensor } else { tensor.cast(DType::BF16) }
    }
}

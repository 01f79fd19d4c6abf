//! Learning rates.

use burn::tensor::Tensor;

/// A learning rate: a number, which is a constant of a compiled function, or a tensor of one element, which may
/// differ from step to step.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a step has one")]
pub enum Rate {
    /// A constant.
    Number(f64),
    /// A tensor, an argument or computed of one.
    Tensor(Tensor<1>),
}

impl From<f64> for Rate {
    fn from(rate: f64) -> Self {
        Self::Number(rate)
    }
}

impl From<Tensor<1>> for Rate {
    fn from(rate: Tensor<1>) -> Self {
        Self::Tensor(rate)
    }
}

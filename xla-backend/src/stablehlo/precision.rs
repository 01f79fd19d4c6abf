//! How accurately products are computed.

use crate::types::ElementType;

/// How accurately products of 32-bit floats are computed: matrix products and convolutions. Units for products
/// are fastest with operands of fewer bits. Types of 16 bits, of 64 bits and integers are multiplied as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// With the accuracy of f32: six passes of bf16 on a TPU, and f32 on a GPU. XLA calls it `HIGHEST`.
    #[default]
    Full,
    /// With at least half of the bits of an f32: three passes of bf16 on a TPU, TF32 on a GPU. XLA calls it `HIGH`.
    High,
    /// As fast as can be: one pass of bf16 on a TPU, TF32 on a GPU. XLA calls it `DEFAULT`.
    Fast,
}

impl Precision {
    /// The precision of operands of this type, as StableHLO has it.
    pub(super) fn of(self, element: ElementType) -> &'static str {
        match self {
            Self::Full if element == ElementType::F32 => "HIGHEST",
            Self::High if element == ElementType::F32 => "HIGH",
            _ => "DEFAULT",
        }
    }
}

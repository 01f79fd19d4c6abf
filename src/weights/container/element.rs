//! Element types of files, and floats as bytes.

use burn::tensor::{DType, Element, bf16, f16};

use super::error::Bytes;

/// An element type of a file. Only floats become parameters. The other types are known so that the
/// sizes of their tensors can be checked, and errors can name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementType {
    /// As safetensors writes it.
    pub(crate) name: &'static str,
    bits: u64,
    pub(crate) float: Option<DType>,
}

const fn float(name: &'static str, bits: u64, dtype: DType) -> ElementType {
    ElementType { name, bits, float: Some(dtype) }
}

const fn other(name: &'static str, bits: u64) -> ElementType {
    ElementType { name, bits, float: None }
}

/// The types of safetensors.
const TYPES: [ElementType; 22] = [
    float("F64", 64, DType::F64),
    float("F32", 32, DType::F32),
    float("F16", 16, DType::F16),
    float("BF16", 16, DType::BF16),
    other("F8_E5M2", 8),
    other("F8_E4M3", 8),
    other("F8_E8M0", 8),
    other("F8_E4M3FNUZ", 8),
    other("F8_E5M2FNUZ", 8),
    other("F6_E2M3", 6),
    other("F6_E3M2", 6),
    other("F4", 4),
    other("C64", 64),
    other("I64", 64),
    other("I32", 32),
    other("I16", 16),
    other("I8", 8),
    other("U64", 64),
    other("U32", 32),
    other("U16", 16),
    other("U8", 8),
    other("BOOL", 8),
];

impl ElementType {
    pub(crate) const F32: Self = float("F32", 32, DType::F32);

    pub(crate) fn named(name: &str) -> Option<Self> {
        TYPES.into_iter().find(|element| element.name == name)
    }

    pub(crate) fn of(dtype: DType) -> Option<Self> {
        TYPES.into_iter().find(|element| element.float == Some(dtype))
    }

    /// The number of bytes that a tensor of this shape takes.
    pub(crate) fn bytes(self, shape: &[usize]) -> Bytes {
        let count = shape.iter().try_fold(1u64, |count, length| count.checked_mul(*length as u64));
        match count.and_then(|count| count.checked_mul(self.bits)) {
            None => Bytes::Overflow,
            Some(bits) if bits.is_multiple_of(8) => Bytes::Whole(bits / 8),
            Some(_) => Bytes::Fraction,
        }
    }
}

/// A float type of files and parameters.
pub(crate) trait Float: Element + Copy {
    const SIZE: usize;
    /// Reads the value at the start of `bytes`, little-endian.
    fn read(bytes: &[u8]) -> Self;
    /// Writes the value to the start of `bytes`, little-endian.
    fn write(self, bytes: &mut [u8]);
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
}

macro_rules! float {
    ($type:ty, $size:literal, $from:expr, $to:expr) => {
        impl Float for $type {
            const SIZE: usize = $size;

            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; $size];
                own.copy_from_slice(&bytes[..$size]);
                Self::from_le_bytes(own)
            }

            fn write(self, bytes: &mut [u8]) {
                bytes[..$size].copy_from_slice(&self.to_le_bytes());
            }

            fn from_f64(value: f64) -> Self {
                $from(value)
            }

            fn to_f64(self) -> f64 {
                $to(self)
            }
        }
    };
}
float!(f64, 8, |value| value, |value| value);
float!(f32, 4, |value| value as f32, f64::from);
float!(f16, 2, f16::from_f64, f16::to_f64);
float!(bf16, 2, bf16::from_f64, bf16::to_f64);

/// Evaluates an expression with `$type` standing for the Rust type of a `DType`.
macro_rules! with_float {
    ($dtype:expr, $type:ident => $body:expr, else $otherwise:expr) => {
        match $dtype {
            burn::tensor::DType::F64 => {
                type $type = f64;
                $body
            }
            burn::tensor::DType::F32 => {
                type $type = f32;
                $body
            }
            burn::tensor::DType::F16 => {
                type $type = burn::tensor::f16;
                $body
            }
            burn::tensor::DType::BF16 => {
                type $type = burn::tensor::bf16;
                $body
            }
            _ => $otherwise,
        }
    };
}
pub(crate) use with_float;

//! The types and shapes of tensors, with their spelling in MLIR and in Burn, and how accurately they are multiplied.

use burn_backend::{BoolStore, DType};

/// The type of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ElementType {
    /// A truth value; in memory one byte, 0 or 1.
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
    BF16,
}

impl ElementType {
    /// All types, in the order of the C API.
    pub const ALL: [Self; 13] = [
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F16,
        Self::F32,
        Self::F64,
        Self::BF16,
    ];

    /// The bytes that an element takes on the host.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// The bits of a value: 1 for a truth value, whatever it takes in memory.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bool => 1,
            _ => 8 * self.size() as u32,
        }
    }

    /// Whether this is a float type.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::BF16 | Self::F16 | Self::F32 | Self::F64)
    }

    /// Whether this is a 16-bit float, whose arithmetic is best done in [`ElementType::F32`].
    pub const fn is_half(self) -> bool {
        matches!(self, Self::BF16 | Self::F16)
    }

    /// Whether this is an unsigned integer type.
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Whether this is a signed or unsigned integer type ([`ElementType::Bool`] is neither).
    pub const fn is_int(self) -> bool {
        !self.is_float() && !matches!(self, Self::Bool)
    }

    /// The least and the greatest value of an integer type.
    pub fn int_range(self) -> Option<(i128, i128)> {
        if !self.is_int() {
            return None;
        }
        let bits = self.bits();
        Some(if self.is_unsigned() {
            (0, (1i128 << bits) - 1)
        } else {
            (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
        })
    }

    /// The spelling in MLIR, as in `tensor<2x3xf32>`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "i1",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "ui8",
            Self::U16 => "ui16",
            Self::U32 => "ui32",
            Self::U64 => "ui64",
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::BF16 => "bf16",
        }
    }

    /// The number in `PJRT_Buffer_Type`; `ALL` is in its order, which begins at 1.
    pub(crate) const fn to_raw(self) -> i32 {
        self as i32 + 1
    }

    pub(crate) fn from_raw(raw: i32) -> Option<Self> {
        Self::ALL.get(usize::try_from(raw).ok()?.checked_sub(1)?).copied()
    }

    /// The element type of a Burn type; `None` for quantised types, which XLA does not know.
    pub fn from_dtype(dtype: DType) -> Option<Self> {
        Some(match dtype {
            DType::F64 => Self::F64,
            // Flex32 is f32 in memory, and leaves the precision of products to the device.
            DType::F32 | DType::Flex32 => Self::F32,
            DType::F16 => Self::F16,
            DType::BF16 => Self::BF16,
            DType::I64 => Self::I64,
            DType::I32 => Self::I32,
            DType::I16 => Self::I16,
            DType::I8 => Self::I8,
            DType::U64 => Self::U64,
            DType::U32 => Self::U32,
            DType::U16 => Self::U16,
            DType::U8 => Self::U8,
            DType::Bool(_) => Self::Bool,
            DType::QFloat(_) => return None,
        })
    }

    /// The Burn type; bool as Burn's native one, a byte per value.
    pub fn dtype(self) -> DType {
        match self {
            Self::Bool => DType::Bool(BoolStore::Native),
            Self::I8 => DType::I8,
            Self::I16 => DType::I16,
            Self::I32 => DType::I32,
            Self::I64 => DType::I64,
            Self::U8 => DType::U8,
            Self::U16 => DType::U16,
            Self::U32 => DType::U32,
            Self::U64 => DType::U64,
            Self::F16 => DType::F16,
            Self::F32 => DType::F32,
            Self::F64 => DType::F64,
            Self::BF16 => DType::BF16,
        }
    }
}

impl std::fmt::Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The element type and the static dimensions of a tensor, printed as MLIR prints them:
/// `tensor<2x3xf32>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// The type of an element.
    pub element: ElementType,
    /// The dimensions, the outermost first; none for a scalar.
    pub dims: Vec<usize>,
}

impl TensorType {
    /// The type of a tensor of `element` with `dims`.
    pub fn new(element: ElementType, dims: impl Into<Vec<usize>>) -> Self {
        Self { element, dims: dims.into() }
    }

    /// The type of a scalar.
    pub fn scalar(element: ElementType) -> Self {
        Self::new(element, [])
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// Number of elements, of a tensor that may exist (see [`TensorType::bytes`]).
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.dims.contains(&0)
    }

    /// The bytes that the tensor takes on the host, row after row without gaps; [`None`] if no slice
    /// could hold them.
    pub fn bytes(&self) -> Option<usize> {
        // A dimension of zero makes the tensor empty, however large the others are.
        if self.is_empty() {
            return Some(0);
        }
        self.dims
            .iter()
            .try_fold(self.element.size(), |bytes, &dim| bytes.checked_mul(dim))
            .filter(|&bytes| bytes <= isize::MAX as usize)
    }
}

impl std::fmt::Display for TensorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tensor<")?;
        for dim in &self.dims {
            write!(f, "{dim}x")?;
        }
        write!(f, "{}>", self.element)
    }
}

/// How accurately products of 32-bit floats are computed: matrix products and convolutions. Units for products
/// are fastest with operands of fewer bits. Types of 16 bits, of 64 bits and integers are multiplied as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatmulPrecision {
    /// With the accuracy of f32: six passes of bf16 on a TPU, and f32 on a GPU. XLA calls it `HIGHEST`.
    #[default]
    Full,
    /// With at least half of the bits of an f32: three passes of bf16 on a TPU, TF32 on a GPU. XLA calls it `HIGH`.
    High,
    /// As fast as can be: one pass of bf16 on a TPU, TF32 on a GPU. XLA calls it `DEFAULT`.
    Fast,
}

impl MatmulPrecision {
    /// The precision of operands of this type, as StableHLO has it.
    pub(crate) fn of(self, element: ElementType) -> &'static str {
        match self {
            Self::Full if element == ElementType::F32 => "HIGHEST",
            Self::High if element == ElementType::F32 => "HIGH",
            _ => "DEFAULT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_types_keep_the_order_of_the_c_api() {
        assert_eq!(ElementType::Bool.to_raw(), 1);
        assert_eq!(ElementType::U64.to_raw(), 9);
        assert_eq!(ElementType::BF16.to_raw(), 13);
        for element in ElementType::ALL {
            assert_eq!(ElementType::from_raw(element.to_raw()).unwrap(), element);
        }
        assert!(ElementType::from_raw(0).is_none());
        assert!(ElementType::from_raw(14).is_none());
        assert!(ElementType::from_raw(-1).is_none());
    }

    #[test]
    fn types_print_like_mlir_and_know_their_size() {
        let ty = TensorType::new(ElementType::F32, [2, 3]);
        assert_eq!(ty.to_string(), "tensor<2x3xf32>");
        assert_eq!(ty.bytes().unwrap(), 24);
        assert_eq!(TensorType::new(ElementType::Bool, []).to_string(), "tensor<i1>");
        assert_eq!(TensorType::new(ElementType::Bool, []).bytes().unwrap(), 1);
        assert_eq!(TensorType::new(ElementType::F64, [usize::MAX, 0]).bytes().unwrap(), 0);
        assert_eq!(TensorType::new(ElementType::F64, [usize::MAX, 2]).bytes(), None);
    }

    #[test]
    fn types_go_to_burn_and_back() {
        for element_type in ElementType::ALL {
            let dtype = element_type.dtype();
            assert_eq!(ElementType::from_dtype(dtype), Some(element_type));
            assert_eq!(dtype.size(), element_type.size(), "{element_type}");
        }
        assert_eq!(ElementType::from_dtype(DType::Flex32), Some(ElementType::F32));
        assert_eq!(ElementType::from_dtype(DType::Bool(BoolStore::U32)), Some(ElementType::Bool));
    }
}

//! Types and shapes as the C API has them.

use super::error::PjrtError;
use crate::types::{ElementType, TensorType};

/// Dimensions as the C API takes them; tensors of up to eight dimensions need no allocation.
pub(super) type DimVec = smallvec::SmallVec<[i64; 8]>;

/// The element type of a number in `PJRT_Buffer_Type`.
pub(super) fn element_type(raw: i32) -> Result<ElementType, PjrtError> {
    ElementType::from_raw(raw).ok_or(PjrtError::ElementType { raw })
}

/// The dimensions of a tensor.
pub(super) fn dims(ty: &TensorType) -> Result<DimVec, PjrtError> {
    let dims = ty.dims.iter().map(|&dim| i64::try_from(dim)).collect::<Result<_, _>>();
    dims.map_err(|_| PjrtError::TooLarge { ty: ty.clone() })
}

/// The bytes of a tensor on the host.
///
/// # Errors
///
/// [`PjrtError::TooLarge`] if no slice could hold them.
pub(super) fn bytes(ty: &TensorType) -> Result<usize, PjrtError> {
    ty.bytes().ok_or_else(|| PjrtError::TooLarge { ty: ty.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_that_no_memory_holds_is_told() {
        let error = bytes(&TensorType::new(ElementType::F64, [usize::MAX, 2])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tensor<18446744073709551615x2xf64>: expected a size below 2^63 bytes, got more; check the dimensions"
        );
    }
}

//! Burn's names for types and data: the one place where this module meets Burn.

use burn_backend::{BoolStore, DType, TensorData};

use super::buffer::Buffer;
use super::client::Client;
use super::device::Device;
use super::element::ElementType;
use super::error::PjrtError;

impl ElementType {
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

/// The bytes of tensor data, kept by a transfer.
struct Kept(burn_backend::Bytes);

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Client {
    /// Hands Burn's data over to a device, as [`Client::buffer_from_owned`] does.
    ///
    /// # Errors
    ///
    /// [`PjrtError::DataType`] for quantised data, else as [`Client::buffer_from_owned`].
    pub fn buffer_from_data(&self, data: TensorData, device: &Device) -> Result<Buffer, PjrtError> {
        let (bytes, shape, dtype) = data.into_parts();
        let element_type = ElementType::from_dtype(dtype)
            .ok_or_else(|| PjrtError::DataType { dtype: format!("{dtype:?}") })?;
        let dims: &[usize] = &shape;
        if dtype == DType::Bool(BoolStore::U32) {
            // Four bytes per value there, one here.
            let values: Vec<u8> =
                bytes.chunks_exact(4).map(|value| u8::from(value != [0; 4])).collect();
            return self.buffer_from_owned(values, element_type, dims, device);
        }
        self.buffer_from_owned(Kept(bytes), element_type, dims, device)
    }
}

impl Buffer {
    /// Copies the values to the host as Burn's data, when they are ready.
    ///
    /// # Errors
    ///
    /// As [`Buffer::to_host`].
    pub fn to_data(&self) -> Result<TensorData, PjrtError> {
        let bytes = self.to_host()?;
        Ok(TensorData::from_bytes_vec(bytes, self.shape().to_vec(), self.element_type().dtype()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

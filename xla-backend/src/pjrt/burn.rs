//! Burn's data to a device and back.

use burn_backend::{BoolStore, DType, TensorData};

use super::buffer::Buffer;
use super::client::Client;
use super::device::Device;
use super::error::PjrtError;
use crate::types::ElementType;

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

//! Values of tensors.

use std::sync::Arc;

use burn_backend::{BoolStore, DType, TensorData};

use super::error::Failure;
use super::promise::Promise;
use crate::pjrt::Buffer;

/// A tensor on the device, where it may still be computed, or the reason why there is none.
pub(super) type Outcome = Result<Arc<Buffer>, Failure>;

/// The value of a tensor that a graph has made, or that was uploaded.
///
/// Every handle of the tensor holds a reference. If the graph that reads it has the only one, the graph may
/// write results into its memory.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) outcome: Arc<Promise<Outcome>>,
}

impl Value {
    pub(super) fn new() -> Self {
        Self { outcome: Arc::new(Promise::new()) }
    }

    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome: Arc::new(Promise::kept(outcome)) }
    }
}

/// The values as another dtype of the same layout, or as bools of four bytes.
pub(super) fn as_dtype(data: TensorData, dtype: DType) -> TensorData {
    let shape = data.shape().clone();
    if data.dtype() == dtype {
        return data;
    }
    if dtype == DType::Bool(BoolStore::U32) {
        let wide = data.as_bytes().iter().flat_map(|&bit| u32::from(bit).to_le_bytes()).collect();
        return TensorData::from_bytes_vec(wide, shape, dtype);
    }
    let (bytes, _, _) = data.into_parts();
    TensorData::from_bytes(bytes, shape, dtype)
}

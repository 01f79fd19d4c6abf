//! Slices of numbers instead of bytes.

use super::buffer::Buffer;
use super::client::Client;
use super::device::Device;
use super::error::PjrtError;
use super::raw;
use crate::types::ElementType;

mod sealed {
    /// Types whose every bit pattern is a value and that have no padding.
    ///
    /// # Safety
    ///
    /// As the sentence says.
    pub unsafe trait Plain: Copy + Default {}
}

/// A number that buffers can hold.
pub trait Element: sealed::Plain {
    /// Its element type.
    const ELEMENT_TYPE: ElementType;
}

macro_rules! elements {
    ($($kind:ty => $element:ident,)*) => {$(
        // SAFETY: numbers have no padding, and every bit pattern is one.
        unsafe impl sealed::Plain for $kind {}

        impl Element for $kind {
            const ELEMENT_TYPE: ElementType = ElementType::$element;
        }
    )*};
}

elements! {
    i8 => I8,
    i16 => I16,
    i32 => I32,
    i64 => I64,
    u8 => U8,
    u16 => U16,
    u32 => U32,
    u64 => U64,
    half::f16 => F16,
    half::bf16 => BF16,
    f32 => F32,
    f64 => F64,
}

/// Bytes as the numbers that they hold, if they are aligned as these.
pub(super) fn numbers<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: `Plain` allows every bit pattern.
    let (before, numbers, after) = unsafe { bytes.align_to() };
    (before.is_empty() && after.is_empty()).then_some(numbers)
}

/// As [`numbers`], to be written.
pub(super) fn numbers_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    // SAFETY: `Plain` allows every bit pattern, and has no padding.
    let (before, numbers, after) = unsafe { bytes.align_to_mut() };
    (before.is_empty() && after.is_empty()).then_some(numbers)
}

impl Client {
    /// Copies numbers to a device; see [`Client::buffer_from_host`].
    ///
    /// # Errors
    ///
    /// As [`Client::buffer_from_host`].
    pub fn buffer_from_slice<T: Element>(
        &self,
        values: &[T],
        dims: &[usize],
        device: &Device,
    ) -> Result<Buffer, PjrtError> {
        // SAFETY: `Plain` has no padding, so all bytes of the slice are initialised.
        let bytes = unsafe {
            std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values))
        };
        self.buffer_from_host(bytes, T::ELEMENT_TYPE, dims, device)
    }
}

impl Buffer {
    /// Copies the numbers to the host, row after row, when they are ready.
    ///
    /// # Errors
    ///
    /// [`PjrtError::HostType`] if the buffer holds another type, else as [`Buffer::to_host`].
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, PjrtError> {
        if self.element_type() != T::ELEMENT_TYPE {
            let (expected, got) = (T::ELEMENT_TYPE, self.ty().clone());
            return Err(PjrtError::HostType { expected, got });
        }
        let mut values = vec![T::default(); raw::bytes(self.ty())? / size_of::<T>()];
        // SAFETY: `Plain` allows every bit pattern, so any bytes may be written.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(
                values.as_mut_ptr().cast::<u8>(),
                size_of_val(values.as_slice()),
            )
        };
        self.to_host_into(bytes)?;
        Ok(values)
    }
}

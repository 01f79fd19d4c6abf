//! Reading a buffer where it lies, on platforms whose device memory is the host's.
//!
//! The CPU plugin copies to the host on another thread, which takes 25 to 30 µs however little there
//! is to copy (0.81, 2026-11). Its buffers can be read in place instead.

use std::ops::Deref;

use super::api::{Handle, list};
use super::buffer::Buffer;
use super::error::PjrtError;
use super::ffi::{self, Call};
use super::raw;

/// The values of a buffer, in place.
///
/// While it lives the plugin keeps the memory as it is: it is neither freed nor given to an
/// execution that would write to it.
pub struct HostView<'a> {
    buffer: &'a Buffer,
    bytes: &'a [u8],
}

impl std::fmt::Debug for HostView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostView").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Deref for HostView<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl Buffer {
    /// The values in place, when they are ready; `None` where they cannot be read in place: on a
    /// device with its own memory, or in another order than row after row.
    ///
    /// # Errors
    ///
    /// As [`Buffer::to_host`].
    pub fn host_view(&self) -> Result<Option<HostView<'_>>, PjrtError> {
        let api = self.client().api();
        let is_offered = [
            Call::BufferIncreaseExternalReferenceCount,
            Call::BufferDecreaseExternalReferenceCount,
            Call::BufferOpaqueDeviceMemoryDataPointer,
        ]
        .iter()
        .all(|&call| api.has(call));
        if self.client().platform() != "cpu" || !is_offered {
            return Ok(None);
        }
        let size = raw::bytes(self.ty())?;
        self.ready()?.wait()?;
        if size == 0 || !self.is_row_major()? {
            return Ok(None);
        }
        let buffer = self.handle().as_ptr();
        let mut hold =
            ffi::IncreaseReferenceArgs { buffer, ..ffi::IncreaseReferenceArgs::default() };
        // SAFETY: the buffer is alive.
        unsafe { api.call(&mut hold) }?;
        // From here on the view releases the hold, also when the next call fails.
        let mut view = HostView { buffer: self, bytes: &[] };
        let mut args = ffi::DataPointerArgs { buffer, ..ffi::DataPointerArgs::default() };
        // SAFETY: the buffer is alive and held.
        unsafe { api.call(&mut args) }?;
        let data = Handle::new(args.data, Call::BufferOpaqueDeviceMemoryDataPointer)?;
        // SAFETY: on the CPU device memory is the host's; the values are ready, `size` bytes of them, and
        // the hold keeps them in place and unchanged until the view is dropped.
        view.bytes = unsafe { list(data.as_ptr().cast::<u8>(), size) };
        Ok(Some(view))
    }

    /// Whether the values lie row after row.
    fn is_row_major(&self) -> Result<bool, PjrtError> {
        let rank = self.shape().len();
        if rank < 2 {
            return Ok(true);
        }
        let mut args = ffi::MemoryLayoutArgs {
            buffer: self.handle().as_ptr(),
            ..ffi::MemoryLayoutArgs::default()
        };
        // SAFETY: the buffer is alive, and the layout's list lives as long as it does.
        unsafe {
            if self.client().api().call(&mut args).is_err() {
                return Ok(false);
            }
            let layout = args.layout.tiled;
            Ok(args.layout.kind == ffi::LAYOUT_TILED
                && layout.num_tiles == 0
                && list(layout.minor_to_major, layout.minor_to_major_size)
                    .iter()
                    .copied()
                    .eq((0..rank as i64).rev()))
        }
    }
}

impl Drop for HostView<'_> {
    fn drop(&mut self) {
        let mut args = ffi::DecreaseReferenceArgs {
            buffer: self.buffer.handle().as_ptr(),
            ..ffi::DecreaseReferenceArgs::default()
        };
        // SAFETY: the buffer is alive, and `host_view` has taken the hold that is released here.
        unsafe { self.buffer.client().api().call_in_drop(&mut args) };
    }
}

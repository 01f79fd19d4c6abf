//! Tensors on a device.

use std::ffi::c_void;
use std::sync::Arc;

use super::api::Handle;
use super::client::Client;
use super::device::Device;
use super::error::PjrtError;
use super::event::Event;
use super::ffi::{self, Call};
use super::raw;
use crate::types::{ElementType, TensorType};

/// A tensor on a device; perhaps still being computed or transferred.
pub struct Buffer {
    client: Client,
    handle: Handle<ffi::Buffer>,
    ty: Arc<TensorType>,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Buffer").field(&format_args!("{}", self.ty)).finish()
    }
}

impl Buffer {
    /// Wraps a buffer that the plugin handed to us.
    pub(crate) fn new(client: Client, handle: Handle<ffi::Buffer>, ty: Arc<TensorType>) -> Self {
        Self { client, handle, ty }
    }

    pub(crate) fn handle(&self) -> Handle<ffi::Buffer> {
        self.handle
    }

    /// The client that the buffer belongs to.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The element type and the dimensions.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// The dimensions, the slowest first.
    pub fn shape(&self) -> &[usize] {
        &self.ty.dims
    }

    /// The type of an element.
    pub fn element_type(&self) -> ElementType {
        self.ty.element
    }

    /// The device that the buffer lives on.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] if the plugin names none of the client's devices.
    pub fn device(&self) -> Result<Device, PjrtError> {
        let mut args = ffi::BufferDeviceArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferDeviceArgs::default()
        };
        // SAFETY: the buffer is alive.
        unsafe { self.client.api().call(&mut args) }?;
        let handle = Handle::new(args.device, Call::BufferDevice)?;
        self.client
            .find_device(handle)
            .ok_or(PjrtError::ForeignObject { what: "device of a buffer" })
    }

    /// The bytes that the buffer takes on its device, padding included.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] if the buffer was deleted or donated.
    pub fn on_device_size(&self) -> Result<usize, PjrtError> {
        let mut args = ffi::BufferOnDeviceSizeArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferOnDeviceSizeArgs::default()
        };
        // SAFETY: the buffer is alive.
        unsafe { self.client.api().call(&mut args) }?;
        Ok(args.size)
    }

    /// Whether the buffer's memory was given up: deleted, or donated to an execution.
    ///
    /// # Errors
    ///
    /// Whatever the plugin meets.
    pub fn is_deleted(&self) -> Result<bool, PjrtError> {
        let mut args = ffi::BufferIsDeletedArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferIsDeletedArgs::default()
        };
        // SAFETY: the buffer is alive.
        unsafe { self.client.api().call(&mut args) }?;
        Ok(args.is_deleted)
    }

    /// Gives up the buffer's memory now, for all who share the buffer. Executions under way still
    /// finish with it.
    ///
    /// # Errors
    ///
    /// Whatever the plugin meets.
    pub fn delete(&self) -> Result<(), PjrtError> {
        let mut args = ffi::BufferDeleteArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferDeleteArgs::default()
        };
        // SAFETY: the buffer is alive.
        unsafe { self.client.api().call(&mut args) }
    }

    /// An event that fires when the buffer holds its values, or the error that kept it from doing
    /// so.
    ///
    /// # Errors
    ///
    /// Whatever the plugin meets.
    pub fn ready(&self) -> Result<Event, PjrtError> {
        let mut args = ffi::BufferReadyEventArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferReadyEventArgs::default()
        };
        // SAFETY: the buffer is alive.
        unsafe { self.client.api().call(&mut args) }?;
        Ok(Event::new(*self.client.api(), Handle::new(args.event, Call::BufferReadyEvent)?))
    }

    /// Copies the buffer to another device of the client.
    ///
    /// # Errors
    ///
    /// [`PjrtError::ForeignObject`] for a device of another client, else whatever the plugin meets.
    pub fn copy_to_device(&self, device: &Device) -> Result<Self, PjrtError> {
        if !self.client.is_same(device.client()) {
            return Err(PjrtError::ForeignObject { what: "device" });
        }
        let mut args = ffi::BufferCopyToDeviceArgs {
            buffer: self.handle.as_ptr(),
            device: device.handle().as_ptr(),
            ..ffi::BufferCopyToDeviceArgs::default()
        };
        // SAFETY: buffer and device are alive and belong to one client.
        unsafe { self.client.api().call(&mut args) }?;
        let handle = Handle::new(args.copy, Call::BufferCopyToDevice)?;
        Ok(Self::new(self.client.clone(), handle, Arc::clone(&self.ty)))
    }

    /// Copies the values to the host, row after row, when they are ready.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] with the error of the execution that should have made the values, or
    /// of the transfer.
    pub fn to_host(&self) -> Result<Vec<u8>, PjrtError> {
        match self.host_view()? {
            Some(view) => Ok(view.to_vec()),
            None => self.to_host_async()?.wait(),
        }
    }

    /// As [`Buffer::to_host`], into a slice of the right size.
    ///
    /// # Errors
    ///
    /// [`PjrtError::HostSize`] if the slice has another size, else as [`Buffer::to_host`].
    pub fn to_host_into(&self, target: &mut [u8]) -> Result<(), PjrtError> {
        let expected = raw::bytes(&self.ty)?;
        if target.len() != expected {
            return Err(PjrtError::HostSize {
                ty: (*self.ty).clone(),
                expected,
                got: target.len(),
            });
        }
        if let Some(view) = self.host_view()? {
            target.copy_from_slice(&view);
            return Ok(());
        }
        // SAFETY: `target` has the size of the buffer and is borrowed until the transfer has been
        // waited for.
        match unsafe { self.download(target.as_mut_ptr(), target.len()) }? {
            Some(event) => event.wait(),
            None => Ok(()),
        }
    }

    /// Starts a copy of the values to the host.
    ///
    /// # Errors
    ///
    /// As [`Buffer::to_host`]; most errors come from [`HostCopy::wait`].
    pub fn to_host_async(&self) -> Result<HostCopy, PjrtError> {
        let size = raw::bytes(&self.ty)?;
        let mut data = Vec::with_capacity(size);
        // SAFETY: `data` has room for the buffer, and `HostCopy` keeps it until the transfer is
        // over.
        let event = unsafe { self.download(data.as_mut_ptr(), size) }?;
        Ok(HostCopy { data, size, event })
    }

    /// Starts a transfer of `size` bytes to `target`; no event if there is nothing to transfer.
    ///
    /// # Safety
    ///
    /// `target` must be valid for writes of `size` bytes, which is the size of the buffer, until
    /// the event has fired.
    unsafe fn download(&self, target: *mut u8, size: usize) -> Result<Option<Event>, PjrtError> {
        if size == 0 {
            // Nothing to copy, but an error of the execution must not be lost.
            return self.ready().map(Some);
        }
        // Devices may keep tensors in other orders, and the default is the buffer's own: ask for
        // row after row.
        let minor_to_major: raw::DimVec = (0..self.ty.dims.len() as i64).rev().collect();
        let layout = ffi::MemoryLayout {
            tiled: ffi::LayoutTiled {
                minor_to_major: minor_to_major.as_ptr(),
                minor_to_major_size: minor_to_major.len(),
                ..ffi::LayoutTiled::default()
            },
            kind: ffi::LAYOUT_TILED,
            ..ffi::MemoryLayout::default()
        };
        let mut args = ffi::BufferToHostArgs {
            src: self.handle.as_ptr(),
            host_layout: &raw const layout,
            dst: target.cast::<c_void>(),
            dst_size: size,
            ..ffi::BufferToHostArgs::default()
        };
        // SAFETY: the buffer is alive; the layout outlives the call; the caller vouches for
        // `target`.
        unsafe { self.client.api().call(&mut args) }?;
        let handle = Handle::new(args.event, Call::BufferToHostBuffer)?;
        Ok(Some(Event::new(*self.client.api(), handle)))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut args = ffi::BufferDestroyArgs {
            buffer: self.handle.as_ptr(),
            ..ffi::BufferDestroyArgs::default()
        };
        // SAFETY: the buffer is ours and is not used again; the plugin keeps its memory while work
        // under way needs it.
        unsafe { self.client.api().call_in_drop(&mut args) };
    }
}

/// A copy to the host that is under way.
///
/// It owns the memory that the plugin writes to; dropping it waits for the transfer.
pub struct HostCopy {
    data: Vec<u8>,
    size: usize,
    event: Option<Event>,
}

impl std::fmt::Debug for HostCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostCopy").field("bytes", &self.size).finish_non_exhaustive()
    }
}

impl HostCopy {
    /// Whether the values are here, so that [`HostCopy::wait`] returns at once.
    ///
    /// # Errors
    ///
    /// As [`Event::is_ready`].
    pub fn is_ready(&self) -> Result<bool, PjrtError> {
        self.event.as_ref().map_or(Ok(true), Event::is_ready)
    }

    /// Waits for the values.
    ///
    /// # Errors
    ///
    /// As [`Buffer::to_host`].
    pub fn wait(mut self) -> Result<Vec<u8>, PjrtError> {
        if let Some(event) = self.event.take() {
            event.wait()?;
        }
        // SAFETY: the vector was made with room for `size` bytes, and the plugin reports that it
        // has written them.
        unsafe { self.data.set_len(self.size) };
        Ok(std::mem::take(&mut self.data))
    }
}

impl Drop for HostCopy {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            // Whether it failed no longer matters: the plugin has stopped writing.
            let _ = event.wait();
        }
    }
}

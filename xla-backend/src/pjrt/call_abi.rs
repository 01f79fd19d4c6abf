//! XLA's interface of custom calls (`xla/ffi/api/c_api.h`, version 0.4) and the PJRT extension that registers them
//! (`pjrt_c_api_ffi_extension.h`): the parts that a function of this process needs.
//!
//! Structs begin with their size, as those of [`ffi`](super::ffi). They have only grown at their ends, and of a struct
//! inside of another the size has not changed; what a newer plugin adds is not read.

use std::ffi::{c_char, c_void};

use super::ffi::{self, Slot};

/// `PJRT_FFI_Extension`, from 0.81 on. `register_handler` exists if `base.struct_size` reaches it.
#[repr(C)]
pub(super) struct Extension {
    pub(super) base: ffi::ExtensionBase,
    pub(super) type_register: Slot,
    pub(super) user_data_add: Slot,
    pub(super) register_handler: Option<Register>,
}

pub(super) type Register = unsafe extern "C" fn(*mut RegisterArgs) -> *mut ffi::Error;

/// `PJRT_FFI_Register_Handler_Args`. Before 0.80 it had a field more; such a plugin refuses this one for its size.
#[repr(C)]
pub(super) struct RegisterArgs {
    pub(super) struct_size: usize,
    pub(super) target: *const c_char,
    pub(super) target_size: usize,
    pub(super) handler: Handler,
    pub(super) platform: *const c_char,
    pub(super) platform_size: usize,
    pub(super) traits: i32,
}

impl RegisterArgs {
    /// Without the padding after the last field.
    pub(super) const SIZE: usize = std::mem::offset_of!(Self, traits) + size_of::<i32>();
}

/// `XLA_FFI_Handler`.
pub(super) type Handler = unsafe extern "C" fn(*mut CallFrame) -> *mut Error;

/// `XLA_FFI_Error`, opaque.
#[repr(C)]
pub(super) struct Error {
    _private: [u8; 0],
}

/// `XLA_FFI_InternalExtension`.
#[repr(C)]
pub(super) struct CallExtension {
    pub(super) struct_size: usize,
    pub(super) kind: i32,
    pub(super) next: *mut CallExtension,
}

/// The kind of [`MetadataExtension`].
pub(super) const METADATA: i32 = 1;

/// `XLA_FFI_Metadata_Extension`: with it a handler is asked about itself, and not called.
#[repr(C)]
pub(super) struct MetadataExtension {
    pub(super) base: CallExtension,
    pub(super) metadata: *mut Metadata,
}

/// `XLA_FFI_Metadata`.
#[repr(C)]
pub(super) struct Metadata {
    pub(super) struct_size: usize,
    pub(super) version: ffi::ApiVersion,
    pub(super) traits: u32,
}

/// `XLA_FFI_ExecutionStage_EXECUTE`; other stages come before it.
pub(super) const EXECUTE: i32 = 3;

/// `XLA_FFI_CallFrame`.
#[repr(C)]
pub(super) struct CallFrame {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) api: *const Api,
    pub(super) context: *mut c_void,
    pub(super) stage: i32,
    pub(super) arguments: Buffers,
    pub(super) results: Buffers,
}

/// `XLA_FFI_Args` and `XLA_FFI_Rets`.
#[repr(C)]
pub(super) struct Buffers {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) count: i64,
    pub(super) kinds: *const i32,
    pub(super) values: *const *mut Buffer,
}

/// `XLA_FFI_ArgType_BUFFER` and `XLA_FFI_RetType_BUFFER`.
pub(super) const BUFFER: i32 = 1;

/// `XLA_FFI_Buffer`.
#[repr(C)]
pub(super) struct Buffer {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) element: i32,
    pub(super) data: *mut c_void,
    pub(super) rank: i64,
    pub(super) dims: *const i64,
}

/// `XLA_FFI_Api`, to the last call that is made.
#[repr(C)]
pub(super) struct Api {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) version: ffi::ApiVersion,
    pub(super) internal: *const c_void,
    pub(super) error_create: unsafe extern "C" fn(*mut ErrorCreateArgs) -> *mut Error,
    pub(super) error_get_message: ffi::Slot,
    pub(super) error_destroy: Option<unsafe extern "C" fn(*mut ErrorDestroyArgs)>,
    /// Of handlers, streams, types, contexts, states and memory.
    pub(super) others: [ffi::Slot; 8],
    /// From 0.2 on at the latest; before, the table may end above.
    pub(super) thread_pool_schedule:
        Option<unsafe extern "C" fn(*mut ThreadPoolScheduleArgs) -> *mut Error>,
}

/// `XLA_FFI_Error_Destroy_Args`.
#[repr(C)]
pub(super) struct ErrorDestroyArgs {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) error: *mut Error,
}

/// `XLA_FFI_ThreadPool_Schedule_Args`.
#[repr(C)]
pub(super) struct ThreadPoolScheduleArgs {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    pub(super) context: *mut c_void,
    pub(super) task: unsafe extern "C" fn(*mut c_void),
    pub(super) data: *mut c_void,
}

/// `XLA_FFI_Error_Create_Args`.
#[repr(C)]
pub(super) struct ErrorCreateArgs {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut CallExtension,
    /// Ends with a zero byte.
    pub(super) message: *const c_char,
    pub(super) code: i32,
}

/// `XLA_FFI_Error_Code_INTERNAL`.
pub(super) const INTERNAL: i32 = 13;

impl ErrorCreateArgs {
    /// See [`RegisterArgs::SIZE`].
    pub(super) const SIZE: usize = std::mem::offset_of!(Self, code) + size_of::<i32>();
}

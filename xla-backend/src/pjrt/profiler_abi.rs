//! The profiler of a plugin (`profiler_c_api.h`), which the extension of PJRT points to.

use std::ffi::{c_char, c_void};

use super::ffi::ExtensionBase;

/// `PJRT_Profiler_Extension`, to the field that is read.
#[repr(C)]
pub(super) struct Extension {
    pub(super) base: ExtensionBase,
    pub(super) api: *const Api,
}

/// `PLUGIN_Profiler_Api`.
#[repr(C)]
pub(super) struct Api {
    pub(super) struct_size: usize,
    pub(super) private: *mut c_void,
    pub(super) error_destroy: Option<unsafe extern "C" fn(*mut ErrorArgs)>,
    pub(super) error_message: Option<unsafe extern "C" fn(*mut ErrorMessageArgs)>,
    pub(super) error_get_code: Option<unsafe extern "C" fn(*mut c_void) -> *mut Error>,
    pub(super) create: Option<unsafe extern "C" fn(*mut CreateArgs) -> *mut Error>,
    pub(super) destroy: Option<unsafe extern "C" fn(*mut ProfilerArgs) -> *mut Error>,
    pub(super) start: Option<unsafe extern "C" fn(*mut ProfilerArgs) -> *mut Error>,
    pub(super) stop: Option<unsafe extern "C" fn(*mut ProfilerArgs) -> *mut Error>,
    pub(super) collect: Option<unsafe extern "C" fn(*mut CollectArgs) -> *mut Error>,
}

/// `PLUGIN_Profiler_Error`, opaque.
#[repr(C)]
pub(super) struct Error {
    _private: [u8; 0],
}

/// `PLUGIN_Profiler`, opaque.
#[repr(C)]
pub(super) struct Profiler {
    _private: [u8; 0],
}

/// `PLUGIN_Profiler_Error_Destroy_Args`.
#[repr(C)]
pub(super) struct ErrorArgs {
    pub(super) struct_size: usize,
    pub(super) private: *mut c_void,
    pub(super) error: *mut Error,
}

/// `PLUGIN_Profiler_Error_Message_Args`.
#[repr(C)]
pub(super) struct ErrorMessageArgs {
    pub(super) struct_size: usize,
    pub(super) private: *mut c_void,
    pub(super) error: *const Error,
    pub(super) message: *const c_char,
    pub(super) message_size: usize,
}

/// `PLUGIN_Profiler_Create_Args`.
#[repr(C)]
pub(super) struct CreateArgs {
    pub(super) struct_size: usize,
    pub(super) options: *const c_char,
    pub(super) options_size: usize,
    pub(super) profiler: *mut Profiler,
}

/// `PLUGIN_Profiler_Start_Args` and its neighbours, which are alike.
#[repr(C)]
pub(super) struct ProfilerArgs {
    pub(super) struct_size: usize,
    pub(super) profiler: *mut Profiler,
}

/// `PLUGIN_Profiler_CollectData_Args`.
#[repr(C)]
pub(super) struct CollectArgs {
    pub(super) struct_size: usize,
    pub(super) profiler: *mut Profiler,
    /// Null in the first call, which tells the size, or already the plugin's own buffer.
    pub(super) buffer: *mut u8,
    pub(super) buffer_size: usize,
}

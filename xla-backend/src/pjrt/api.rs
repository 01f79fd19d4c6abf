//! The table of calls of a loaded plugin, checked before a pointer is read from it.

use std::ffi::c_char;
use std::ptr::NonNull;

use super::error::{ErrorCode, PjrtError};
use super::extension::Extension;
use super::ffi::{self, Args, Call};
use super::version::{ApiVersion, OLDEST_MINOR};

/// A checked table. Plugins are never unloaded, so it lives as long as the process.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    table: NonNull<ffi::Api>,
    /// The slots that the plugin's own `struct_size` covers, and this transcription knows.
    slots: usize,
    version: ApiVersion,
}

// SAFETY: the table is immutable after `GetPjrtApi`, and the C API allows its functions to be
// called from any thread.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

impl Api {
    /// Checks the size and version of a table, in that order, before anything else is read.
    ///
    /// # Safety
    ///
    /// `table` must be what a plugin's `GetPjrtApi` returned: null, or a table that stays valid and
    /// unchanged for the life of the process, of which `struct_size` bytes are readable.
    pub(crate) unsafe fn new(table: *const ffi::Api, plugin: &str) -> Result<Self, PjrtError> {
        let not_a_plugin = |reason: String| PjrtError::NotAPlugin { plugin: plugin.into(), reason };
        let table = NonNull::new(table.cast_mut())
            .ok_or_else(|| not_a_plugin("GetPjrtApi returned null".into()))?;
        // SAFETY: `struct_size` is the first field and always there.
        let struct_size = unsafe { (&raw const (*table.as_ptr()).struct_size).read() };
        let header = std::mem::offset_of!(ffi::Api, slots);
        if struct_size < header {
            return Err(not_a_plugin(format!(
                "its api struct is {struct_size} bytes, less than its header of {header}"
            )));
        }
        // SAFETY: `struct_size` covers the header, which holds the version.
        let raw = unsafe { (&raw const (*table.as_ptr()).version).read() };
        let version = ApiVersion { major: raw.major, minor: raw.minor };
        if version.major != ffi::API_MAJOR || version.minor < OLDEST_MINOR {
            return Err(PjrtError::ApiVersion { plugin: plugin.into(), found: version });
        }
        let slots = ((struct_size - header) / size_of::<ffi::Slot>()).min(ffi::CALLS);
        Ok(Self { table, slots, version })
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.version
    }

    /// Whether the plugin implements a call: its table reaches that far and the slot is not null.
    pub(crate) fn has(&self, call: Call) -> bool {
        self.slot(call).is_some()
    }

    fn slot(&self, call: Call) -> ffi::Slot {
        let index = call as usize;
        if index >= self.slots {
            return None;
        }
        // SAFETY: `struct_size` covers slot `index`, as checked in `new`; the table is immutable.
        unsafe { (&raw const (*self.table.as_ptr()).slots).cast::<ffi::Slot>().add(index).read() }
    }

    /// The extensions in the table's chain, in its order. A chain longer than any sensible one is cut
    /// off.
    pub(crate) fn extensions(&self) -> Vec<NonNull<ffi::ExtensionBase>> {
        const LONGEST: usize = 64;
        let mut extensions = Vec::new();
        // SAFETY: `new` checked that the header, which holds the chain's start, is there.
        let mut link = unsafe { (&raw const (*self.table.as_ptr()).extension_start).read() };
        while let Some(extension) = NonNull::new(link.cast_mut())
            && extensions.len() < LONGEST
        {
            extensions.push(extension);
            // SAFETY: each link of the chain is null or points to an `ExtensionBase` that lives as
            // long as the table.
            link = unsafe { extension.read() }.next;
        }
        extensions
    }

    /// The extension of this kind.
    pub(crate) fn extension(&self, kind: Extension) -> Option<NonNull<ffi::ExtensionBase>> {
        // SAFETY: links of the chain live as long as the table.
        self.extensions().into_iter().find(|it| unsafe { it.read() }.kind == kind.raw())
    }

    /// Makes a call and turns its error into ours.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] if the plugin lacks the call, [`PjrtError::Plugin`] if the call
    /// fails.
    ///
    /// # Safety
    ///
    /// The pointers in `args` must be as the header demands of this call.
    #[inline]
    pub(crate) unsafe fn call<A: Args>(&self, args: &mut A) -> Result<(), PjrtError> {
        let Some(function) = self.slot(A::CALL) else {
            return Err(PjrtError::Unimplemented { call: A::CALL.name(), api: self.version });
        };
        // SAFETY: `Args` promises that the slot of `A::CALL` holds a function of this type.
        let function = unsafe {
            std::mem::transmute::<
                unsafe extern "C" fn(),
                unsafe extern "C" fn(*mut A) -> *mut ffi::Error,
            >(function)
        };
        // SAFETY: the caller vouches for the pointers in `args`; `struct_size` is set by `Default`.
        let error = unsafe { function(args) };
        match NonNull::new(error) {
            None => Ok(()),
            // SAFETY: the call returned the error, so we own it.
            Some(error) => Err(unsafe { self.take_error(error, A::CALL.name()) }),
        }
    }

    /// As [`Api::call`], for destructors: a failure is logged, since `Drop` cannot report it.
    ///
    /// # Safety
    ///
    /// As [`Api::call`].
    pub(crate) unsafe fn call_in_drop<A: Args>(&self, args: &mut A) {
        // SAFETY: passed on to the caller.
        if let Err(error) = unsafe { self.call(args) } {
            tracing::warn!(%error, "freeing an object of the plugin failed");
        }
    }

    /// Reads an error's code and message, destroys it and returns both.
    ///
    /// # Safety
    ///
    /// `error` must be owned by the caller, come from this plugin and not be used afterwards.
    pub(crate) unsafe fn take_error(
        &self,
        error: NonNull<ffi::Error>,
        call: &'static str,
    ) -> PjrtError {
        let message = self.error_message(error);
        let mut code =
            ffi::ErrorGetCodeArgs { error: error.as_ptr(), ..ffi::ErrorGetCodeArgs::default() };
        // The recursion ends: a failing GetCode would yield an error whose own code is then asked
        // for, so it is not asked.
        let code = match self.slot(Call::ErrorGetCode) {
            None => ErrorCode::Unknown,
            Some(function) => {
                // SAFETY: the slot of PJRT_Error_GetCode has this type; `error` is alive.
                let second = unsafe {
                    let function = std::mem::transmute::<
                        unsafe extern "C" fn(),
                        unsafe extern "C" fn(*mut ffi::ErrorGetCodeArgs) -> *mut ffi::Error,
                    >(function);
                    function(&mut code)
                };
                match NonNull::new(second) {
                    None => ErrorCode::from_raw(code.code),
                    Some(second) => {
                        self.destroy_error(second);
                        ErrorCode::Unknown
                    }
                }
            }
        };
        self.destroy_error(error);
        PjrtError::Plugin { call, code, message }
    }

    fn error_message(&self, error: NonNull<ffi::Error>) -> String {
        let Some(function) = self.slot(Call::ErrorMessage) else {
            return "the plugin gives no message".into();
        };
        let mut args =
            ffi::ErrorMessageArgs { error: error.as_ptr(), ..ffi::ErrorMessageArgs::default() };
        // SAFETY: PJRT_Error_Message returns nothing; `error` is alive, and its message lives as
        // long as it does.
        unsafe {
            let function = std::mem::transmute::<
                unsafe extern "C" fn(),
                unsafe extern "C" fn(*mut ffi::ErrorMessageArgs),
            >(function);
            function(&mut args);
            string(args.message, args.message_size)
        }
    }

    fn destroy_error(&self, error: NonNull<ffi::Error>) {
        let Some(function) = self.slot(Call::ErrorDestroy) else {
            return;
        };
        let mut args =
            ffi::ErrorDestroyArgs { error: error.as_ptr(), ..ffi::ErrorDestroyArgs::default() };
        // SAFETY: PJRT_Error_Destroy returns nothing; the error is ours and is not used again.
        unsafe {
            let function = std::mem::transmute::<
                unsafe extern "C" fn(),
                unsafe extern "C" fn(*mut ffi::ErrorDestroyArgs),
            >(function);
            function(&mut args);
        }
    }
}

/// Copies a string of the plugin, which carries its length and need not end in a zero byte.
///
/// # Safety
///
/// `pointer` must be null or point to `length` readable bytes.
pub(crate) unsafe fn string(pointer: *const c_char, length: usize) -> String {
    // SAFETY: passed on to the caller.
    String::from_utf8_lossy(unsafe { bytes(pointer, length) }).into_owned()
}

/// Bytes of the plugin; a null pointer is an empty slice.
///
/// # Safety
///
/// `pointer` must be null or point to `length` readable bytes that live as long as the result is
/// used.
pub(crate) unsafe fn bytes<'a>(pointer: *const c_char, length: usize) -> &'a [u8] {
    // SAFETY: passed on to the caller.
    unsafe { list(pointer.cast::<u8>(), length) }
}

/// A list of the plugin; a null pointer is an empty one.
///
/// # Safety
///
/// `pointer` must be null or point to `length` readable values that live as long as the result is
/// used.
pub(crate) unsafe fn list<'a, T>(pointer: *const T, length: usize) -> &'a [T] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: not null, and `length` values are readable, says the caller.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// A pointer to an object of the plugin that is never null.
pub(crate) struct Handle<T>(NonNull<T>);

// SAFETY: the C API allows its objects to be used and destroyed from any thread.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above; calls on one object from several threads are the plugin's to synchronise.
unsafe impl<T> Sync for Handle<T> {}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> Handle<T> {
    /// Takes an out field that the plugin should have filled in.
    pub(crate) fn new(pointer: *mut T, call: Call) -> Result<Self, PjrtError> {
        NonNull::new(pointer).map(Self).ok_or_else(|| {
            PjrtError::broken_promise(
                call,
                "the plugin reported success and returned a null pointer",
            )
        })
    }

    pub(crate) fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
}

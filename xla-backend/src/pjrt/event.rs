//! Work that is under way.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::api::{Api, Handle};
use super::error::PjrtError;
use super::ffi;

/// Becomes ready when the work that it stands for is done or has failed.
///
/// Dropping an event does not stop the work.
pub struct Event {
    api: Api,
    handle: Handle<ffi::Event>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("ready", &self.is_ready().ok()).finish()
    }
}

impl Event {
    /// Wraps an event that the plugin handed to us.
    pub(crate) fn new(api: Api, handle: Handle<ffi::Event>) -> Self {
        Self { api, handle }
    }

    /// Waits for the work.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Plugin`] with the error of the work, if it failed.
    pub fn wait(&self) -> Result<(), PjrtError> {
        let mut args =
            ffi::EventAwaitArgs { event: self.handle.as_ptr(), ..ffi::EventAwaitArgs::default() };
        // SAFETY: the event is alive.
        unsafe { self.api.call(&mut args) }
    }

    /// Whether the work is done or has failed.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] if the plugin cannot tell.
    pub fn is_ready(&self) -> Result<bool, PjrtError> {
        let mut args = ffi::EventIsReadyArgs {
            event: self.handle.as_ptr(),
            ..ffi::EventIsReadyArgs::default()
        };
        // SAFETY: the event is alive.
        unsafe { self.api.call(&mut args) }?;
        Ok(args.is_ready)
    }

    /// Calls `callback` once the work is done or has failed, on a thread of the plugin's choice;
    /// perhaps at once, on this one.
    ///
    /// The callback should be short. A panic in it is caught and logged.
    ///
    /// # Errors
    ///
    /// Whatever the registration meets; the callback is then dropped without being called.
    pub fn on_ready(
        self,
        callback: impl FnOnce(Result<(), PjrtError>) + Send + 'static,
    ) -> Result<(), PjrtError> {
        let context =
            Box::into_raw(Box::new(Context { api: self.api, callback: Box::new(callback) }));
        let mut args = ffi::EventOnReadyArgs {
            event: self.handle.as_ptr(),
            callback: Some(ready),
            user_arg: context.cast(),
            ..ffi::EventOnReadyArgs::default()
        };
        // SAFETY: the event is alive; `ready` takes the context, which nobody else touches from
        // here on, exactly once.
        let registered = unsafe { self.api.call(&mut args) };
        if registered.is_err() {
            // SAFETY: a registration that failed does not call back, so the context is ours again.
            drop(unsafe { Box::from_raw(context) });
        }
        registered
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let mut args = ffi::EventDestroyArgs {
            event: self.handle.as_ptr(),
            ..ffi::EventDestroyArgs::default()
        };
        // SAFETY: the event is ours and is not used again.
        unsafe { self.api.call_in_drop(&mut args) };
    }
}

/// What a callback needs: boxed, because the plugin keeps only a pointer.
struct Context {
    api: Api,
    callback: Box<dyn FnOnce(Result<(), PjrtError>) + Send>,
}

/// The function that plugins call. It does not unwind.
unsafe extern "C" fn ready(error: *mut ffi::Error, user_arg: *mut c_void) {
    // SAFETY: `user_arg` is the context of `on_ready`, and the plugin calls back once.
    let context = unsafe { Box::from_raw(user_arg.cast::<Context>()) };
    let called = catch_unwind(AssertUnwindSafe(move || {
        let result = match NonNull::new(error) {
            None => Ok(()),
            Some(error) => {
                let call = ffi::Call::EventOnReady.name();
                // SAFETY: the plugin passes ownership of the error to the callback.
                Err(unsafe { context.api.take_error(error, call) })
            }
        };
        (context.callback)(result);
    }));
    if called.is_err() {
        tracing::error!("a callback of an event panicked");
    }
}

//! A store that the processes of a client share: where a runtime of several hosts finds its peers.

use std::alloc::Layout;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::api::{bytes, string};
use super::ffi::{self, ClientCreateArgs, KvGetArgs, KvPutArgs, KvTryGetArgs};

/// Values by key, the same for all processes that compute together: a shared folder ([`FolderStore`]), etcd
/// (`EtcdStore`, with the feature `etcd`), or a client of another store that a cluster has anyway.
///
/// Runtimes of GPUs over several hosts tell each other through it where they are (`num_nodes` and `node_id` among
/// [`ClientOptions`](super::ClientOptions)). Keys must be new in each run: a store answers for one run alone.
///
/// [`FolderStore`]: super::FolderStore
pub trait KeyValueStore: Send + Sync {
    /// The value of a key, once a process has put it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Timeout`] if nobody does in this time, [`StoreError::Failed`].
    fn get(&self, key: &str, timeout: Duration) -> Result<Vec<u8>, StoreError>;

    /// The value of a key, if it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`].
    fn try_get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Gives a key a value.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`].
    fn put(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
}

/// [`KeyValueStore::get`] for a store that is asked again and again, a `step` apart.
pub(super) fn poll(
    store: &impl KeyValueStore,
    key: &str,
    timeout: Duration,
    step: Duration,
) -> Result<Vec<u8>, StoreError> {
    let start = Instant::now();
    loop {
        if let Some(value) = store.try_get(key)? {
            return Ok(value);
        }
        if start.elapsed() >= timeout {
            return Err(StoreError::Timeout { key: key.into(), timeout });
        }
        std::thread::sleep(step.min(timeout));
    }
}

/// Why a store gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nobody put the key in time.
    #[error(
        "key `{key}`: expected a process to put it within {timeout:?}, got none; do all processes run?"
    )]
    Timeout {
        /// The key.
        key: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The store does not answer, or refuses this process.
    #[error(
        "{store}: expected an answer, got none: {reason}; does it run, and may this host reach it?"
    )]
    Connect {
        /// The store.
        store: String,
        /// What is wrong.
        reason: String,
    },
    /// The store itself fails.
    #[error("key `{key}`: {reason}")]
    Failed {
        /// The key.
        key: String,
        /// What the store said.
        reason: String,
    },
}

/// A store as the callbacks find it: behind a pointer that does not move.
pub(super) type Shared = Box<Arc<dyn KeyValueStore>>;

/// Passes a store to a client that is created. It must live as long as the client.
pub(super) fn pass(store: &Shared, args: &mut ClientCreateArgs) {
    let store: *const Arc<dyn KeyValueStore> = &raw const **store;
    let store: *mut c_void = store.cast_mut().cast();
    args.kv_get_callback = Some(get);
    args.kv_get_user_arg = store;
    args.kv_put_callback = Some(put);
    args.kv_put_user_arg = store;
    args.kv_try_get_callback = Some(try_get);
    args.kv_try_get_user_arg = store;
}

/// What a callback answers instead of a value.
struct Refusal {
    code: i32,
    message: String,
}

// Of `PJRT_Error_Code`.
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Timeout { .. } => DEADLINE_EXCEEDED,
            StoreError::Connect { .. } => UNAVAILABLE,
            StoreError::Failed { .. } => INTERNAL,
        };
        Self { code, message: error.to_string() }
    }
}

/// Asks a store, and makes what goes wrong an error of the plugin.
///
/// # Safety
///
/// `store` must be what [`pass`] passed, and `error` the plugin's function for errors.
unsafe fn answer<T>(
    store: *mut c_void,
    error: *mut ffi::CallbackError,
    ask: impl FnOnce(&dyn KeyValueStore) -> Result<T, Refusal>,
) -> Result<T, *mut ffi::Error> {
    // SAFETY: the store lives as long as the client, says `pass`.
    let store = unsafe { &*store.cast::<Arc<dyn KeyValueStore>>() };
    let panicked = |_| Err(Refusal { code: INTERNAL, message: "the store panicked".into() });
    let answer = catch_unwind(AssertUnwindSafe(|| ask(&**store))).unwrap_or_else(panicked);
    // SAFETY: the plugin's function copies the message.
    answer.map_err(|Refusal { code, message }| unsafe {
        (*error)(code, message.as_ptr().cast(), message.len())
    })
}

/// Gives the plugin a value, with what frees it, or an error.
fn give(
    answer: Result<Vec<u8>, *mut ffi::Error>,
    value: &mut *mut c_char,
    size: &mut usize,
    deleter: &mut ffi::Deleter<c_char>,
) -> *mut ffi::Error {
    match answer {
        Err(error) => error,
        Ok(bytes) => {
            (*value, *size) = (handed_over(&bytes), bytes.len());
            *deleter = Some(free);
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn get(args: *mut KvGetArgs) -> *mut ffi::Error {
    // SAFETY: the plugin passes its arguments, with a key of this length.
    let (args, key) = unsafe { (&mut *args, string((*args).key, (*args).key_size)) };
    // A negative time is none that ends.
    let timeout = u64::try_from(args.timeout_in_ms).map_or(Duration::MAX, Duration::from_millis);
    let ask = |store: &dyn KeyValueStore| Ok(store.get(&key, timeout)?);
    // SAFETY: the plugin passes what `pass` gave it.
    let answer = unsafe { answer(args.user_arg, args.callback_error, ask) };
    give(answer, &mut args.value, &mut args.value_size, &mut args.value_deleter)
}

unsafe extern "C" fn try_get(args: *mut KvTryGetArgs) -> *mut ffi::Error {
    // SAFETY: the plugin passes its arguments, with a key of this length.
    let (args, key) = unsafe { (&mut *args, string((*args).key, (*args).key_size)) };
    let ask = |store: &dyn KeyValueStore| {
        let missing =
            || Refusal { code: NOT_FOUND, message: format!("key `{key}`: nobody put it") };
        store.try_get(&key)?.ok_or_else(missing)
    };
    // SAFETY: the plugin passes what `pass` gave it.
    let answer = unsafe { answer(args.user_arg, args.callback_error, ask) };
    give(answer, &mut args.value, &mut args.value_size, &mut args.value_deleter)
}

unsafe extern "C" fn put(args: *mut KvPutArgs) -> *mut ffi::Error {
    // SAFETY: the plugin passes its arguments, with a key and a value of these lengths.
    let (args, key, value) = unsafe {
        let args = &mut *args;
        let value = bytes(args.value, args.value_size);
        (&*args, string(args.key, args.key_size), value)
    };
    let ask = |store: &dyn KeyValueStore| Ok(store.put(&key, value)?);
    // SAFETY: the plugin passes what `pass` gave it.
    match unsafe { answer(args.user_arg, args.callback_error, ask) } {
        Err(error) => error,
        Ok(()) => std::ptr::null_mut(),
    }
}

/// The bytes before a value that tell its length, since a deleter gets the address alone.
const HEAD: usize = size_of::<usize>();

fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(HEAD.checked_add(len)?, align_of::<usize>()).ok()
}

/// A copy of a value, which [`free`] frees.
fn handed_over(value: &[u8]) -> *mut c_char {
    let Some(layout) = layout(value.len()) else { return std::ptr::null_mut() };
    // SAFETY: the layout is not empty; the length and the value have their places in it.
    unsafe {
        let start = std::alloc::alloc(layout);
        if start.is_null() {
            std::alloc::handle_alloc_error(layout);
        }
        start.cast::<usize>().write(value.len());
        let copy = start.add(HEAD);
        copy.copy_from_nonoverlapping(value.as_ptr(), value.len());
        copy.cast()
    }
}

unsafe extern "C" fn free(value: *mut c_char) {
    if value.is_null() {
        return;
    }
    // SAFETY: the plugin gives back what `handed_over` made, once.
    unsafe {
        let start = value.cast::<u8>().sub(HEAD);
        if let Some(layout) = layout(start.cast::<usize>().read()) {
            std::alloc::dealloc(start, layout);
        }
    }
}

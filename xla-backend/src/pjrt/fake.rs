//! A plugin made of our own functions, which keeps books: what was created, what was destroyed, and
//! whether every argument struct had the size that the header demands.
//!
//! The books are per thread, so that tests do not disturb each other; a compiler's thread shares those of the
//! thread that waits for it. The tests run under Miri too:
//! `cargo +nightly miri test -p burn-xla --lib pjrt::`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use super::api::{Api, bytes, string};
use super::error::PjrtError;
use super::ffi::{self, Args, Call};
use super::plugin::Plugin;

/// What the fake plugin knows of its objects.
#[derive(Default)]
pub(super) struct Books {
    /// Objects that are alive, by address, with their kind.
    pub(super) alive: BTreeMap<usize, &'static str>,
    /// How many objects were created.
    pub(super) created: usize,
    /// What a plugin must never see.
    pub(super) faults: Vec<String>,
    /// The call that fails.
    pub(super) failing: Option<Call>,
    /// The number of results that a program claims to have; it has one.
    pub(super) num_outputs: Option<usize>,
    /// The minor version that the plugin pretends to have, and with it the sizes it demands.
    pub(super) minor: Option<i32>,
    /// Whether the client asks a store for its peers, and what it has heard.
    pub(super) shares: bool,
    pub(super) heard: Vec<Result<Vec<u8>, (i32, String)>>,
    /// The callback that was registered last and has not been called.
    pub(super) callback: Option<(ffi::OnReadyCallback, *mut c_void)>,
}

// SAFETY: the callback and its argument are called and given back by the test that owns the books.
unsafe impl Send for Books {}

thread_local! {
    static BOOKS: RefCell<Arc<Mutex<Books>>> = RefCell::default();
}

/// Looks into the books of this thread.
pub(super) fn books<R>(look: impl FnOnce(&mut Books) -> R) -> R {
    look(&mut shared_books().lock().unwrap_or_else(PoisonError::into_inner))
}

/// The books of this thread, for another one.
pub(super) fn shared_books() -> Arc<Mutex<Books>> {
    BOOKS.with(|books| Arc::clone(&books.borrow()))
}

/// Keeps the books of another thread in this one.
pub(super) fn share_books(books: Arc<Mutex<Books>>) {
    BOOKS.set(books);
}

/// Asserts that nothing is left and nothing was done wrong.
pub(super) fn assert_balanced() {
    books(|books| {
        assert_eq!(books.faults, Vec::<String>::new());
        assert!(books.alive.is_empty(), "not destroyed: {:?}", books.alive);
        assert!(books.created > 0);
    });
}

/// Frees what a test has left on purpose.
pub(super) fn clear() {
    let left = books(std::mem::take).alive;
    for address in left.into_keys() {
        // SAFETY: it is in the books, so `create` boxed it, and nothing of ours uses it any more.
        drop(unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<u64>(address)) });
    }
}

fn create<T>(kind: &'static str) -> *mut T {
    let object = Box::into_raw(Box::new(0u64));
    books(|books| {
        books.alive.insert(object.expose_provenance(), kind);
        books.created += 1;
    });
    object.cast()
}

fn destroy<T>(object: *mut T, kind: &'static str) {
    let known = books(|books| {
        let known = books.alive.remove(&(object as usize));
        if known != Some(kind) {
            books.faults.push(format!("destroyed as {kind}: {known:?}"));
        }
        known.is_some()
    });
    if known {
        // SAFETY: it is in the books, so `create` boxed it, and now it is out of them.
        drop(unsafe { Box::from_raw(object.cast::<u64>()) });
    }
}

fn expect_alive<T>(object: *const T, kind: &'static str) {
    books(|books| {
        if books.alive.get(&(object as usize)) != Some(&kind) {
            books.faults.push(format!("used as {kind} after its end"));
        }
    });
}

/// Begins a call: checks the size of the struct, and fails if the test asked for it.
fn begin<A: Args>(struct_size: usize, full: usize) -> Option<*mut ffi::Error> {
    let minor = books(|books| books.minor.unwrap_or(ffi::API_MINOR));
    // The one struct of those used here that an older version has shorter.
    let expected = match A::CALL {
        Call::ClientCreate => ffi::ClientCreateArgs::for_minor(minor).struct_size,
        _ => full,
    };
    let fails = books(|books| {
        if struct_size != expected {
            books.faults.push(format!("{}: {struct_size} bytes", A::CALL.name()));
        }
        books.failing == Some(A::CALL)
    });
    fails.then(|| create("error"))
}

const MESSAGE: &str = "no room, says the fake";
const RESOURCE_EXHAUSTED: i32 = 8;

/// A function of the table.
macro_rules! calls {
    ($($function:ident($args:ident: $kind:ident) $body:block)*) => {$(
        unsafe extern "C" fn $function(pointer: *mut ffi::$kind) -> *mut ffi::Error {
            // SAFETY: our own layer passes a pointer to its arguments.
            let $args = unsafe { &mut *pointer };
            if let Some(error) = begin::<ffi::$kind>($args.struct_size, ffi::$kind::SIZE) {
                return error;
            }
            $body
            std::ptr::null_mut()
        }
    )*};
}

unsafe extern "C" fn error_destroy(args: *mut ffi::ErrorDestroyArgs) {
    // SAFETY: our own layer passes a pointer to its arguments.
    destroy(unsafe { (*args).error }, "error");
}

unsafe extern "C" fn error_message(args: *mut ffi::ErrorMessageArgs) {
    // SAFETY: our own layer passes a pointer to its arguments.
    let args = unsafe { &mut *args };
    expect_alive(args.error, "error");
    args.message = MESSAGE.as_ptr().cast();
    args.message_size = MESSAGE.len();
}

/// The device and its description; they belong to the client, and only their address counts.
static DEVICE: u64 = 0;
static TYPES: [i32; 1] = [11];
static DIMS: [i64; 1] = [2];
static DIM_SIZES: [usize; 1] = [1];

/// A list of one device that may be shared.
struct Devices([*mut ffi::Device; 1]);

// SAFETY: the pointer is only compared.
unsafe impl Sync for Devices {}

static DEVICES: Devices = Devices([(&raw const DEVICE).cast_mut().cast()]);

calls! {
    error_code(args: ErrorGetCodeArgs) {
        expect_alive(args.error, "error");
        args.code = RESOURCE_EXHAUSTED;
    }
    initialize(_args: PluginInitializeArgs) {}
    event_destroy(args: EventDestroyArgs) { destroy(args.event, "event"); }
    event_is_ready(args: EventIsReadyArgs) {
        expect_alive(args.event, "event");
        args.is_ready = true;
    }
    event_await(args: EventAwaitArgs) { expect_alive(args.event, "event"); }
    event_on_ready(args: EventOnReadyArgs) {
        expect_alive(args.event, "event");
        books(|books| books.callback = Some((args.callback, args.user_arg)));
    }
    client_create(args: ClientCreateArgs) {
        if books(|books| books.shares) {
            // SAFETY: the callbacks are those of our own layer.
            if let Some(error) = unsafe { share(args) } {
                return error;
            }
        }
        args.client = create("client");
    }
    client_destroy(args: ClientDestroyArgs) {
        // Its buffers and executables must be gone.
        books(|books| {
            let kinds: Vec<_> = books.alive.values().filter(|kind| **kind != "event").collect();
            if kinds != [&"client"] {
                books.faults.push(format!("client destroyed before {kinds:?}"));
            }
        });
        destroy(args.client, "client");
    }
    client_name(args: ClientPlatformNameArgs) {
        // Not followed by a zero byte.
        args.platform_name = "fakeplatform".as_ptr().cast();
        args.platform_name_size = 4;
    }
    client_devices(args: ClientAddressableDevicesArgs) {
        args.devices = DEVICES.0.as_ptr();
        args.num_devices = 1;
    }
    client_compile(args: ClientCompileArgs) {
        expect_alive(args.client, "client");
        args.executable = create("loaded");
    }
    upload(args: BufferFromHostArgs) {
        expect_alive(args.client, "client");
        args.done_with_host_buffer = create("event");
        args.buffer = create("buffer");
    }
    device_description(args: DeviceGetDescriptionArgs) { args.description = args.device.cast(); }
    device_id(args: DeviceIdArgs) { args.id = 7; }
    executable_destroy(args: ExecutableDestroyArgs) { destroy(args.executable, "executable"); }
    executable_name(args: ExecutableNameArgs) {
        args.name = "twice".as_ptr().cast();
        args.name_size = 5;
    }
    num_outputs(args: NumOutputsArgs) { args.num_outputs = books(|books| books.num_outputs.unwrap_or(1)); }
    output_types(args: OutputElementTypesArgs) {
        args.output_types = TYPES.as_ptr();
        args.num_output_types = 1;
    }
    output_dims(args: OutputDimensionsArgs) {
        args.num_outputs = 1;
        args.dims = DIMS.as_ptr();
        args.dim_sizes = DIM_SIZES.as_ptr();
    }
    loaded_destroy(args: LoadedExecutableDestroyArgs) { destroy(args.executable, "loaded"); }
    loaded_executable(args: GetExecutableArgs) {
        expect_alive(args.loaded_executable, "loaded");
        args.executable = create("executable");
    }
    loaded_devices(args: ExecutableDevicesArgs) {
        args.devices = DEVICES.0.as_ptr();
        args.num_devices = 1;
    }
    execute(args: ExecuteArgs) {
        expect_alive(args.executable, "loaded");
        // SAFETY: one list of `num_args` buffers, and one of room for the one result.
        unsafe {
            let options = &*args.options;
            let minor = books(|books| books.minor.unwrap_or(ffi::API_MINOR));
            let expected = ffi::ExecuteOptions::for_minor(minor).struct_size;
            if options.struct_size != expected {
                books(|books| books.faults.push("the size of the options".into()));
            }
            for index in 0..args.num_args {
                expect_alive(*(*args.argument_lists).add(index), "buffer");
            }
            **args.output_lists = create("buffer");
        }
    }
    buffer_destroy(args: BufferDestroyArgs) { destroy(args.buffer, "buffer"); }
    buffer_ready(args: BufferReadyEventArgs) {
        expect_alive(args.buffer, "buffer");
        args.event = create("event");
    }
    download(args: BufferToHostArgs) {
        expect_alive(args.src, "buffer");
        // SAFETY: our own layer passes room for `dst_size` bytes.
        unsafe { args.dst.cast::<u8>().write_bytes(1, args.dst_size) };
        args.event = create("event");
    }
}

/// Makes an error for a callback, and notes it.
unsafe extern "C" fn callback_error(
    code: i32,
    message: *const c_char,
    size: usize,
) -> *mut ffi::Error {
    // SAFETY: our own layer passes a message of this size.
    let message = unsafe { string(message, size) };
    books(|books| books.heard.push(Err((code, message))));
    create("error")
}

/// Puts `peer/1`, gets it, gets what nobody puts, and tries to: as a runtime of several hosts does. The last error is
/// the client's.
unsafe fn share(args: &ffi::ClientCreateArgs) -> Option<*mut ffi::Error> {
    let mut callback: ffi::CallbackError = callback_error;
    let name = |key: &'static str| (key.as_ptr().cast::<c_char>(), key.len());
    let heard = |value: *mut c_char, size: usize, deleter: ffi::Deleter<c_char>| {
        // SAFETY: our own layer gave a value of this size, and how to free it.
        unsafe {
            let copy = bytes(value, size).to_vec();
            deleter.expect("a deleter")(value);
            books(|books| books.heard.push(Ok(copy)));
        }
    };
    let value = b"1\0at host";
    let (key, key_size) = name("peer/1");
    let (nobody, nobody_size) = name("peer/2");
    let callback_error = &raw mut callback;
    let mut put = ffi::KvPutArgs {
        key,
        key_size,
        value: value.as_ptr().cast(),
        value_size: value.len(),
        callback_error,
        user_arg: args.kv_put_user_arg,
        ..ffi::KvPutArgs::default()
    };
    let mut get = ffi::KvGetArgs {
        key,
        key_size,
        timeout_in_ms: 10,
        callback_error,
        user_arg: args.kv_get_user_arg,
        ..ffi::KvGetArgs::default()
    };
    let mut try_get = ffi::KvTryGetArgs {
        key,
        key_size,
        callback_error,
        user_arg: args.kv_try_get_user_arg,
        ..ffi::KvTryGetArgs::default()
    };
    // SAFETY: the callbacks take these arguments; keys and values outlive the calls.
    unsafe {
        let error = args.kv_put_callback.expect("a callback")(&mut put);
        if !error.is_null() {
            return Some(error);
        }
        assert!(args.kv_get_callback.expect("a callback")(&mut get).is_null());
        heard(get.value, get.value_size, get.value_deleter);
        assert!(args.kv_try_get_callback.expect("a callback")(&mut try_get).is_null());
        heard(try_get.value, try_get.value_size, try_get.value_deleter);
        (try_get.key, try_get.key_size) = (nobody, nobody_size);
        let error = args.kv_try_get_callback.expect("a callback")(&mut try_get);
        destroy(error, "error");
        (get.key, get.key_size) = (nobody, nobody_size);
        let error = args.kv_get_callback.expect("a callback")(&mut get);
        (!error.is_null()).then_some(error)
    }
}

/// The table, with all that the fake plugin can do.
pub(super) fn table() -> ffi::Api {
    let mut slots: [ffi::Slot; ffi::CALLS] = [None; ffi::CALLS];
    macro_rules! fill {
        ($($call:ident => $function:ident: $kind:ident,)*) => {$({
            let function: unsafe extern "C" fn(*mut ffi::$kind) -> _ = $function;
            // SAFETY: a function pointer stays one; it is called with the type that its slot has.
            let slot = unsafe {
                std::mem::transmute::<*const (), unsafe extern "C" fn()>(function as *const ())
            };
            slots[Call::$call as usize] = Some(slot);
        })*};
    }
    fill! {
        ErrorDestroy => error_destroy: ErrorDestroyArgs,
        ErrorMessage => error_message: ErrorMessageArgs,
        ErrorGetCode => error_code: ErrorGetCodeArgs,
        PluginInitialize => initialize: PluginInitializeArgs,
        EventDestroy => event_destroy: EventDestroyArgs,
        EventIsReady => event_is_ready: EventIsReadyArgs,
        EventAwait => event_await: EventAwaitArgs,
        EventOnReady => event_on_ready: EventOnReadyArgs,
        ClientCreate => client_create: ClientCreateArgs,
        ClientDestroy => client_destroy: ClientDestroyArgs,
        ClientPlatformName => client_name: ClientPlatformNameArgs,
        ClientAddressableDevices => client_devices: ClientAddressableDevicesArgs,
        ClientCompile => client_compile: ClientCompileArgs,
        ClientBufferFromHostBuffer => upload: BufferFromHostArgs,
        DeviceGetDescription => device_description: DeviceGetDescriptionArgs,
        DeviceDescriptionId => device_id: DeviceIdArgs,
        ExecutableDestroy => executable_destroy: ExecutableDestroyArgs,
        ExecutableName => executable_name: ExecutableNameArgs,
        ExecutableNumOutputs => num_outputs: NumOutputsArgs,
        ExecutableOutputElementTypes => output_types: OutputElementTypesArgs,
        ExecutableOutputDimensions => output_dims: OutputDimensionsArgs,
        LoadedExecutableDestroy => loaded_destroy: LoadedExecutableDestroyArgs,
        LoadedExecutableGetExecutable => loaded_executable: GetExecutableArgs,
        LoadedExecutableAddressableDevices => loaded_devices: ExecutableDevicesArgs,
        LoadedExecutableExecute => execute: ExecuteArgs,
        BufferDestroy => buffer_destroy: BufferDestroyArgs,
        BufferReadyEvent => buffer_ready: BufferReadyEventArgs,
        BufferToHostBuffer => download: BufferToHostArgs,
    }
    ffi::Api {
        struct_size: size_of::<ffi::Api>(),
        extension_start: std::ptr::null(),
        version: ffi::ApiVersion {
            struct_size: size_of::<ffi::ApiVersion>(),
            extension_start: std::ptr::null(),
            major: ffi::API_MAJOR,
            minor: ffi::API_MINOR,
        },
        slots,
    }
}

/// Tables stay for good, as those of plugins do; kept here, they are no leak.
struct Tables(Vec<&'static ffi::Api>);

// SAFETY: the tables are not changed, and the functions in them may be called from any thread.
unsafe impl Send for Tables {}

static TABLES: Mutex<Tables> = Mutex::new(Tables(Vec::new()));

/// A plugin of a table.
pub(super) fn plugin(table: ffi::Api) -> Result<Plugin, PjrtError> {
    let table: &'static ffi::Api = Box::leak(Box::new(table));
    TABLES.lock().unwrap_or_else(PoisonError::into_inner).0.push(table);
    // SAFETY: the table stays, and its functions are those above.
    let api = unsafe { Api::new(table, "the fake") }?;
    Plugin::initialize(api, "/fake.so".into())
}

//! Functions of this process that compiled programs call, where the plugin has XLA's foreign function interface.
//!
//! A program calls a function by its name (`stablehlo.custom_call`). What the plugin is given for a name is the address
//! of a C function, without data of the caller's. So each name takes one of [`SLOTS`] C functions of this file, which
//! differ in the number of their slot alone, and the slot holds the Rust function.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use burn_trace::compile::panic_text;

use super::call_abi::{
    self as abi, BUFFER, CallFrame, EXECUTE, Handler, INTERNAL, METADATA, MetadataExtension,
    RegisterArgs,
};
use super::client::Client;
use super::compile_options::CompileOptions;
use super::error::PjrtError;
use super::extension::Extension;
use super::typed::{Element, numbers, numbers_mut};
use super::workers::Workers;
use crate::types::{ElementType, TensorType};

type HostFunction =
    dyn Fn(&[Argument<'_>], &mut [CallResult<'_>], Workers<'_>) -> Result<(), String> + Send + Sync;

/// An argument of a host function, row after row.
#[derive(Debug)]
pub struct Argument<'a> {
    ty: TensorType,
    bytes: &'a [u8],
}

/// A result of a host function, to be written, row after row. What it holds before is not defined.
#[derive(Debug)]
pub struct CallResult<'a> {
    ty: TensorType,
    bytes: &'a mut [u8],
}

impl Argument<'_> {
    /// Its type.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Its bytes; a bool is a byte, 0 or 1.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Its numbers.
    ///
    /// # Errors
    ///
    /// A text, if it has another type.
    pub fn values<T: Element>(&self) -> Result<&[T], String> {
        is_of::<T>(&self.ty)?;
        numbers(self.bytes).ok_or_else(misaligned)
    }
}

impl CallResult<'_> {
    /// Its type.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Its bytes; a bool is a byte, 0 or 1.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// Its numbers.
    ///
    /// # Errors
    ///
    /// A text, if it has another type.
    pub fn values_mut<T: Element>(&mut self) -> Result<&mut [T], String> {
        is_of::<T>(&self.ty)?;
        numbers_mut(self.bytes).ok_or_else(misaligned)
    }
}

fn misaligned() -> String {
    "the plugin's memory is not aligned to the numbers in it; read the bytes".into()
}

fn is_of<T: Element>(ty: &TensorType) -> Result<(), String> {
    if ty.element == T::ELEMENT_TYPE {
        return Ok(());
    }
    Err(format!("expected a tensor of {}, got {ty}", T::ELEMENT_TYPE))
}

/// How many names a process can give to host functions.
const SLOTS: usize = 128;

struct Registered {
    plugin: PathBuf,
    name: String,
    function: Box<HostFunction>,
    /// The minor version of the interface that the plugin wants.
    minor: i32,
}

/// The functions by slot, from the first on.
static FUNCTIONS: [OnceLock<Registered>; SLOTS] = [const { OnceLock::new() }; SLOTS];

/// Keeps two threads from taking one slot.
static TAKING: Mutex<()> = Mutex::new(());

/// The minor version of the interface that handlers say they speak while they are registered. A plugin wants its
/// own, and does not tell which that is; [`Client::speak`] finds out.
static SPOKEN: AtomicI32 = AtomicI32::new(0);
/// Versions that are tried: the one transcribed here, older ones, newer ones.
const TRIED: [i32; 13] = [4, 3, 2, 1, 0, 5, 6, 7, 8, 9, 10, 11, 12];

/// The minor version that each plugin wants.
static WANTED: Mutex<BTreeMap<PathBuf, i32>> = Mutex::new(BTreeMap::new());

impl Client {
    /// Lets the programs of this client's plugin call a function by this name, as long as the process lives: by
    /// `stablehlo.custom_call` with `api_version = 4`. All arguments and results are tensors; attributes are not
    /// passed on.
    ///
    /// The function computes the results of arguments, and may share its work with threads of the program. What it
    /// returns as an error, or panics with, is the error of the execution. A program may call it from several threads
    /// at once, and in any order that the results of calls allow.
    ///
    /// ```no_run
    /// # fn with(client: &burn_xla::pjrt::Client) -> Result<(), burn_xla::pjrt::PjrtError> {
    /// client.register_function("my.double", |arguments, results, _workers| {
    ///     let x = arguments[0].values::<f32>()?;
    ///     let y = results[0].values_mut::<f32>()?;
    ///     y.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PjrtError::NoExtension`] if the plugin has no such interface, [`PjrtError::NotOnHost`] for a platform whose
    /// tensors are not in the memory of the host, [`PjrtError::Function`] if another function has the name or 128
    /// names are given, [`PjrtError::Plugin`] if the plugin refuses it.
    pub fn register_function(
        &self,
        name: &str,
        function: impl Fn(&[Argument<'_>], &mut [CallResult<'_>], Workers<'_>) -> Result<(), String>
        + Send
        + Sync
        + 'static,
    ) -> Result<(), PjrtError> {
        if self.platform() != "cpu" {
            return Err(PjrtError::NotOnHost { platform: self.platform().into() });
        }
        let plugin = self.plugin().path().to_path_buf();
        let refused = |reason: String| PjrtError::Function { name: name.into(), reason };
        let _taking = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in &FUNCTIONS {
            if slot.get().is_some_and(|its| its.name == name && its.plugin == plugin) {
                return Err(refused("another function has it".into()));
            }
        }
        let free = FUNCTIONS.iter().position(|slot| slot.get().is_none());
        let slot = free.ok_or_else(|| refused(format!("{SLOTS} functions have names")))?;
        let minor = self.speak()?;
        self.register_handler(name, HANDLERS[slot])?;
        // Only now, so that a name that is refused takes no slot. Nothing can have called it yet.
        let function = Box::new(function);
        let _ = FUNCTIONS[slot].set(Registered { plugin, name: name.into(), function, minor });
        Ok(())
    }

    /// Gives a plugin the C function of a name.
    fn register_handler(&self, name: &str, handler: Handler) -> Result<(), PjrtError> {
        let api = self.api();
        let none = || self.no_extension();
        let extension = api.extension(Extension::Ffi).ok_or_else(none)?;
        // SAFETY: an extension begins with its size.
        if unsafe { (*extension.as_ptr()).struct_size } < size_of::<abi::Extension>() {
            return Err(none());
        }
        // SAFETY: an extension of this kind has this type, and is as large as it.
        let register = unsafe { (*extension.as_ptr().cast::<abi::Extension>()).register_handler };
        let register = register.ok_or_else(none)?;
        // XLA's own name for the platform.
        const PLATFORM: &str = "Host";
        let mut args = RegisterArgs {
            struct_size: RegisterArgs::SIZE,
            target: name.as_ptr().cast(),
            target_size: name.len(),
            handler,
            platform: PLATFORM.as_ptr().cast(),
            platform_size: PLATFORM.len(),
            traits: 0,
        };
        // SAFETY: the call takes this struct, which outlives it. The name is copied; the handler is a function of this
        // file, which keeps to the interface.
        let error = unsafe { register(&mut args) };
        match NonNull::new(error) {
            None => Ok(()),
            // SAFETY: the call returned the error, so it is ours.
            Some(error) => Err(unsafe { api.take_error(error, "PJRT_FFI_Register_Handler") }),
        }
    }

    /// Finds the version of the interface that the plugin wants, and lets handlers speak it: the first with which a
    /// program that calls a handler compiles. A plugin may take a handler of another version without a
    /// word, and not know its name afterwards (C API 0.81).
    fn speak(&self) -> Result<i32, PjrtError> {
        let mut wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
        let plugin = self.plugin().path();
        if let Some(&minor) = wanted.get(plugin) {
            SPOKEN.store(minor, Ordering::Relaxed);
            return Ok(minor);
        }
        let mut refused = None;
        for minor in TRIED {
            SPOKEN.store(minor, Ordering::Relaxed);
            let name = format!("burn_xla.version.{minor}");
            let program = format!(
                "func.func @main() -> tensor<f32> {{
                   %0 = \"stablehlo.custom_call\"() <{{api_version = 4 : i32, backend_config = {{}},
                     call_target_name = \"{name}\"}}> : () -> tensor<f32>
                   return %0 : tensor<f32>
                 }}"
            );
            let compiled = self
                .register_handler(&name, idle)
                .and_then(|()| self.compile(program, &CompileOptions::new()));
            match compiled {
                Ok(_) => {
                    wanted.insert(plugin.into(), minor);
                    return Ok(minor);
                }
                Err(error @ PjrtError::NoExtension { .. }) => return Err(error),
                // What the plugin says to the version that was transcribed tells most.
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or_else(|| self.no_extension()))
    }

    fn no_extension(&self) -> PjrtError {
        self.plugin().no_extension(Extension::Ffi)
    }
}

/// A C function that tells its version, and does nothing when it is called.
unsafe extern "C" fn idle(frame: *mut CallFrame) -> *mut abi::Error {
    // SAFETY: XLA calls its handlers with a frame that is valid for the call.
    unsafe { tells_version(frame, SPOKEN.load(Ordering::Relaxed)) };
    std::ptr::null_mut()
}

/// The C function of a slot.
unsafe extern "C" fn handler<const SLOT: usize>(frame: *mut CallFrame) -> *mut abi::Error {
    // SAFETY: XLA calls its handlers with a frame that is valid for the call.
    unsafe { handle(SLOT, frame) }
}

/// The C functions of all slots.
const HANDLERS: [Handler; SLOTS] = handlers();

const fn handlers() -> [Handler; SLOTS] {
    macro_rules! each {
        ($($slot:literal)*) => { [$(handler::<$slot>,)*] };
    }
    each!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
        64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95
        96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119
        120 121 122 123 124 125 126 127
    )
}

/// Answers the question which version of the interface a handler speaks, if that is what the frame is.
///
/// # Safety
///
/// `frame` must be a frame of XLA's, valid for the call.
unsafe fn tells_version(frame: *mut CallFrame, minor: i32) -> bool {
    // SAFETY: the frame is valid, says the caller, and the fields up to `extension_start` are in any.
    let mut extension = unsafe { (*frame).extension_start };
    while !extension.is_null() {
        // SAFETY: each extension of the chain begins like this, and one of this kind is this struct.
        unsafe {
            if (*extension).kind == METADATA {
                let metadata = (*extension.cast::<MetadataExtension>()).metadata;
                (*metadata).version.major = 0;
                (*metadata).version.minor = minor;
                (*metadata).traits = 0;
                return true;
            }
            extension = (*extension).next;
        }
    }
    false
}

/// Tells the version, or calls the function of a slot.
///
/// # Safety
///
/// `frame` must be a frame of XLA's, valid for the call.
unsafe fn handle(slot: usize, frame: *mut CallFrame) -> *mut abi::Error {
    let registered = FUNCTIONS[slot].get();
    let minor = registered.map_or_else(|| SPOKEN.load(Ordering::Relaxed), |its| its.minor);
    // SAFETY: as the caller says.
    if unsafe { tells_version(frame, minor) } {
        return std::ptr::null_mut();
    }
    // SAFETY: a frame without that question is whole.
    let frame = unsafe { &*frame };
    if frame.stage != EXECUTE {
        return std::ptr::null_mut();
    }
    // SAFETY: the lists of the frame are valid while it is.
    let called = catch_unwind(AssertUnwindSafe(|| unsafe { call(registered, frame) }));
    let reason = match called {
        Ok(Ok(())) => return std::ptr::null_mut(),
        Ok(Err(reason)) => reason,
        Err(panic) => format!("it panicked: {}", panic_text(&*panic).unwrap_or("without a text")),
    };
    let name = registered.map_or("", |its| &its.name);
    let message = CString::new(format!("the host function `{name}`: {reason}").replace('\0', " "));
    let message = message.unwrap_or_default();
    let mut args = abi::ErrorCreateArgs {
        struct_size: abi::ErrorCreateArgs::SIZE,
        extension_start: std::ptr::null_mut(),
        message: message.as_ptr(),
        code: INTERNAL,
    };
    // SAFETY: the frame's table is valid, and its call copies the message.
    unsafe { ((*frame.api).error_create)(&mut args) }
}

/// Calls the function of a slot.
///
/// # Safety
///
/// The lists of the frame must be as long as they say, and its buffers valid; nobody else uses those of the results.
unsafe fn call(registered: Option<&Registered>, frame: &CallFrame) -> Result<(), String> {
    let registered = registered.ok_or("it is not registered")?;
    // SAFETY: as the caller says.
    let (arguments, results) = unsafe { (buffers(&frame.arguments)?, buffers(&frame.results)?) };
    let arguments: Vec<_> = arguments
        .into_iter()
        .map(|(ty, data, len)| Argument {
            ty,
            // SAFETY: the buffer has as many bytes as its type asks for, and nobody writes them.
            bytes: unsafe { std::slice::from_raw_parts(data, len) },
        })
        .collect();
    let mut results: Vec<_> = results
        .into_iter()
        .map(|(ty, data, len)| CallResult {
            ty,
            // SAFETY: the buffer has as many bytes as its type asks for, and they are this call's to write.
            bytes: unsafe { std::slice::from_raw_parts_mut(data, len) },
        })
        .collect();
    // SAFETY: the frame is of this stage.
    let workers = unsafe { Workers::of(frame, registered.minor) };
    (registered.function)(&arguments, &mut results, workers)
}

/// The buffers of a list: their types, and where their bytes are.
///
/// # Safety
///
/// The list must be as long as it says, and of valid buffers.
unsafe fn buffers(list: &abi::Buffers) -> Result<Vec<(TensorType, *mut u8, usize)>, String> {
    // SAFETY: as the caller says.
    let (kinds, values) = unsafe {
        let count = usize::try_from(list.count).unwrap_or(0);
        (super::api::list(list.kinds, count), super::api::list(list.values, count))
    };
    let of_one = |(&kind, &value): (&i32, &*mut abi::Buffer)| {
        if kind != BUFFER {
            return Err("expected tensors, got something else".to_owned());
        }
        // SAFETY: a value of this kind is a valid buffer.
        let buffer = unsafe { &*value };
        let element = element_of(buffer.element).ok_or_else(|| {
            format!("expected a type of Burn's, got XLA's type {}", buffer.element)
        })?;
        // SAFETY: a buffer has as many dimensions as it says.
        let dims =
            unsafe { super::api::list(buffer.dims, usize::try_from(buffer.rank).unwrap_or(0)) };
        let dims: Vec<_> = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
        let ty = TensorType::new(element, dims);
        let bytes = ty.bytes().ok_or("a tensor that no memory holds")?;
        // An empty tensor may have no address, which a slice must have.
        let none = bytes == 0 || buffer.data.is_null();
        let data =
            if none { NonNull::<u128>::dangling().as_ptr().cast() } else { buffer.data.cast() };
        Ok((ty, data, if none { 0 } else { bytes }))
    };
    kinds.iter().zip(values).map(of_one).collect()
}

/// The type of a number in XLA's `PrimitiveType`.
fn element_of(raw: i32) -> Option<ElementType> {
    Some(match raw {
        1 => ElementType::Bool,
        2 => ElementType::I8,
        3 => ElementType::I16,
        4 => ElementType::I32,
        5 => ElementType::I64,
        6 => ElementType::U8,
        7 => ElementType::U16,
        8 => ElementType::U32,
        9 => ElementType::U64,
        10 => ElementType::F16,
        11 => ElementType::F32,
        12 => ElementType::F64,
        16 => ElementType::BF16,
        _ => return None,
    })
}

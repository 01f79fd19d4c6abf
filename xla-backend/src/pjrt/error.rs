//! What can go wrong between this crate and a plugin.

use std::path::PathBuf;

use super::extension::Extension;
use super::ffi::Call;
use super::source_line::source_line;
use super::version::{ApiVersion, OLDEST_MINOR};
use crate::types::{ElementType, TensorType};

/// An error of the PJRT layer: of loading a plugin, of a call to it, or found before calling it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PjrtError {
    /// The plugin lacks an extension of the C API.
    #[error(
        "{plugin}: expected the extension for {extension}, got a plugin without; `doctor` tells what a plugin has"
    )]
    NoExtension {
        /// The extension.
        extension: Extension,
        /// The file.
        plugin: String,
    },

    /// A function of this process, for a platform that computes elsewhere.
    #[error(
        "a function of this process: expected the platform cpu, got {platform}, whose tensors are not in the memory \
         of the host; write the function with tensors"
    )]
    NotOnHost {
        /// The platform.
        platform: String,
    },

    /// A name that cannot be given to a function of this process.
    #[error(
        "`{name}`: expected a free name for a function, got one that is not: {reason}; take another name"
    )]
    Function {
        /// The name.
        name: String,
        /// Why not.
        reason: String,
    },

    /// A plugin that needs a variable of the environment, while another plugin runs.
    #[error(
        "{plugin}: expected the variable {variable} to be set before any plugin is loaded, got none while another \
         plugin runs; load this plugin first, or set {variable}={value} for the process"
    )]
    Environment {
        /// The file.
        plugin: String,
        /// The variable.
        variable: String,
        /// The value that the plugin needs.
        value: String,
    },

    /// The file could not be loaded as a shared library.
    #[error(
        "{}: cannot be loaded as a shared library: {reason}; give the path of a PJRT plugin, or install one with \
         `burn-xla install cpu`",
        path.display()
    )]
    Library {
        /// The file.
        path: PathBuf,
        /// What the dynamic loader said.
        reason: String,
    },

    /// The library is not a PJRT plugin.
    #[error("{plugin}: expected a PJRT plugin, got something else: {reason}; is the path right?")]
    NotAPlugin {
        /// The library.
        plugin: String,
        /// What is missing.
        reason: String,
    },

    /// The plugin speaks a version of the C API that this crate does not.
    #[error(
        "{plugin}: expected PJRT C API 0.{OLDEST_MINOR} or a later 0.x, got {found}; install a current plugin with \
         `burn-xla install`"
    )]
    ApiVersion {
        /// The library.
        plugin: String,
        /// The version that it reports.
        found: ApiVersion,
    },

    /// The plugin does not implement an optional call.
    #[error(
        "{call}: expected the plugin to implement it, got none in its table (C API {api}); try a newer plugin, or do \
         without (see Capabilities)"
    )]
    Unimplemented {
        /// The call, as the C header names it.
        call: &'static str,
        /// The plugin's version of the C API.
        api: ApiVersion,
    },

    /// A call failed inside the plugin.
    #[error("{call} failed with {code}: {message}")]
    Plugin {
        /// The call, as the C header names it.
        call: &'static str,
        /// The kind of failure.
        code: ErrorCode,
        /// The plugin's own words.
        message: String,
    },

    /// The program does not compile.
    #[error("the program does not compile, {code}: {message}{}", shown(line))]
    Compile {
        /// The kind of failure; [`ErrorCode::ResourceExhausted`] if the program does not fit in
        /// the device's memory.
        code: ErrorCode,
        /// The plugin's own words, with the line and the op where it gives them.
        message: String,
        /// The line that the message points at.
        line: Option<String>,
    },

    /// An execution got the wrong number of argument lists or arguments.
    #[error("{program}: expected {expected} {what}, got {got}; pass one per {each}")]
    Count {
        /// The name of the program.
        program: String,
        /// What was counted, in the plural.
        what: &'static str,
        /// What each stands for.
        each: &'static str,
        /// How many the program takes.
        expected: usize,
        /// How many there were.
        got: usize,
    },

    /// An argument has a type or shape other than the program's parameter.
    #[error(
        "{program}, argument {index}: expected {expected}, got {got}; convert the argument, or compile for its type and shape"
    )]
    Argument {
        /// The name of the program.
        program: String,
        /// The position of the argument, from 0.
        index: usize,
        /// What the program was compiled for.
        expected: TensorType,
        /// What was passed.
        got: TensorType,
    },

    /// Host memory has not the size that type and shape ask for.
    #[error(
        "host data of {ty}: expected {expected} bytes, got {got}; check the type and the dimensions"
    )]
    HostSize {
        /// The type and shape.
        ty: TensorType,
        /// The bytes that they take.
        expected: usize,
        /// The bytes that were there.
        got: usize,
    },

    /// Burn's data is of a type that XLA does not have.
    #[error(
        "data of {dtype}: expected numbers or bool, got quantised values; dequantise them first"
    )]
    DataType {
        /// The type, as Burn names it.
        dtype: String,
    },

    /// Values were asked for in another type than the buffer has.
    #[error("{got}: expected a buffer of {expected}, got one of {}; ask for its own type", got.element)]
    HostType {
        /// The type asked for.
        expected: ElementType,
        /// What the buffer holds.
        got: TensorType,
    },

    /// A dimension or a product of dimensions is too large for this machine's addresses.
    #[error("{ty}: expected a size below 2^63 bytes, got more; check the dimensions")]
    TooLarge {
        /// The type and shape.
        ty: TensorType,
    },

    /// The plugin reports an element type that this crate does not transfer.
    #[error(
        "element type {raw} of the PJRT C API: expected one of bool, i8 to i64, u8 to u64, f16, bf16, f32, f64; convert it \
         inside the program"
    )]
    ElementType {
        /// The number of the type in `PJRT_Buffer_Type`.
        raw: i32,
    },

    /// There is no such device.
    #[error(
        "device {index}: expected an index below {count}, got {index}; the client has {count} device(s)"
    )]
    NoSuchDevice {
        /// What was asked for.
        index: usize,
        /// How many the client has.
        count: usize,
    },

    /// Objects of two clients were mixed in one call.
    #[error(
        "{what}: expected an object of the same client, got one of another; create it with the client that uses it"
    )]
    ForeignObject {
        /// The object.
        what: &'static str,
    },
}

fn shown(line: &Option<String>) -> String {
    line.as_ref().map_or_else(String::new, |line| format!("\n{line}"))
}

impl PjrtError {
    /// The plugin's code, if the error came from the plugin.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Plugin { code, .. } | Self::Compile { code, .. } => Some(*code),
            Self::Unimplemented { .. } => Some(ErrorCode::Unimplemented),
            _ => None,
        }
    }

    /// A call that succeeded and yet did not do what the C API promises.
    pub(crate) fn broken_promise(call: Call, message: &str) -> Self {
        Self::Plugin { call: call.name(), code: ErrorCode::Internal, message: message.into() }
    }

    /// A failed call of the compiler, told as such.
    pub(crate) fn into_compile_error(self, program: &[u8]) -> Self {
        match self {
            Self::Plugin { code, message, .. } => {
                let line = source_line(&message, program);
                Self::Compile { code, message: message.trim_end().into(), line }
            }
            other => other,
        }
    }
}

/// The code of a plugin's error, as in `PJRT_Error_Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The operation was cancelled.
    Cancelled,
    /// No better code is known, or the plugin sent one that the C API does not define.
    Unknown,
    /// An argument is wrong in itself.
    InvalidArgument,
    /// A deadline passed.
    DeadlineExceeded,
    /// Something asked for is not there.
    NotFound,
    /// Something to be created is there already.
    AlreadyExists,
    /// The caller may not do this.
    PermissionDenied,
    /// Memory or another resource ran out.
    ResourceExhausted,
    /// The system is not in a state for this.
    FailedPrecondition,
    /// The operation was aborted.
    Aborted,
    /// A value lies outside its range.
    OutOfRange,
    /// The plugin cannot do this.
    Unimplemented,
    /// A fault of the plugin.
    Internal,
    /// The service is not there now.
    Unavailable,
    /// Data was lost or damaged.
    DataLoss,
    /// The caller is not known.
    Unauthenticated,
}

impl ErrorCode {
    pub(crate) fn from_raw(raw: i32) -> Self {
        match raw {
            1 => Self::Cancelled,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            9 => Self::FailedPrecondition,
            10 => Self::Aborted,
            11 => Self::OutOfRange,
            12 => Self::Unimplemented,
            13 => Self::Internal,
            14 => Self::Unavailable,
            15 => Self::DataLoss,
            16 => Self::Unauthenticated,
            _ => Self::Unknown,
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        })
    }
}

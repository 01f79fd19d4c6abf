//! Extensions of the C API.

/// Extensions with their numbers in the header, and what they are for.
macro_rules! extensions {
    ($($variant:ident = $raw:literal, $name:literal;)*) => {
        /// An extension of the C API. This crate uses those of custom calls and of profiles.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Extension {
            $(#[doc = concat!("For ", $name, ".")] $variant,)*
            /// Newer than this crate, or without a meaning here: its number in the header.
            Other(i32),
        }

        impl Extension {
            pub(super) fn from_raw(raw: i32) -> Self {
                match raw {
                    $($raw => Self::$variant,)*
                    other => Self::Other(other),
                }
            }

            pub(super) fn raw(self) -> i32 {
                match self {
                    $(Self::$variant => $raw,)*
                    Self::Other(raw) => raw,
                }
            }
        }

        impl std::fmt::Display for Extension {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)*
                    Self::Other(raw) => write!(f, "number {raw}"),
                }
            }
        }
    };
}

extensions! {
    GpuCustomCall = 0, "custom calls of GPUs";
    Profiler = 1, "profiles";
    CustomPartitioner = 2, "partitioners of the caller";
    Stream = 3, "streams";
    Layouts = 4, "layouts";
    Ffi = 5, "custom calls (FFI)";
    MemoryDescriptions = 6, "kinds of memory";
    Triton = 7, "Triton kernels";
    RawBuffer = 8, "raw buffers";
    PhaseCompile = 9, "compiling by phases";
    CrossHostTransfers = 12, "transfers between hosts";
    ExecutableMetadata = 13, "data about executables";
    Callback = 14, "calls back to the host";
    HostAllocator = 15, "memory of the host";
    TpuTopology = 16, "topologies of TPUs";
    TpuExecutable = 17, "executables of TPUs";
    Megascale = 18, "several slices of TPUs";
    Shardings = 19, "shardings";
    AbiVersion = 20, "versions of the binary interface";
    Collectives = 21, "collectives";
}

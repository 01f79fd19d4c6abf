//! What a plugin can do, asked once instead of found out by failing.

use super::ffi::Call;
use super::options::OptionValue;
use super::plugin::Plugin;
use super::version::ApiVersion;

/// The optional parts of the C API that a plugin offers, and its versions.
///
/// A call in the table may still answer `UNIMPLEMENTED`; what is not in the table is certain to be
/// missing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The version of the C API that the plugin was built with.
    pub api: ApiVersion,
    /// The StableHLO version that its compiler is at, where told.
    pub stablehlo_current: Option<String>,
    /// The oldest StableHLO version that its compiler reads, where told.
    pub stablehlo_minimum: Option<String>,
    /// The version of XLA, where told.
    pub xla: Option<String>,
    /// Compiling for devices that are not there: topologies and `PJRT_Compile`.
    pub ahead_of_time: bool,
    /// Turning executables into bytes and back.
    pub serialization: bool,
    /// Reading the program as the compiler leaves it.
    pub optimized_program: bool,
    /// The bytes that a compiled program takes on a device.
    pub memory_stats: bool,
    /// The compiler's estimate of a program's work.
    pub cost_analysis: bool,
    /// Calling back when an event fires, which transfers without a copy on the host need.
    pub callbacks: bool,
    /// Copying a buffer from one device to another.
    pub device_copies: bool,
    /// Extensions, in the order of the plugin's chain.
    pub extensions: Vec<Extension>,
}

impl Capabilities {
    pub(super) fn of(plugin: &Plugin) -> Self {
        let api = plugin.api();
        let has = |calls: &[Call]| calls.iter().all(|&call| api.has(call));
        let attributes = plugin.attributes();
        let attribute = |name: &str| {
            attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_string())
        };
        Self {
            api: api.version(),
            stablehlo_current: attribute("stablehlo_current_version"),
            stablehlo_minimum: attribute("stablehlo_minimum_version"),
            xla: attributes
                .iter()
                .find(|(key, value)| key == "xla_version" && *value != OptionValue::Int(0))
                .map(|(_, value)| value.to_string()),
            ahead_of_time: has(&[Call::TopologyDescriptionCreate, Call::Compile]),
            serialization: has(&[Call::ExecutableSerialize, Call::ExecutableDeserializeAndLoad]),
            optimized_program: has(&[Call::ExecutableOptimizedProgram]),
            memory_stats: has(&[Call::ExecutableGetCompiledMemoryStats]),
            cost_analysis: has(&[Call::ExecutableGetCostAnalysis]),
            callbacks: has(&[Call::EventOnReady]),
            device_copies: has(&[Call::BufferCopyToDevice]),
            extensions: api.extensions().into_iter().map(Extension::from_raw).collect(),
        }
    }
}

/// An extension of the C API, by what it is for. This crate uses none of them yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// Custom calls on GPUs.
    GpuCustomCall,
    /// Profiles.
    Profiler,
    /// Partitioners written by the caller.
    CustomPartitioner,
    /// Streams of a device.
    Stream,
    /// Memory layouts.
    Layouts,
    /// Custom calls through the foreign function interface.
    Ffi,
    /// Kinds of memory.
    MemoryDescriptions,
    /// Triton kernels.
    Triton,
    /// Buffers without a type.
    RawBuffer,
    /// The compiler, phase by phase.
    PhaseCompile,
    /// Transfers between hosts.
    CrossHostTransfers,
    /// Data about executables.
    ExecutableMetadata,
    /// Calls back to the host.
    Callback,
    /// Memory of the host.
    HostAllocator,
    /// Newer than this crate, or without a meaning here: its number in the header.
    Other(i32),
}

impl Extension {
    fn from_raw(raw: i32) -> Self {
        match raw {
            0 => Self::GpuCustomCall,
            1 => Self::Profiler,
            2 => Self::CustomPartitioner,
            3 => Self::Stream,
            4 => Self::Layouts,
            5 => Self::Ffi,
            6 => Self::MemoryDescriptions,
            7 => Self::Triton,
            8 => Self::RawBuffer,
            9 => Self::PhaseCompile,
            12 => Self::CrossHostTransfers,
            13 => Self::ExecutableMetadata,
            14 => Self::Callback,
            15 => Self::HostAllocator,
            other => Self::Other(other),
        }
    }
}

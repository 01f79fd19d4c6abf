//! What a plugin can do, asked once instead of found out by failing.

use super::extension::Extension;
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
    /// The compiler's estimate of a program's work. Some plugins have the call and answer that it is not
    /// implemented.
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
            extensions: api
                .extensions()
                .into_iter()
                // SAFETY: links of the chain live as long as the table.
                .map(|it| Extension::from_raw(unsafe { it.read() }.kind))
                .collect(),
        }
    }
}

//! What a compiler made of a program, whether it is loaded on devices or not.

use std::sync::{Arc, OnceLock};

use super::api::{Api, Handle, bytes, list, string};
use super::error::PjrtError;
use super::ffi::{self, Call};
use super::options::{OptionValue, named_values};
use super::raw::element_type;
use crate::hlo::{OptimizedProgram, Signature};
use crate::types::TensorType;

/// A compiled program: what it returns, and what it costs.
pub struct CompiledProgram {
    api: Api,
    handle: Handle<ffi::Executable>,
    name: String,
    outputs: Vec<Arc<TensorType>>,
    signature: OnceLock<Option<Signature>>,
}

impl std::fmt::Debug for CompiledProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledProgram")
            .field("name", &self.name)
            .field("outputs", &self.outputs.len())
            .finish_non_exhaustive()
    }
}

impl CompiledProgram {
    /// Wraps an executable that the plugin handed to us and reads what executions need of it.
    pub(crate) fn new(api: Api, handle: Handle<ffi::Executable>) -> Result<Self, PjrtError> {
        let mut program = Self {
            api,
            handle,
            name: String::new(),
            outputs: Vec::new(),
            signature: OnceLock::new(),
        };
        program.name = program.read_name();
        program.outputs = program.read_outputs()?.into_iter().map(Arc::new).collect();
        Ok(program)
    }

    /// The name of the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The results of one device, in order.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = &TensorType> {
        self.outputs.iter().map(|ty| &**ty)
    }

    pub(crate) fn output_types(&self) -> &[Arc<TensorType>] {
        &self.outputs
    }

    /// The parameters of one device and which of them share their memory with a result, as the
    /// compiler left them; `None` if the plugin does not show the optimised program.
    ///
    /// Read from the optimised program when first asked for.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature
            .get_or_init(|| {
                let program = self.optimized_program().ok()?;
                program
                    .signature()
                    .inspect_err(|error| tracing::debug!(%error, "no signature"))
                    .ok()
            })
            .as_ref()
    }

    /// The copies of the program that run on different data.
    ///
    /// # Errors
    ///
    /// Whatever the plugin meets.
    pub fn num_replicas(&self) -> Result<usize, PjrtError> {
        let executable = self.handle.as_ptr();
        let mut args = ffi::NumReplicasArgs { executable, ..ffi::NumReplicasArgs::default() };
        // SAFETY: the executable is alive.
        unsafe { self.api.call(&mut args) }?;
        Ok(args.num_replicas)
    }

    /// The parts that one copy is split into.
    ///
    /// # Errors
    ///
    /// Whatever the plugin meets.
    pub fn num_partitions(&self) -> Result<usize, PjrtError> {
        let executable = self.handle.as_ptr();
        let mut args = ffi::NumPartitionsArgs { executable, ..ffi::NumPartitionsArgs::default() };
        // SAFETY: the executable is alive.
        unsafe { self.api.call(&mut args) }?;
        Ok(args.num_partitions)
    }

    /// The bytes that the program takes on each device.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if the plugin does not count them.
    pub fn memory_stats(&self) -> Result<MemoryStats, PjrtError> {
        let mut args = ffi::CompiledMemoryStatsArgs {
            executable: self.handle.as_ptr(),
            ..ffi::CompiledMemoryStatsArgs::for_minor(self.api.version().minor)
        };
        // SAFETY: the executable is alive.
        unsafe { self.api.call(&mut args) }?;
        let size = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
        Ok(MemoryStats {
            code_bytes: size(args.generated_code),
            argument_bytes: size(args.argument),
            output_bytes: size(args.output),
            alias_bytes: size(args.alias),
            temporary_bytes: size(args.temp),
            host_temporary_bytes: size(args.host_temp),
            peak_bytes: (args.peak_memory > 0).then(|| size(args.peak_memory)),
        })
    }

    /// The compiler's estimate of the work, by name, such as `flops` and `bytes accessed`.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if the plugin makes none.
    pub fn cost_analysis(&self) -> Result<Vec<(String, OptionValue)>, PjrtError> {
        let mut args = ffi::CostAnalysisArgs {
            executable: self.handle.as_ptr(),
            ..ffi::CostAnalysisArgs::default()
        };
        // SAFETY: the executable is alive, and the properties live as long as it does.
        unsafe {
            self.api.call(&mut args)?;
            Ok(named_values(args.properties, args.num_properties))
        }
    }

    /// The program as the compiler left it.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if the plugin does not show it.
    pub fn optimized_program(&self) -> Result<OptimizedProgram, PjrtError> {
        let mut program = ffi::Program::default();
        let mut args = ffi::OptimizedProgramArgs {
            executable: self.handle.as_ptr(),
            program: &raw mut program,
            ..ffi::OptimizedProgramArgs::default()
        };
        // The first call tells the size, the second fills in the bytes.
        // SAFETY: the executable is alive; `program` outlives the call and has no room yet.
        unsafe { self.api.call(&mut args) }?;
        let mut code = vec![0u8; program.code_size];
        program.code = code.as_mut_ptr().cast();
        // SAFETY: as above; `code` has the room that the first call asked for.
        unsafe { self.api.call(&mut args) }?;
        code.truncate(program.code_size);
        // SAFETY: the plugin owns the name of the format, which has this length.
        let format = unsafe { string(program.format, program.format_size) };
        Ok(OptimizedProgram { format, code })
    }

    /// The program as bytes, for [`Client::deserialize`](super::Client::deserialize).
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if the plugin does not serialise.
    pub fn serialize(&self) -> Result<Vec<u8>, PjrtError> {
        let mut args = ffi::SerializeArgs {
            executable: self.handle.as_ptr(),
            ..ffi::SerializeArgs::default()
        };
        // SAFETY: the executable is alive.
        unsafe { self.api.call(&mut args) }?;
        // SAFETY: the bytes live until the deleter has been called.
        let copy = unsafe { bytes(args.bytes, args.bytes_size) }.to_vec();
        if let Some(deleter) = args.deleter {
            // SAFETY: to be called once with the object that backs the bytes, which are not used
            // again.
            unsafe { deleter(args.serialized) };
        }
        Ok(copy)
    }

    /// A text that is the same for programs compiled from the same program with the same options by
    /// the same compiler.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if the plugin makes none.
    pub fn fingerprint(&self) -> Result<Vec<u8>, PjrtError> {
        let mut args = ffi::FingerprintArgs {
            executable: self.handle.as_ptr(),
            ..ffi::FingerprintArgs::default()
        };
        // SAFETY: the executable is alive, and the fingerprint lives as long as it does.
        unsafe {
            self.api.call(&mut args)?;
            Ok(bytes(args.fingerprint, args.fingerprint_size).to_vec())
        }
    }

    fn read_name(&self) -> String {
        let mut args = ffi::ExecutableNameArgs {
            executable: self.handle.as_ptr(),
            ..ffi::ExecutableNameArgs::default()
        };
        // SAFETY: the executable is alive, and its name lives as long as it does.
        match unsafe { self.api.call(&mut args) } {
            // SAFETY: as above.
            Ok(()) => unsafe { string(args.name, args.name_size) },
            Err(_) => "program".into(),
        }
    }

    fn read_outputs(&self) -> Result<Vec<TensorType>, PjrtError> {
        let executable = self.handle.as_ptr();
        let mut count = ffi::NumOutputsArgs { executable, ..ffi::NumOutputsArgs::default() };
        let mut types =
            ffi::OutputElementTypesArgs { executable, ..ffi::OutputElementTypesArgs::default() };
        let mut dimensions =
            ffi::OutputDimensionsArgs { executable, ..ffi::OutputDimensionsArgs::default() };
        // SAFETY: the executable is alive, and the lists live as long as it does. `dims` holds as
        // many values as `dim_sizes` add up to.
        let (types, sizes, mut dims) = unsafe {
            self.api.call(&mut count)?;
            self.api.call(&mut types)?;
            self.api.call(&mut dimensions)?;
            let sizes = list(dimensions.dim_sizes, dimensions.num_outputs);
            (
                list(types.output_types, types.num_output_types),
                sizes,
                list(dimensions.dims, sizes.iter().sum()),
            )
        };
        // An execution writes as many results as the count says: the lists must be as long.
        if types.len() != count.num_outputs || sizes.len() != count.num_outputs {
            return Err(PjrtError::broken_promise(
                Call::ExecutableNumOutputs,
                "the plugin's lists of types and shapes are not as long as its number of results",
            ));
        }
        types
            .iter()
            .zip(sizes)
            .map(|(&raw, &size)| {
                let (these, rest) = dims.split_at_checked(size).ok_or_else(|| {
                    PjrtError::broken_promise(
                        Call::ExecutableOutputDimensions,
                        "the plugin's list of dimensions is too short",
                    )
                })?;
                dims = rest;
                let element = element_type(raw)?;
                let dims = these.iter().map(|&dim| usize::try_from(dim).unwrap_or(0));
                Ok(TensorType::new(element, dims.collect::<Vec<_>>()))
            })
            .collect()
    }
}

/// What a compiled program takes of a device's memory, as the compiler planned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// The program itself.
    pub code_bytes: u64,
    /// The arguments.
    pub argument_bytes: u64,
    /// The results, those in the memory of arguments included.
    pub output_bytes: u64,
    /// The part of the results that takes over the memory of arguments.
    pub alias_bytes: u64,
    /// What is in use only while the program runs.
    pub temporary_bytes: u64,
    /// The same, in the memory of the host.
    pub host_temporary_bytes: u64,
    /// The most that is in use at once, where told.
    pub peak_bytes: Option<u64>,
}

impl MemoryStats {
    /// The device memory that an execution needs: code, arguments, results and temporaries, those
    /// that share memory counted once.
    pub fn total_bytes(&self) -> u64 {
        (self.code_bytes + self.argument_bytes + self.output_bytes + self.temporary_bytes)
            .saturating_sub(self.alias_bytes)
    }
}

/// A line for each number.
impl std::fmt::Display for MemoryStats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<36} {}", "code", self.code_bytes)?;
        writeln!(f, "{:<36} {}", "arguments", self.argument_bytes)?;
        writeln!(f, "{:<36} {}", "results", self.output_bytes)?;
        writeln!(f, "{:<36} {}", "of them in the memory of arguments", self.alias_bytes)?;
        writeln!(f, "{:<36} {}", "in use while it runs", self.temporary_bytes)?;
        writeln!(f, "{:<36} {}", "in all", self.total_bytes())
    }
}

impl Drop for CompiledProgram {
    fn drop(&mut self) {
        let mut args = ffi::ExecutableDestroyArgs {
            executable: self.handle.as_ptr(),
            ..ffi::ExecutableDestroyArgs::default()
        };
        // SAFETY: the executable is ours and is not used again.
        unsafe { self.api.call_in_drop(&mut args) };
    }
}

/// The unloaded side of a loaded executable.
pub(crate) fn of_loaded(
    api: Api,
    loaded: Handle<ffi::LoadedExecutable>,
) -> Result<CompiledProgram, PjrtError> {
    let mut args = ffi::GetExecutableArgs {
        loaded_executable: loaded.as_ptr(),
        ..ffi::GetExecutableArgs::default()
    };
    // SAFETY: the loaded executable is alive; what comes back is ours to destroy.
    unsafe { api.call(&mut args) }?;
    CompiledProgram::new(api, Handle::new(args.executable, Call::LoadedExecutableGetExecutable)?)
}

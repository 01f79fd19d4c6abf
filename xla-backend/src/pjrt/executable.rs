//! Programs that are loaded on devices, and their execution.

use std::sync::Arc;

use smallvec::SmallVec;

use super::api::{Handle, list};
use super::buffer::Buffer;
use super::client::Client;
use super::compile_options::CompileOptions;
use super::compiled::{self, CompiledProgram};
use super::deep_stack::with_deep_stack;
use super::device::Device;
use super::error::PjrtError;
use super::ffi::{self, Call};

/// A compiled program on the devices of a client.
pub struct Executable {
    // Before `loaded`, so that it is destroyed first.
    program: CompiledProgram,
    loaded: Loaded,
    devices: Vec<Device>,
}

/// The loaded executable itself; a type of its own so that it is destroyed whatever fails while it
/// is described.
struct Loaded {
    client: Client,
    handle: Handle<ffi::LoadedExecutable>,
}

/// How a program is executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecuteOptions {
    /// Arguments to keep although the program would take over their memory, by position.
    ///
    /// A program that was compiled with donated arguments (`tf.aliasing_output`,
    /// `jax.buffer_donor`) takes them over when it is executed: their buffers are deleted
    /// then.
    pub non_donatable: Vec<i64>,
}

impl std::fmt::Debug for Executable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executable")
            .field("program", &self.program)
            .field("devices", &self.devices)
            .finish_non_exhaustive()
    }
}

type Pointers = SmallVec<[*mut ffi::Buffer; 16]>;

impl Executable {
    pub(crate) fn compile(
        client: &Client,
        program: &[u8],
        options: &CompileOptions,
    ) -> Result<Self, PjrtError> {
        let options = options.to_bytes();
        let handle = with_deep_stack(|| {
            let raw = raw_program(program);
            let mut args = ffi::ClientCompileArgs {
                client: client.handle().as_ptr(),
                program: &raw const raw,
                compile_options: options.as_ptr().cast(),
                compile_options_size: options.len(),
                ..ffi::ClientCompileArgs::default()
            };
            // SAFETY: the client is alive; program and options outlive the call, which only reads them.
            unsafe { client.api().call(&mut args) }
                .map_err(|error| error.into_compile_error(program))?;
            Handle::new(args.executable, Call::ClientCompile)
        })?;
        Self::new(client, handle)
    }

    pub(crate) fn deserialize(client: &Client, bytes: &[u8]) -> Result<Self, PjrtError> {
        // A plugin may compile here too.
        let handle = with_deep_stack(|| {
            let mut args = ffi::DeserializeAndLoadArgs {
                client: client.handle().as_ptr(),
                bytes: bytes.as_ptr().cast(),
                bytes_size: bytes.len(),
                ..ffi::DeserializeAndLoadArgs::for_minor(client.api().version().minor)
            };
            // SAFETY: the client is alive; the bytes outlive the call, which only reads them.
            unsafe { client.api().call(&mut args) }?;
            Handle::new(args.loaded_executable, Call::ExecutableDeserializeAndLoad)
        })?;
        Self::new(client, handle)
    }

    /// Wraps a loaded executable that the plugin handed to us.
    pub(crate) fn new(
        client: &Client,
        handle: Handle<ffi::LoadedExecutable>,
    ) -> Result<Self, PjrtError> {
        let loaded = Loaded { client: client.clone(), handle };
        let program = compiled::of_loaded(*client.api(), handle)?;
        let devices = loaded.devices()?;
        Ok(Self { program, loaded, devices })
    }

    /// The client that the program runs on.
    pub fn client(&self) -> &Client {
        &self.loaded.client
    }

    /// What the compiler made of the program.
    pub fn program(&self) -> &CompiledProgram {
        &self.program
    }

    /// The devices that an execution takes, in the order of its argument lists.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Runs a program of one device. It returns at once; the results become ready later.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Count`] and [`PjrtError::Argument`] if the arguments are not those that the
    /// program was compiled for, [`PjrtError::Plugin`] if the plugin refuses to start. An error
    /// after the start is reported by the results.
    pub fn execute(
        &self,
        arguments: &[&Buffer],
        options: &ExecuteOptions,
    ) -> Result<Vec<Buffer>, PjrtError> {
        self.check_devices(1)?;
        self.check(arguments)?;
        let inputs: Pointers = arguments.iter().map(|buffer| buffer.handle().as_ptr()).collect();
        let mut outputs: Pointers =
            SmallVec::from_elem(std::ptr::null_mut(), self.program.output_types().len());
        let mut output_list = [outputs.as_mut_ptr()];
        // SAFETY: one list of arguments and one of results, as `check_devices` found; the results
        // have their places.
        unsafe { self.launch(&[inputs.as_ptr()], arguments.len(), &mut output_list, options) }?;
        self.take_outputs(&outputs)
    }

    /// Runs a program of several devices: one list of arguments per device, in the order of
    /// [`Executable::devices`], and as many lists of results.
    ///
    /// # Errors
    ///
    /// As [`Executable::execute`].
    pub fn execute_sharded(
        &self,
        arguments: &[&[&Buffer]],
        options: &ExecuteOptions,
    ) -> Result<Vec<Vec<Buffer>>, PjrtError> {
        self.check_devices(arguments.len())?;
        let count = arguments.first().map_or(0, |list| list.len());
        for list in arguments {
            self.check(list)?;
            if list.len() != count {
                return Err(self.count_error(
                    "arguments on every device",
                    "parameter",
                    count,
                    list.len(),
                ));
            }
        }
        let inputs: Vec<Pointers> = arguments
            .iter()
            .map(|list| list.iter().map(|buffer| buffer.handle().as_ptr()).collect())
            .collect();
        let input_lists: Vec<_> = inputs.iter().map(|list| list.as_ptr()).collect();
        let num_outputs = self.program.output_types().len();
        let mut outputs = vec![vec![std::ptr::null_mut(); num_outputs]; arguments.len()];
        let mut output_lists: Vec<_> = outputs.iter_mut().map(|list| list.as_mut_ptr()).collect();
        // SAFETY: one list of arguments and one of results per device; the results have their
        // places.
        unsafe { self.launch(&input_lists, count, &mut output_lists, options) }?;
        // All lists are taken before the first error is returned, so that no buffer is lost.
        let taken: Vec<_> = outputs.iter().map(|list| self.take_outputs(list)).collect();
        taken.into_iter().collect()
    }

    /// The call itself.
    ///
    /// # Safety
    ///
    /// The lists must have an entry per device: of `num_args` buffers that are alive, and of room
    /// for all results.
    unsafe fn launch(
        &self,
        inputs: &[*const *mut ffi::Buffer],
        num_args: usize,
        outputs: &mut [*mut *mut ffi::Buffer],
        options: &ExecuteOptions,
    ) -> Result<(), PjrtError> {
        let raw_options = ffi::ExecuteOptions {
            non_donatable_input_indices: options.non_donatable.as_ptr(),
            num_non_donatable_input_indices: options.non_donatable.len(),
            ..ffi::ExecuteOptions::for_minor(self.loaded.client.api().version().minor)
        };
        let mut args = ffi::ExecuteArgs {
            executable: self.loaded.handle.as_ptr(),
            options: &raw const raw_options,
            argument_lists: inputs.as_ptr(),
            num_devices: inputs.len(),
            num_args,
            output_lists: outputs.as_ptr(),
            ..ffi::ExecuteArgs::default()
        };
        // SAFETY: the executable is alive; options and lists outlive the call; the caller vouches
        // for the lists.
        unsafe { self.loaded.client.api().call(&mut args) }
    }

    fn take_outputs(&self, outputs: &[*mut ffi::Buffer]) -> Result<Vec<Buffer>, PjrtError> {
        let mut buffers = Vec::with_capacity(outputs.len());
        let mut missing = None;
        for (&output, ty) in outputs.iter().zip(self.program.output_types()) {
            match Handle::new(output, Call::LoadedExecutableExecute) {
                Ok(handle) => {
                    buffers.push(Buffer::new(self.loaded.client.clone(), handle, Arc::clone(ty)));
                }
                Err(error) => missing = Some(error),
            }
        }
        missing.map_or(Ok(buffers), Err)
    }

    fn check_devices(&self, got: usize) -> Result<(), PjrtError> {
        if got == self.devices.len() {
            return Ok(());
        }
        Err(self.count_error("argument lists", "device", self.devices.len(), got))
    }

    /// Finds what the plugin would not notice, or would only say in its own words: plugins compare
    /// sizes in bytes, if anything.
    fn check(&self, arguments: &[&Buffer]) -> Result<(), PjrtError> {
        if arguments.iter().any(|argument| !argument.client().is_same(&self.loaded.client)) {
            return Err(PjrtError::ForeignObject { what: "argument" });
        }
        let Some(signature) = self.program.signature() else {
            return Ok(());
        };
        let parameters = &signature.parameters;
        if parameters.len() != arguments.len() {
            return Err(self.count_error(
                "arguments",
                "parameter",
                parameters.len(),
                arguments.len(),
            ));
        }
        for (index, (parameter, argument)) in parameters.iter().zip(arguments).enumerate() {
            if parameter.as_ref().is_some_and(|parameter| parameter != argument.ty()) {
                return Err(self.argument_error(index, argument));
            }
        }
        Ok(())
    }

    #[cold]
    fn argument_error(&self, index: usize, argument: &Buffer) -> PjrtError {
        let signature = self.program.signature();
        let expected = signature.and_then(|signature| signature.parameters[index].clone());
        PjrtError::Argument {
            program: self.program.name().into(),
            index,
            expected: expected.unwrap_or_else(|| argument.ty().clone()),
            got: argument.ty().clone(),
        }
    }

    #[cold]
    fn count_error(
        &self,
        what: &'static str,
        each: &'static str,
        expected: usize,
        got: usize,
    ) -> PjrtError {
        PjrtError::Count { program: self.program.name().into(), what, each, expected, got }
    }
}

impl Loaded {
    fn devices(&self) -> Result<Vec<Device>, PjrtError> {
        let mut args = ffi::ExecutableDevicesArgs {
            executable: self.handle.as_ptr(),
            ..ffi::ExecutableDevicesArgs::default()
        };
        // SAFETY: the executable is alive, and the list lives as long as it does.
        let devices = unsafe {
            self.client.api().call(&mut args)?;
            list(args.devices, args.num_devices)
        };
        devices
            .iter()
            .map(|&device| {
                let handle = Handle::new(device, Call::LoadedExecutableAddressableDevices)?;
                self.client
                    .find_device(handle)
                    .ok_or(PjrtError::ForeignObject { what: "device of an executable" })
            })
            .collect()
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        let mut args = ffi::LoadedExecutableDestroyArgs {
            executable: self.handle.as_ptr(),
            ..ffi::LoadedExecutableDestroyArgs::default()
        };
        // SAFETY: the executable is ours and is not used again.
        unsafe { self.client.api().call_in_drop(&mut args) };
    }
}

/// A program as the C API takes it; it borrows from `code`.
pub(crate) fn raw_program(code: &[u8]) -> ffi::Program {
    const FORMAT: &str = "mlir";
    ffi::Program {
        code: code.as_ptr().cast_mut().cast(),
        code_size: code.len(),
        format: FORMAT.as_ptr().cast(),
        format_size: FORMAT.len(),
        ..ffi::Program::default()
    }
}

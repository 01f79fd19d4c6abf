//! Devices that need not be here, to compile for.

use super::api::{Api, Handle, list, string};
use super::compile_options::CompileOptions;
use super::compiled::CompiledProgram;
use super::deep_stack::with_deep_stack;
use super::device::{DeviceDescription, describe};
use super::error::PjrtError;
use super::executable::raw_program;
use super::ffi::{self, Call};
use super::options::{ClientOptions, OptionValue, named_values};
use super::plugin::Plugin;

/// A description of devices, such as a slice of a TPU pod, that programs can be compiled for
/// without having them.
///
/// # Examples
///
/// ```no_run
/// use burn_xla::pjrt::{ClientOptions, CompileOptions, Topology};
/// use burn_xla::plugin::{self, Platform};
///
/// let plugin = plugin::load(&plugin::ensure(Platform::Tpu)?)?;
/// // One device per chip, as TPU v4 is used; without the option it is one per core.
/// let options = ClientOptions::new().with("chip_config_name", "megacore");
/// let topology = Topology::new(&plugin, "v4:2x2x2", &options)?;
/// let program = "func.func @main(%x: tensor<f32>) -> tensor<f32> { return %x : tensor<f32> }";
/// let compiled = topology.compile(program, &CompileOptions::new())?;
/// println!("{:?}", compiled.memory_stats()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Topology {
    plugin: Plugin,
    handle: Handle<ffi::TopologyDescription>,
    platform: String,
    platform_version: String,
    devices: Vec<DeviceDescription>,
}

impl std::fmt::Debug for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topology")
            .field("platform", &self.platform)
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

impl Topology {
    /// Describes devices by a name that the platform understands, such as `v4:2x2x2`.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] if the plugin has no topologies, [`PjrtError::Plugin`] if it
    /// does not know the name or an option.
    pub fn new(plugin: &Plugin, name: &str, options: &ClientOptions) -> Result<Self, PjrtError> {
        let api = *plugin.api();
        let raw_options = options.to_raw();
        let mut args = ffi::TopologyCreateArgs {
            topology_name: name.as_ptr().cast(),
            topology_name_size: name.len(),
            create_options: raw_options.as_ptr(),
            num_options: raw_options.len(),
            ..ffi::TopologyCreateArgs::default()
        };
        // SAFETY: name and options outlive the call, which copies them.
        unsafe { api.call(&mut args) }?;
        let mut topology = Self {
            plugin: plugin.clone(),
            handle: Handle::new(args.topology, Call::TopologyDescriptionCreate)?,
            platform: String::new(),
            platform_version: String::new(),
            devices: Vec::new(),
        };
        topology.describe(&api)?;
        Ok(topology)
    }

    /// The platform, such as `tpu`.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// What the platform says of its version, for people.
    pub fn platform_version(&self) -> &str {
        &self.platform_version
    }

    /// The devices, in the order of the plugin.
    pub fn devices(&self) -> &[DeviceDescription] {
        &self.devices
    }

    /// What the platform tells of the whole.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Unimplemented`] or [`PjrtError::Plugin`] if it tells nothing.
    pub fn attributes(&self) -> Result<Vec<(String, OptionValue)>, PjrtError> {
        let mut args = ffi::TopologyAttributesArgs {
            topology: self.handle.as_ptr(),
            ..ffi::TopologyAttributesArgs::default()
        };
        // SAFETY: the topology is alive, and the attributes live as long as it does.
        unsafe {
            self.plugin.api().call(&mut args)?;
            Ok(named_values(args.attributes, args.num_attributes))
        }
    }

    /// Compiles a program for these devices. It cannot be run here, but it tells what it would
    /// cost.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Compile`], with [`ErrorCode::ResourceExhausted`](super::ErrorCode) if the
    /// program does not fit in a device's memory.
    pub fn compile(
        &self,
        program: impl AsRef<[u8]>,
        options: &CompileOptions,
    ) -> Result<CompiledProgram, PjrtError> {
        let (program, options) = (program.as_ref(), options.to_bytes());
        let api = *self.plugin.api();
        let executable = with_deep_stack(|| {
            let raw = raw_program(program);
            let mut args = ffi::CompileArgs {
                topology: self.handle.as_ptr(),
                program: &raw const raw,
                compile_options: options.as_ptr().cast(),
                compile_options_size: options.len(),
                ..ffi::CompileArgs::default()
            };
            // SAFETY: the topology is alive; program and options outlive the call, which only reads
            // them.
            unsafe { api.call(&mut args) }.map_err(|error| error.into_compile_error(program))?;
            Handle::new(args.executable, Call::Compile)
        })?;
        CompiledProgram::new(api, executable)
    }

    fn describe(&mut self, api: &Api) -> Result<(), PjrtError> {
        let topology = self.handle.as_ptr();
        let mut name =
            ffi::TopologyPlatformNameArgs { topology, ..ffi::TopologyPlatformNameArgs::default() };
        let mut version = ffi::TopologyPlatformVersionArgs {
            topology,
            ..ffi::TopologyPlatformVersionArgs::default()
        };
        let mut devices =
            ffi::TopologyDevicesArgs { topology, ..ffi::TopologyDevicesArgs::default() };
        // SAFETY: the topology is alive; strings, descriptions and their list live as long as it
        // does.
        unsafe {
            api.call(&mut name)?;
            self.platform = string(name.name, name.name_size);
            if api.call(&mut version).is_ok() {
                self.platform_version = string(version.version, version.version_size);
            }
            api.call(&mut devices)?;
            for &description in list(devices.descriptions, devices.num_descriptions) {
                self.devices.push(describe(api, description)?);
            }
        }
        Ok(())
    }
}

impl Drop for Topology {
    fn drop(&mut self) {
        let mut args = ffi::TopologyDestroyArgs {
            topology: self.handle.as_ptr(),
            ..ffi::TopologyDestroyArgs::default()
        };
        // SAFETY: the topology is ours and is not used again.
        unsafe { self.plugin.api().call_in_drop(&mut args) };
    }
}

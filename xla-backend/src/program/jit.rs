//! Functions that are compiled when they are called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use burn_trace::Save;
use burn_trace::compile::{Arguments, described, placeholders};
use burn_trace::mesh::Spec;
use burn_trace::{LeafSpec, TensorTree, TreeError};

use super::changes::changes;
use super::compiled::{Job, Lowered, Shared, Times};
use super::device_tree::{Build, DeviceTree, Value};
use super::error::{PlacementError, ProgramError};
use super::xla::Xla;
use crate::lower::Precision;
use crate::pjrt::{Buffer, Executable, ExecuteOptions};

/// A function that is compiled when it is called, once for each structure, shapes and dtypes of its
/// arguments. [`Xla::jit`] makes it.
///
/// Each compilation is reported through `tracing`, with its times, and with what changed if the function was
/// compiled before.
pub struct Jit<A, R> {
    xla: Xla,
    name: String,
    function: Box<dyn Fn(A) -> R + Send + Sync>,
    donate: Box<dyn Fn(&str) -> bool + Send + Sync>,
    roll: Option<Save>,
    precision: Precision,
    cache: Mutex<Cache<R>>,
}

struct Cache<R> {
    compiled: HashMap<u64, Shared<R>>,
    /// The arguments of the last compilation.
    last: Option<Vec<LeafSpec>>,
}

impl<A, R> std::fmt::Debug for Jit<A, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jit")
            .field("name", &self.name)
            .field("compilations", &self.cache().compiled.len())
            .finish_non_exhaustive()
    }
}

impl<A, R> Jit<A, R> {
    fn cache(&self) -> MutexGuard<'_, Cache<R>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was compiled.
    pub fn compilations(&self) -> usize {
        self.cache().compiled.len()
    }
}

impl<A: TensorTree, R: TensorTree> Jit<A, R> {
    pub(super) fn new(xla: Xla, function: impl Fn(A) -> R + Send + Sync + 'static) -> Self {
        Self {
            precision: xla.precision(),
            xla,
            name: "burn".into(),
            function: Box::new(function),
            donate: Box::new(|_| false),
            roll: None,
            cache: Mutex::new(Cache { compiled: HashMap::new(), last: None }),
        }
    }

    /// The name of the function in logs, errors and profiles: letters, digits and `_`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Donates the memory of the arguments whose paths are chosen to results of the same type. A call uses
    /// such an argument up: its device tree, and clones of it, can no longer be read.
    #[must_use]
    pub fn donate(mut self, choose: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.donate = Box::new(choose);
        self
    }

    /// Rolls loops: each [`scan`](burn_trace::scan) of the function becomes one loop of the program, and a
    /// second one for its gradients. `save` chooses the tensors that the first keeps for the second. `None`
    /// unrolls loops, which is the default.
    #[must_use]
    pub fn roll(mut self, save: impl Into<Option<Save>>) -> Self {
        self.roll = save.into();
        self
    }

    /// Computes products of f32 so accurately; by default as the [`Xla`] does.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] if it cannot be recorded, lowered, compiled or run.
    pub fn call(&self, arguments: A) -> Result<R, ProgramError> {
        self.call_with_seed(arguments, 0)
    }

    /// As [`Jit::call`]; the random numbers of the function follow from the seed, which is 0
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn call_with_seed(&self, arguments: A, seed: u64) -> Result<R, ProgramError> {
        // Before the upload: if it does not compile, no parameter is drawn and no value copied.
        self.compile(&arguments)?;
        let arguments = self.xla.upload(&arguments)?;
        self.call_on_device_with_seed(arguments, seed)?.to_host()
    }

    /// Calls the function on values that are on the device, and leaves the results there. The call returns
    /// before they are computed.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`]; an error of the execution is reported where a result is read.
    pub fn call_on_device(
        &self,
        arguments: impl Into<DeviceTree<A>>,
    ) -> Result<DeviceTree<R>, ProgramError> {
        self.call_on_device_with_seed(arguments, 0)
    }

    /// As [`Jit::call_on_device`], with a seed as in [`Jit::call_with_seed`].
    ///
    /// # Errors
    ///
    /// As [`Jit::call_on_device`].
    pub fn call_on_device_with_seed(
        &self,
        arguments: impl Into<DeviceTree<A>>,
        seed: u64,
    ) -> Result<DeviceTree<R>, ProgramError> {
        let arguments = arguments.into();
        let compiled = self.compiled_on_device(&arguments)?;
        let results = self.execute(&compiled, &arguments, seed)?;
        Ok(DeviceTree::from_parts(
            results,
            compiled.results.clone(),
            compiled.structure,
            Arc::clone(&compiled.output),
            arguments.host().clone(),
        ))
    }

    fn execute(
        &self,
        compiled: &Shared<R>,
        arguments: &DeviceTree<A>,
        seed: u64,
    ) -> Result<Vec<Arc<Value>>, ProgramError> {
        let devices = self.xla.devices();
        let mut lists =
            vec![Vec::with_capacity(arguments.values().len() + 1); devices.num_devices()];
        for (index, value) in arguments.values().iter().enumerate() {
            if !Arc::ptr_eq(&value.devices, devices) && value.devices != *devices {
                let (expected, got) = (devices.to_string(), value.devices.to_string());
                return Err(PlacementError::Foreign { expected, got }.into());
            }
            let expected = &compiled.argument_specs[index];
            if value.spec != *expected {
                return Err(PlacementError::Placement {
                    path: arguments.leaves()[index].path.clone(),
                    expected: expected.to_string(),
                    got: value.spec.to_string(),
                }
                .into());
            }
            for (list, shard) in lists.iter_mut().zip(&value.shards) {
                list.push(shard);
            }
        }
        let seeds = match compiled.seed {
            true => devices
                .devices()
                .map(|device| self.xla.client().buffer_from_slice(&[seed], &[], device))
                .collect(),
            false => Ok(vec![]),
        }?;
        for (list, seed) in lists.iter_mut().zip(&seeds) {
            list.push(seed);
        }
        let lists: Vec<&[&Buffer]> = lists.iter().map(Vec::as_slice).collect();
        let results = compiled.executable.execute_sharded(&lists, &ExecuteOptions::default())?;
        let mut by_device: Vec<_> = results.into_iter().map(Vec::into_iter).collect();
        let value = |spec: &Spec| {
            let shards = by_device.iter_mut().filter_map(Iterator::next).collect();
            Arc::new(Value { shards, spec: spec.clone(), devices: Arc::clone(devices) })
        };
        Ok(compiled.result_specs.iter().map(value).collect())
    }

    /// Compiles the function for arguments like these, ahead of a call. Only their shapes and
    /// dtypes matter: parameters that were not drawn yet are not drawn.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn compile(&self, arguments: &A) -> Result<Times, ProgramError> {
        let (leaves, structure, host) = described(arguments)?;
        let found = self.cache().compiled.get(&structure).map(|c| c.times);
        if let Some(times) = found {
            return Ok(times);
        }
        let build = super::device_tree::like(arguments.clone());
        Ok(self.compiled(structure, || leaves, &build, &host)?.times)
    }

    /// As [`Jit::compile`], for values that are on the device.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn compile_on_device(
        &self,
        arguments: impl Into<DeviceTree<A>>,
    ) -> Result<Times, ProgramError> {
        Ok(self.compiled_on_device(&arguments.into())?.times)
    }

    /// The executable for these arguments, which knows its memory, aliases and optimised program. The function
    /// is compiled if it was not yet.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn with_executable<T>(
        &self,
        arguments: impl Into<DeviceTree<A>>,
        look: impl FnOnce(&Executable) -> T,
    ) -> Result<T, ProgramError> {
        Ok(look(&self.compiled_on_device(&arguments.into())?.executable))
    }

    fn compiled_on_device(&self, arguments: &DeviceTree<A>) -> Result<Shared<R>, ProgramError> {
        self.compiled(
            arguments.structure(),
            || arguments.leaves(),
            arguments.build(),
            arguments.host(),
        )
    }

    /// Lowers the function for arguments like these, without compiling it: to look at the program, or to compile
    /// it for devices of another machine.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn lower(&self, arguments: &A) -> Result<Lowered, ProgramError> {
        let (leaves, _, host) = described(arguments)?;
        Ok(self.job(&host, &|device| placeholders(arguments, &leaves, device)).lower()?.0)
    }

    /// As [`Jit::lower`], for values that are on the device.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn lower_on_device(
        &self,
        arguments: impl Into<DeviceTree<A>>,
    ) -> Result<Lowered, ProgramError> {
        let arguments = arguments.into();
        let (leaves, build) = (arguments.leaves(), arguments.build());
        let make = |device: &Device| placeholders(&build(), &leaves, device);
        Ok(self.job(arguments.host(), &make).lower()?.0)
    }

    fn job<'a>(
        &'a self,
        host: &'a Device,
        arguments: &'a dyn Fn(&Device) -> Result<Arguments<A>, TreeError>,
    ) -> Job<'a, A, R> {
        Job {
            name: &self.name,
            function: &*self.function,
            host,
            arguments,
            donate: &*self.donate,
            mesh: self.xla.mesh(),
            layout: self.xla.layout(),
            roll: self.roll.as_ref(),
            platform: self.xla.client().platform(),
            precision: self.precision,
            custom: self.xla.custom(),
        }
    }

    /// The executable for arguments of this structure.
    fn compiled(
        &self,
        structure: u64,
        leaves: impl FnOnce() -> Vec<LeafSpec>,
        build: &Build<A>,
        host: &Device,
    ) -> Result<Shared<R>, ProgramError> {
        // Held during the compilation, so that no program is compiled twice.
        let mut cache = self.cache();
        if let Some(compiled) = cache.compiled.get(&structure) {
            return Ok(Arc::clone(compiled));
        }
        let leaves = leaves();
        let function = self.name.as_str();
        if let Some(last) = &cache.last {
            let changed = changes(last, &leaves);
            tracing::info!(function, changed, "compiling again");
        }
        let make = |device: &Device| placeholders(&build(), &leaves, device);
        let job = self.job(host, &make);
        let compiled = Arc::new(job.compile(self.xla.devices(), self.xla.cache())?);
        let Times { capture, lower, compile, from_disk } = compiled.times;
        tracing::info!(function, ?capture, ?lower, ?compile, from_disk, "compiled");
        cache.compiled.insert(structure, Arc::clone(&compiled));
        cache.last = Some(leaves);
        Ok(compiled)
    }
}

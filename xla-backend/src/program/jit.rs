//! Functions that are compiled when they are called.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use burn_backend::TensorData;
use burn_trace::compile::{Arguments, Structure, is_recording, placeholders, walk};
use burn_trace::mesh::Spec;
use burn_trace::{LeafSpec, Leaves, TensorTree, TreeError};

use super::cache::{Cache, Entry, Slot};
use super::compiled::{Compiled, Job, Lowered, Made, Times};
use super::device_tree::{Build, DeviceTree, Value, like};
use super::error::{PlacementError, ProgramError};
use super::form::Form;
use super::function_options::{FunctionOptions, function_options};
use super::graph::Graph;
use super::inside::Identity;
use super::xla::Xla;
use crate::pjrt::{Buffer, Executable, ExecuteOptions};

/// A function that is compiled when it is called, once for each structure, shapes and dtypes of its
/// arguments. [`Xla::jit`] makes it.
///
/// A module may have fields that no code but its own can see: a stride, a number of heads, a flag that is
/// skipped. So a [call](Self::call) with a module runs the function each time, on tensors without values, and
/// compiles it where it does something that no call before did. [Values on the device](Self::call_on_device)
/// stay as they were uploaded, and the function runs once for each upload.
///
/// Each compilation is reported through `tracing`, with its times, and with what changed if the function was
/// compiled before.
pub struct Jit<A, R> {
    xla: Xla,
    run: Box<dyn Fn(A) -> R + Send + Sync>,
    function: FunctionOptions,
    limit: Option<usize>,
    /// The seed of the next call that draws.
    seed: AtomicU64,
    identity: Identity,
    cache: Mutex<Cache<R>>,
}

impl<A, R> std::fmt::Debug for Jit<A, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jit")
            .field("name", &self.function.name)
            .field("compilations", &self.compilations())
            .finish_non_exhaustive()
    }
}

impl<A, R> Jit<A, R> {
    fn cache(&self) -> MutexGuard<'_, Cache<R>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was compiled.
    pub fn compilations(&self) -> usize {
        self.cache().compilations()
    }

    /// Lets the random numbers of all calls from here on follow from a seed. Calls with the same seed draw the
    /// same numbers in the same order.
    pub fn set_seed(&self, seed: u64) {
        self.seed.store(seed, Ordering::Relaxed);
    }

    /// Seeds of calls that follow each other: all 2^64 are taken before one comes again.
    fn next_seed(&self) -> u64 {
        self.seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }
}

impl<A: TensorTree, R: TensorTree> Jit<A, R> {
    pub(super) fn new(xla: Xla, run: impl Fn(A) -> R + Send + Sync + 'static) -> Self {
        let (kept, limit) = xla.bounds();
        let jit = Self {
            function: FunctionOptions::new(xla.matmul_precision()),
            xla,
            run: Box::new(run),
            limit,
            seed: AtomicU64::new(0),
            identity: Identity::new(),
            cache: Mutex::new(Cache::new()),
        };
        match kept {
            Some(programs) => jit.keep(programs),
            None => jit,
        }
    }

    function_options!();

    /// The seed that random numbers follow from, by default 0: each call draws others, and a program that is run
    /// again draws the same ones. Functions with the same seed draw the same numbers as each other. Where
    /// several processes run one program, all give it the same seed.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        self.set_seed(seed);
        self
    }

    /// Keeps at most so many programs, by default 128 or as [`XlaOptions`](super::XlaOptions) say. The one that was called longest ago goes first, and is
    /// compiled again if it is called.
    #[must_use]
    pub fn keep(self, programs: usize) -> Self {
        self.cache().set_capacity(programs);
        self
    }

    /// Compiles the function at most so often; by default as [`XlaOptions`](super::XlaOptions) say, or without a
    /// limit. A call that needs another program
    /// is then an error, which says what has changed.
    #[must_use]
    pub fn limit(mut self, compilations: impl Into<Option<usize>>) -> Self {
        self.limit = compilations.into();
        self
    }

    /// Calls the function.
    ///
    /// In a function that is being recorded, on its tensors, it becomes a part of that function.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] if it cannot be recorded, lowered, compiled or run.
    pub fn call(&self, arguments: A) -> Result<R, ProgramError> {
        match self.is_inside(&arguments)? {
            true => Ok(self.identity.recorded(|| (self.run)(arguments))),
            false => self.run(&arguments, None),
        }
    }

    /// As [`Jit::call`], with the seed that the random numbers of this call follow from.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`]; [`ProgramError::Inside`] in a function that is being recorded.
    pub fn call_with_seed(&self, arguments: A, seed: u64) -> Result<R, ProgramError> {
        match self.is_inside(&arguments)? {
            true => Err(ProgramError::Inside { name: self.function.name.clone() }),
            false => self.run(&arguments, Some(seed)),
        }
    }

    /// Whether the arguments belong to a function that is being recorded, which is not this one.
    fn is_inside(&self, arguments: &A) -> Result<bool, ProgramError> {
        if !is_recording() {
            return Ok(false);
        }
        self.check_is_another()?;
        let mut is_recorded = false;
        walk(arguments, |_, leaf| is_recorded |= leaf.traced().is_some())?;
        Ok(is_recorded)
    }

    fn check_is_another(&self) -> Result<(), ProgramError> {
        match self.identity.is_recorded() {
            true => Err(ProgramError::CallsItself { name: self.function.name.clone() }),
            false => Ok(()),
        }
    }

    fn run(&self, arguments: &A, seed: Option<u64>) -> Result<R, ProgramError> {
        let structure = Structure::of(arguments)?;
        // Before the upload: if it does not compile, no parameter is drawn and no value copied.
        let prepared = self.prepared(arguments, &structure)?;
        let values = self.xla.place(arguments, &structure)?;
        let leaves = || structure.leaves.clone();
        let results = self.execute(prepared.program(), &values, leaves, seed)?;
        let results = results.iter().map(|value| value.gather());
        let results = results.collect::<Result<Vec<_>, ProgramError>>()?;
        let mut source = Leaves::values(results, &structure.device);
        Ok(match prepared {
            Prepared::Known(entry) => (entry.output)().rebuild(&mut source)?,
            Prepared::Recorded(_, output) => output.rebuild(&mut source)?,
        })
    }

    /// The program for arguments of the host.
    fn prepared(&self, arguments: &A, structure: &Structure) -> Result<Prepared<R>, ProgramError> {
        self.check_is_another()?;
        let has_modules = structure.has_modules();
        let mut is_known = false;
        if !has_modules {
            let known = self.cache().entry(structure.hash, |form| *form == *structure);
            is_known = known.is_some();
            // Modules that a function makes have ids of their own in each call.
            if let Some(entry) = known.filter(|entry| !entry.returns_modules) {
                return Ok(Prepared::Known(entry));
            }
        }
        let make = |device: &Device| placeholders(arguments, structure, device);
        let made = self.record(&structure.device, make)?;
        if has_modules || is_known {
            let texts = || Structure::with_texts(arguments);
            let (_, program) = self.compiled(made.graph, made.capture, texts)?;
            return Ok(Prepared::Recorded(program, made.output));
        }
        Ok(Prepared::Known(self.add(Form::of(structure.clone()), made)?))
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
        self.run_on_device(&arguments.into(), None)
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
        self.run_on_device(&arguments.into(), Some(seed))
    }

    fn run_on_device(
        &self,
        arguments: &DeviceTree<A>,
        seed: Option<u64>,
    ) -> Result<DeviceTree<R>, ProgramError> {
        let entry = self.entry(arguments)?;
        let results =
            self.execute(&entry.program, arguments.values(), || arguments.leaves(), seed)?;
        let (form, output) = (entry.results.clone(), Arc::clone(&entry.output));
        Ok(DeviceTree::from_parts(results, form, output, arguments.host().clone()))
    }

    fn execute(
        &self,
        compiled: &Compiled,
        arguments: &[Arc<Value>],
        leaves: impl Fn() -> Vec<LeafSpec>,
        seed: Option<u64>,
    ) -> Result<Vec<Arc<Value>>, ProgramError> {
        let devices = self.xla.devices();
        let mut lists = vec![Vec::with_capacity(arguments.len() + 1); devices.num_devices()];
        for (index, value) in arguments.iter().enumerate() {
            if !Arc::ptr_eq(&value.devices, devices) && value.devices != *devices {
                let (expected, got) = (devices.to_string(), value.devices.to_string());
                return Err(PlacementError::Foreign { expected, got }.into());
            }
            let expected = &compiled.argument_specs[index];
            if value.spec != *expected {
                return Err(PlacementError::Placement {
                    path: leaves()[index].path.clone(),
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
            true => {
                let seed = seed.unwrap_or_else(|| self.next_seed());
                let client = self.xla.client();
                let seeds = devices.devices();
                seeds.map(|device| client.buffer_from_slice(&[seed], &[], device)).collect()
            }
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

    /// The results that a call with these arguments would leave on the device, with values from elsewhere, such
    /// as a file: nothing is compiled or run. `read` is called for each shard that a device of this process
    /// holds, with its leaf and its place in that, and gives values of this shape and of the leaf's dtype. A
    /// shard that several devices hold is read once.
    ///
    /// # Errors
    ///
    /// Those of `read`, and as [`Jit::call`].
    pub fn results_read_by<E: From<ProgramError>>(
        &self,
        arguments: impl Into<DeviceTree<A>>,
        read: impl FnMut(&LeafSpec, &[Range<usize>]) -> Result<TensorData, E>,
    ) -> Result<DeviceTree<R>, E> {
        let arguments = arguments.into();
        let made = || {
            self.check_is_another()?;
            self.record_on_device(&arguments)
        };
        let output = made()?.output;
        let structure = Structure::with_texts(&output).map_err(ProgramError::from)?;
        let values = self.xla.read_parts(&structure.leaves, read)?;
        let host = arguments.host().clone();
        Ok(DeviceTree::from_parts(values, Form::of(structure), like(output), host))
    }

    /// Compiles the function for arguments like these, ahead of a call. Only their shapes, dtypes and what is no
    /// tensor in them matter: parameters that were not drawn yet are not drawn.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn compile(&self, arguments: &A) -> Result<Times, ProgramError> {
        Ok(self.prepared(arguments, &Structure::of(arguments)?)?.program().times)
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
        Ok(self.entry(&arguments.into())?.program.times)
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
        Ok(look(&self.entry(&arguments.into())?.program.executable))
    }

    /// Lowers the function for arguments like these, without compiling it: to look at the program, or to compile
    /// it for devices of another machine.
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn lower(&self, arguments: &A) -> Result<Lowered, ProgramError> {
        self.check_is_another()?;
        let structure = Structure::of(arguments)?;
        let make = |device: &Device| placeholders(arguments, &structure, device);
        self.job().lowered(self.record(&structure.device, make)?)
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
        self.check_is_another()?;
        self.job().lowered(self.record_on_device(&arguments.into())?)
    }

    fn job(&self) -> Job<'_> {
        Job {
            function: &self.function,
            mesh: self.xla.mesh(),
            layout: self.xla.layout(),
            platform: self.xla.client().platform(),
            custom: self.xla.custom(),
            kernels_of: self.xla.kernels_of(),
        }
    }

    fn record(
        &self,
        host: &Device,
        arguments: impl FnOnce(&Device) -> Result<Arguments<A>, TreeError>,
    ) -> Result<Made<R>, ProgramError> {
        self.identity.recorded(|| self.job().record(host, arguments, &*self.run))
    }

    fn record_on_device(&self, arguments: &DeviceTree<A>) -> Result<Made<R>, ProgramError> {
        let (structure, build) = (arguments.form().structure(), arguments.build());
        self.record(arguments.host(), |device| placeholders(&build(), &structure, device))
    }

    /// The program for arguments on the device.
    fn entry(&self, arguments: &DeviceTree<A>) -> Result<Arc<Entry<R>>, ProgramError> {
        self.check_is_another()?;
        let form = arguments.form();
        let known = self.cache().entry(form.hash(), |other| other == form);
        match known {
            Some(entry) => Ok(entry),
            None => self.add(form.clone(), self.record_on_device(arguments)?),
        }
    }

    /// Adds what was recorded for arguments of a form.
    fn add(&self, form: Form, made: Made<R>) -> Result<Arc<Entry<R>>, ProgramError> {
        let structure = || Ok(Cow::into_owned(form.structure()));
        let program = self.compiled(made.graph, made.capture, structure)?;
        let mut results = Structure::with_texts(&made.output)?;
        let mut cache = self.cache();
        if results.has_modules() {
            results.adopt(&form.modules(), &cache.returned());
        }
        let output: Build<R> = like(made.output);
        let entry = Entry::new(form, program, output, results);
        cache.add(&entry);
        Ok(entry)
    }

    /// The program of a recording; `structure` is that of the arguments.
    fn compiled(
        &self,
        graph: Graph,
        capture: std::time::Duration,
        structure: impl FnOnce() -> Result<Structure, TreeError>,
    ) -> Result<(Arc<Slot>, Arc<Compiled>), ProgramError> {
        let slot = self.cache().slot(graph);
        // Other calls that need this program wait here; those that need another one do not.
        let mut place = slot.compiled();
        if let Some(compiled) = &*place {
            let compiled = Arc::clone(compiled);
            drop(place);
            return Ok((slot, compiled));
        }
        let (structure, name) = (structure()?, self.function.name.as_str());
        self.check_limit(&structure, &slot.graph)?;
        let mut compiled = self.job().compile(&slot.graph, self.xla.devices(), self.xla.cache())?;
        compiled.times.capture = capture;
        let Times { capture, lower, compile, from_disk } = compiled.times;
        tracing::info!(function = name, ?capture, ?lower, ?compile, from_disk, "compiled");
        let compiled = Arc::new(compiled);
        *place = Some(Arc::clone(&compiled));
        drop(place);
        self.cache().was_compiled(structure, &slot);
        Ok((slot, compiled))
    }

    /// Says what has changed, if the function was compiled before.
    fn check_limit(&self, structure: &Structure, graph: &Graph) -> Result<(), ProgramError> {
        let (changed, compilations) = {
            let cache = self.cache();
            (cache.changes(structure, graph), cache.compilations())
        };
        let changed = changed.unwrap_or_else(|| "nothing was compiled before".into());
        if let Some(limit) = self.limit
            && compilations >= limit
        {
            return Err(ProgramError::Limit { name: self.function.name.clone(), limit, changed });
        }
        if compilations > 0 {
            tracing::info!(function = self.function.name, changed, "compiling again");
        }
        Ok(())
    }
}

/// A program for arguments of the host, and what makes its results.
enum Prepared<R> {
    Known(Arc<Entry<R>>),
    Recorded(Arc<Compiled>, R),
}

impl<R> Prepared<R> {
    fn program(&self) -> &Compiled {
        match self {
            Self::Known(entry) => &entry.program,
            Self::Recorded(program, _) => program,
        }
    }
}

//! The programs of a device, by the normal form of their graphs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use burn_ir::{GraphIr, OperationIr, TensorId, TensorIr};

use super::constants::{Pack, Passing};
use super::error::{EagerError, Failure};
use super::job::Job;
use super::lift::{Lifted, RunsLowering, lift};
use super::normal::{BuildFold, Constant, Lift};
use super::promise::Promise;
use crate::lower::{self, LowerOptions};
use crate::pjrt::{CompileOptions, Device, DeviceAssignment, Executable};
use crate::program::ProgramCache;

/// A compiled graph.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) executable: Executable,
    /// The arguments after the inputs: constants, and then perhaps a seed.
    pub(super) packs: Vec<Pack>,
    pub(super) seed: bool,
}

/// Compiled graphs, the most recently used ones.
#[derive(Debug, Default)]
pub(super) struct Programs {
    families: Mutex<HashMap<u64, Vec<Arc<Family>>, BuildFold>>,
    /// Counts uses.
    clock: AtomicU64,
    compiled: AtomicU64,
}

/// Graphs that differ in constants alone.
#[derive(Debug)]
struct Family {
    operations: Vec<OperationIr>,
    /// Only those are compared that are never arguments.
    constants: Vec<Constant>,
    inputs: Vec<TensorIr>,
    donated: Vec<bool>,
    outputs: Vec<TensorId>,
    /// The program that takes the most constants as arguments.
    current: Mutex<Option<Arc<Variant>>>,
    used: AtomicU64,
}

/// A program, perhaps still being compiled.
#[derive(Debug)]
struct Variant {
    passing: Passing,
    program: Promise<Result<Arc<Compiled>, Failure>>,
}

/// How many families are kept.
const MOST: usize = 2048;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Family {
    fn of(job: &Job) -> Self {
        Self {
            operations: job.operations.clone(),
            constants: job.constants.clone(),
            inputs: job.inputs.iter().map(|(tensor, _)| tensor.clone()).collect(),
            donated: job.donated.clone(),
            outputs: job.outputs.iter().map(|(id, _)| *id).collect(),
            current: Mutex::default(),
            used: AtomicU64::new(0),
        }
    }

    fn is(&self, job: &Job) -> bool {
        self.operations == job.operations
            && self.donated == job.donated
            && self.outputs.len() == job.outputs.len()
            && self.outputs.iter().zip(&job.outputs).all(|(id, (other, _))| id == other)
            && self.inputs.len() == job.inputs.len()
            && self.inputs.iter().zip(&job.inputs).all(|(tensor, (other, _))| tensor == other)
            && self.constants.iter().zip(&job.constants).all(|(constant, other)| {
                constant.lift != Lift::Never || constant.literal.is(other.literal)
            })
    }
}

impl Programs {
    /// How many programs were compiled.
    pub(super) fn count_compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// Whether the program is compiled already.
    pub(super) fn knows(&self, job: &Job) -> bool {
        let families = lock(&self.families);
        let family = families.get(&job.hash).and_then(|list| list.iter().find(|f| f.is(job)));
        let Some(family) = family.cloned() else { return false };
        drop(families);
        let current = lock(&family.current);
        current.as_ref().is_some_and(|v| v.program.is_kept() && v.passing.fits(&job.constants))
    }

    /// The program of a graph, compiled if it is not there. A caller waits while another one compiles it.
    pub(super) fn find(&self, job: &Job, device: &Device) -> Result<Arc<Compiled>, Failure> {
        let family = self.family(job);
        let mut current = lock(&family.current);
        if let Some(variant) = &*current
            && variant.passing.fits(&job.constants)
        {
            let variant = Arc::clone(variant);
            drop(current);
            return variant.program.wait();
        }
        let why = current.as_ref().map(|variant| changes(&family, variant, job));
        let passing = match &*current {
            Some(variant) => variant.passing.generalise(&job.constants),
            None => Passing::new(&job.constants),
        };
        let variant = Arc::new(Variant { passing, program: Promise::new() });
        *current = Some(Arc::clone(&variant));
        drop(current);

        let compiling = || compile(job, &variant.passing, device, why.as_deref());
        let made = catch_unwind(AssertUnwindSafe(compiling)).unwrap_or_else(|panic| {
            let (operations, last) = (job.operations.len(), String::new());
            let message = "while another session compiled it".into();
            let failure = Arc::new(EagerError::Panic { operations, last, message });
            variant.program.keep(Err(failure));
            resume_unwind(panic)
        });
        self.compiled.fetch_add(1, Ordering::Relaxed);
        if made.is_err() {
            // The next caller tries again.
            *lock(&family.current) = None;
        }
        variant.program.keep(made.clone());
        made
    }

    fn family(&self, job: &Job) -> Arc<Family> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut families = lock(&self.families);
        let list = families.entry(job.hash).or_default();
        let family = match list.iter().find(|family| family.is(job)) {
            Some(family) => Arc::clone(family),
            None => {
                let family = Arc::new(Family::of(job));
                list.push(Arc::clone(&family));
                family
            }
        };
        family.used.store(now, Ordering::Relaxed);
        if families.len() > MOST {
            let mut used: Vec<_> =
                families.values().flatten().map(|f| f.used.load(Ordering::Relaxed)).collect();
            used.sort_unstable();
            let oldest = used[used.len() - MOST * 3 / 4];
            families.retain(|_, list| {
                list.retain(|family| family.used.load(Ordering::Relaxed) >= oldest);
                !list.is_empty()
            });
        }
        family
    }
}

/// The constants whose change made a graph be compiled again, in words.
fn changes(family: &Family, variant: &Variant, job: &Job) -> String {
    const MOST_TOLD: usize = 4;
    let operations = variant.passing.changes(&job.constants);
    let told = operations.iter().take(MOST_TOLD).map(|&i| {
        let (family, variant) = lower::name_of(&family.operations[i]);
        format!("{family}::{variant}")
    });
    let told: Vec<_> = told.collect();
    format!("{} constants changed: {}", operations.len(), told.join(", "))
}

fn compile(
    job: &Job,
    passing: &Passing,
    device: &Device,
    why: Option<&str>,
) -> Result<Arc<Compiled>, Failure> {
    let start = Instant::now();
    let Lifted { operations, packs } = lift(&job.operations, passing, job.numbers);
    let declared: Vec<_> =
        job.inputs.iter().map(|(tensor, _)| tensor).chain(&packs).cloned().collect();
    let arguments: Vec<_> = declared.iter().map(|tensor| tensor.id).collect();
    let results: Vec<_> = job.outputs.iter().map(|(id, _)| *id).collect();
    let aliases = aliases(job, &operations);
    let donated = aliases.len();
    let options = LowerOptions {
        name: "eager",
        aliases,
        declared: &declared,
        custom: &RunsLowering,
        ..LowerOptions::default()
    };
    let graph = GraphIr { operations, inputs: arguments.clone(), outputs: results.clone() };
    let program = lower::lower(&graph, &arguments, &results, &options)
        .map_err(|error| Arc::new(EagerError::Lower(Box::new(error))))?;
    let lowered = start.elapsed();
    let client = device.client();
    let options =
        CompileOptions::new().with_device_assignment(DeviceAssignment::single(device.id().into()));
    let made = match ProgramCache::default_for(client) {
        Some(cache) => cache.compile(client, &program.text, &options).map(|(made, _)| made),
        None => client.compile(&program.text, &options),
    };
    let executable = made.map_err(|source| {
        let last = graph.operations.last().map_or_else(String::new, lower::describe);
        let (operations, source) = (job.operations.len(), Box::new(source));
        Arc::new(EagerError::Graph { operations, last, source })
    })?;
    tracing::info!(
        operations = job.operations.len(),
        inputs = job.inputs.len(),
        outputs = job.outputs.len(),
        donated,
        constants = packs.iter().map(|pack| pack.shape.num_elements()).sum::<usize>(),
        why = why.unwrap_or("a new graph"),
        lower_ms = lowered.as_millis() as u64,
        compile_ms = (start.elapsed() - lowered).as_millis() as u64,
        "compiled"
    );
    Ok(Arc::new(Compiled { executable, packs: passing.packs().to_vec(), seed: program.seed }))
}

/// For each donated input, a result of its type that takes its memory.
fn aliases(job: &Job, operations: &[OperationIr]) -> BTreeMap<TensorId, usize> {
    let wanted: HashMap<_, _> =
        job.outputs.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let mut free: HashMap<_, VecDeque<usize>> = HashMap::new();
    for output in operations.iter().flat_map(OperationIr::outputs) {
        if let Some(&at) = wanted.get(&output.id) {
            free.entry((output.dtype, output.shape.clone())).or_default().push_back(at);
        }
    }
    let donated = job.inputs.iter().zip(&job.donated).filter(|(_, donated)| **donated);
    donated
        .filter_map(|((tensor, _), _)| {
            let at = free.get_mut(&(tensor.dtype, tensor.shape.clone()))?.pop_front()?;
            Some((tensor.id, at))
        })
        .collect()
}

//! How a graph of a device runs: as a program that is there or is compiled for it, or operation by operation.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::compile::{Compiled, compile};
use super::constants::Passing;
use super::error::{EagerError, Failure, chain};
use super::families::{Families, Family, Variant};
use super::graph::Graph;
use super::interpret;
use super::memory::{count_maps, most_maps};
use super::options::{EagerOptions, FirstRun};
use super::pool::Pool;
use super::sights::{Sights, WORTH};
use crate::lower;
use crate::pjrt::{AtWork, Device, is_ending};
use crate::program::{XlaOptions, changed_operation};

/// The graphs of a device.
#[derive(Debug)]
pub(super) struct Programs {
    state: Mutex<State>,
    compilers: Pool,
    compiled: AtomicU64,
    interpreted: AtomicU64,
    /// How many programs are compiled at most.
    limit: OnceLock<Option<usize>>,
    /// Whether it was told that there are so many.
    has_told_limit: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    options: EagerOptions,
    families: Families,
    sights: Sights,
    /// The graph that was compiled last.
    last: Option<Arc<Graph>>,
    /// The memory maps of the process when they were counted last.
    maps: Option<u64>,
}

/// How a graph runs now.
#[derive(Debug)]
pub(super) enum Way {
    Program(Arc<Compiled>),
    Interpret,
}

/// How many families are kept.
const MOST: usize = 2048;
/// The stack of a thread that lowers; compilers have a deeper one of their own.
const STACK_BYTES: usize = 8 << 20;
/// Programs that wait to be compiled. What comes when so many wait may come again.
const MOST_WAITING: usize = 256;

impl Programs {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        let compilers = Pool::new("burn-xla-compile", (cores / 2).clamp(1, 4), STACK_BYTES);
        Self {
            state: Mutex::default(),
            compilers,
            compiled: AtomicU64::new(0),
            interpreted: AtomicU64::new(0),
            limit: OnceLock::new(),
            has_told_limit: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_options(&self, options: EagerOptions) {
        self.lock().options = options;
        self.make_room();
    }

    /// How many programs were compiled, or are about to be.
    pub(super) fn count_compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// How many graphs were interpreted.
    pub(super) fn count_interpreted(&self) -> u64 {
        self.interpreted.load(Ordering::Relaxed)
    }

    pub(super) fn count_interpretation(&self) {
        self.interpreted.fetch_add(1, Ordering::Relaxed);
    }

    /// How many programs are kept, those under way among them.
    pub(super) fn count_kept(&self) -> usize {
        self.lock().families.len()
    }

    /// How many programs are being compiled on threads of their own, or wait for one.
    pub(super) fn count_compiling(&self) -> usize {
        self.compilers.count_tasks()
    }

    /// Whether the program is there.
    pub(super) fn knows(&self, graph: &Graph) -> bool {
        let mut state = self.lock();
        let family = state.families.find(graph.key(), graph);
        family.is_some_and(|family| {
            family.variant.program.is_kept() && family.variant.passing.fits(&graph.constants)
        })
    }

    /// How a graph runs on a device where it may be interpreted, if Burn's CPU backend has its operations.
    pub(super) fn way(
        self: &Arc<Self>,
        graph: &Arc<Graph>,
        device: &Device,
    ) -> Result<Way, Failure> {
        let key = graph.key();
        let mut state = self.lock();
        let State { options, families, sights, last, .. } = &mut *state;
        let found = families.find(key, graph);
        let fits = found.as_ref().is_some_and(|it| it.variant.passing.fits(&graph.constants));
        if let (true, Some(family)) = (fits, &found)
            && let Some(Ok(program)) = family.variant.program.now()
        {
            return Ok(Way::Program(program));
        }
        if options.first_run != FirstRun::Interpret || !interpret::is_possible(graph) {
            drop(state);
            return self.program(graph, device).map(Way::Program);
        }
        // Under way, or not to be had; or waiting for one before it.
        if fits || self.compilers.count_waiting() >= MOST_WAITING {
            return Ok(Way::Interpret);
        }
        let sight = match &found {
            Some(_) => None,
            None => match sights.see(key, &graph.constants) {
                None => return Ok(Way::Interpret),
                sight => sight,
            },
        };
        if let Some(limit) = self.reached_limit(device) {
            self.tell_limit(limit, || changes(found.as_deref(), last.as_deref(), graph));
            return Ok(Way::Interpret);
        }
        let (variant, why) = match (found, sight) {
            (Some(family), _) => replace(family, graph),
            (None, sight) => {
                let (before, worth) = sight.unwrap_or_default();
                let passing = Passing::new(&before).generalise(&graph.constants);
                let variant = Variant::new(passing);
                families.add(key, Arc::clone(graph), Arc::clone(&variant), worth);
                (variant, None)
            }
        };
        *last = Some(Arc::clone(graph));
        drop(state);
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let (programs, graph, device) = (Arc::clone(self), Arc::clone(graph), device.clone());
        self.compilers.push(move || {
            let _at_work = AtWork::begin();
            if !is_ending() && variant.claim() {
                programs.make(&graph, &variant, &device, why.as_deref());
            }
        });
        self.compilers.start();
        Ok(Way::Interpret)
    }

    /// The program of a graph, compiled if it is not there. A caller waits while another one compiles it.
    pub(super) fn program(
        self: &Arc<Self>,
        graph: &Arc<Graph>,
        device: &Device,
    ) -> Result<Arc<Compiled>, Failure> {
        let key = graph.key();
        let mut state = self.lock();
        let State { families, last, .. } = &mut *state;
        let found = families.find(key, graph);
        let (variant, why) = match found {
            Some(family) if family.variant.passing.fits(&graph.constants) => {
                (Arc::clone(&family.variant), None)
            }
            found => {
                if let Some(limit) = self.reached_limit(device) {
                    let changed = changes(found.as_deref(), last.as_deref(), graph);
                    return Err(Arc::new(EagerError::Limit { limit, changed }));
                }
                self.compiled.fetch_add(1, Ordering::Relaxed);
                *last = Some(Arc::clone(graph));
                match found {
                    Some(family) => replace(family, graph),
                    None => {
                        let variant = Variant::new(Passing::new(&graph.constants));
                        families.add(key, Arc::clone(graph), Arc::clone(&variant), WORTH);
                        (variant, None)
                    }
                }
            }
        };
        drop(state);
        if variant.claim() {
            self.make(graph, &variant, device, why.as_deref());
        }
        let made = variant.program.wait();
        if made.is_err() {
            // The next caller tries again.
            drop(self.lock().families.take(key, &variant));
        }
        made
    }

    /// The limit on the programs that the device compiles, if there are so many.
    fn reached_limit(&self, device: &Device) -> Option<usize> {
        let limit = *self.limit.get_or_init(|| XlaOptions::of(device.client()).limit());
        limit.filter(|&limit| self.count_compiled() >= limit as u64)
    }

    /// A warning the first time that a graph is not compiled for the limit.
    fn tell_limit(&self, limit: usize, changed: impl FnOnce() -> String) {
        if self.has_told_limit.swap(true, Ordering::Relaxed) {
            return;
        }
        let changed = changed();
        tracing::warn!(
            limit,
            changed,
            "as many programs as the limit allows are compiled: what comes now runs on Burn's CPU backend"
        );
    }

    /// Compiles a program, which is there or has failed then.
    fn make(&self, graph: &Graph, variant: &Arc<Variant>, device: &Device, why: Option<&str>) {
        let compiling = || match self.has_maps() {
            true => compile(graph, &variant.passing, device, why),
            false => Err(Arc::new(EagerError::Maps { most: most_maps() })),
        };
        let made = catch_unwind(AssertUnwindSafe(compiling)).unwrap_or_else(|_| {
            let (operations, last) = (graph.operations.len(), String::new());
            let message = "while it was compiled".into();
            Err(Arc::new(EagerError::Panic { operations, last, message }))
        });
        if let Err(error) = &made {
            tracing::debug!(error = chain(error), "a graph is not compiled");
        }
        variant.program.keep(made);
        self.make_room();
    }

    /// Whether there are memory maps left for a compilation; programs are given up for them.
    fn has_maps(&self) -> bool {
        // As they were after the last compilation.
        let has = |maps| maps < most_maps() / 10 * 9;
        if self.lock().maps.is_some_and(has) {
            return true;
        }
        self.make_room();
        self.lock().maps.is_none_or(has)
    }

    /// Gives up programs until the rest keeps to the limits.
    fn make_room(&self) {
        let mut state = self.lock();
        let (bytes, most_bytes) = (state.families.bytes(), state.options.program_bytes);
        let (count, most_maps) = (state.families.len(), state.options.memory_maps);
        let mut gone = Vec::new();
        // More than needed, so that it is not done for each program.
        if bytes > most_bytes {
            gone.extend(state.families.oldest_of_bytes(bytes - most_bytes / 4 * 3));
        }
        if count > MOST {
            gone.extend(state.families.oldest_of_count(count - MOST / 4 * 3));
        }
        drop(state);
        self.give_up(gone, "bytes");
        loop {
            let maps = count_maps();
            let mut state = self.lock();
            state.maps = maps;
            if maps.is_none_or(|maps| maps <= most_maps) {
                break;
            }
            let quarter = state.families.len().div_ceil(4);
            let gone = state.families.oldest_of_count(quarter);
            drop(state);
            if gone.is_empty() {
                break;
            }
            self.give_up(gone, "memory maps");
        }
    }

    fn give_up(&self, gone: Vec<(u64, Family)>, what: &str) {
        if gone.is_empty() {
            return;
        }
        tracing::debug!(programs = gone.len(), "given up for {what}");
        let mut state = self.lock();
        for (key, family) in &gone {
            state.sights.given_up(*key, &family.graph.constants, family.worth);
        }
        drop(state);
        // The programs go without the lock.
        drop(gone);
    }
}

/// What made another program necessary, in words.
fn changes(family: Option<&Family>, last: Option<&Graph>, graph: &Graph) -> String {
    match (family, last) {
        (Some(family), _) => family.changes(graph),
        (None, Some(last)) => changed_operation(&last.operations, &graph.operations)
            .unwrap_or_else(|| "the results of the graph".into()),
        (None, None) => {
            let last = graph.operations.last().map_or_else(String::new, lower::describe);
            format!("nothing was compiled before the graph that ends with {last}")
        }
    }
}

/// Another variant for a family whose variant does not fit the graph, and why.
fn replace(family: &mut Family, graph: &Graph) -> (Arc<Variant>, Option<String>) {
    let why = family.changes(graph);
    family.variant = Variant::new(family.variant.passing.generalise(&graph.constants));
    (Arc::clone(&family.variant), Some(why))
}

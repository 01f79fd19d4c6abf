//! The programs of a function, and the arguments that each is for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn_trace::compile::{Opaque, Structure};

use super::changes::changes;
use super::compiled::Compiled;
use super::device_tree::Build;
use super::form::Form;
use super::graph::Graph;

/// What a [`Jit`](super::Jit) has compiled: programs by what was recorded, and entries by the form of arguments.
/// Both are bounded; what was used longest ago goes first.
pub(super) struct Cache<R> {
    entries: Vec<(u64, Arc<Entry<R>>)>,
    programs: Vec<Arc<Slot>>,
    capacity: usize,
    compilations: usize,
    /// What the program is for that was compiled last.
    last: Option<(Structure, Arc<Slot>)>,
}

/// A program for arguments of one form.
pub(super) struct Entry<R> {
    form: Form,
    pub(super) slot: Arc<Slot>,
    pub(super) program: Arc<Compiled>,
    /// Makes trees like the result.
    pub(super) output: Build<R>,
    pub(super) results: Form,
    /// Whether there are modules in the result.
    pub(super) returns_modules: bool,
}

impl<R> Entry<R> {
    pub(super) fn new(
        form: Form,
        (slot, program): (Arc<Slot>, Arc<Compiled>),
        output: Build<R>,
        results: Structure,
    ) -> Arc<Self> {
        let returns_modules = results.has_modules();
        let results = Form::of(results);
        Arc::new(Self { form, slot, program, output, results, returns_modules })
    }
}

/// The place of a program: what was recorded, and what the compiler made of it.
pub(super) struct Slot {
    pub(super) graph: Graph,
    /// Held during the compilation, so that a program is compiled once.
    compiled: Mutex<Option<Arc<Compiled>>>,
}

impl Slot {
    pub(super) fn compiled(&self) -> MutexGuard<'_, Option<Arc<Compiled>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many programs a function keeps if it is not told otherwise.
pub(super) const CAPACITY: usize = 128;

/// How many forms of arguments are remembered for each program that is kept.
const FORMS: usize = 4;

impl<R> Cache<R> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            programs: Vec::new(),
            capacity: CAPACITY,
            compilations: 0,
            last: None,
        }
    }

    pub(super) fn compilations(&self) -> usize {
        self.compilations
    }

    pub(super) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        self.shrink();
    }

    /// The entry for arguments of this form, where `is_form` compares it with others.
    pub(super) fn entry(
        &mut self,
        hash: u64,
        is_form: impl Fn(&Form) -> bool,
    ) -> Option<Arc<Entry<R>>> {
        let found = self
            .entries
            .iter()
            .position(|(other, entry)| *other == hash && is_form(&entry.form))?;
        self.entries[..=found].rotate_right(1);
        let entry = Arc::clone(&self.entries[0].1);
        if let Some(found) = self.programs.iter().position(|slot| Arc::ptr_eq(slot, &entry.slot)) {
            self.programs[..=found].rotate_right(1);
        }
        Some(entry)
    }

    pub(super) fn add(&mut self, entry: &Arc<Entry<R>>) {
        self.entries.insert(0, (entry.form.hash(), Arc::clone(entry)));
        self.shrink();
    }

    /// The place for the program of this recording.
    pub(super) fn slot(&mut self, graph: Graph) -> Arc<Slot> {
        match self.programs.iter().position(|slot| slot.graph == graph) {
            Some(found) => self.programs[..=found].rotate_right(1),
            None => {
                self.programs.insert(0, Arc::new(Slot { graph, compiled: Mutex::new(None) }));
                self.shrink();
            }
        }
        Arc::clone(&self.programs[0])
    }

    fn shrink(&mut self) {
        for slot in self.programs.drain(self.capacity.min(self.programs.len())..) {
            self.entries.retain(|(_, entry)| !Arc::ptr_eq(&entry.slot, &slot));
        }
        self.entries.truncate(self.capacity * FORMS);
    }

    /// What a program for these arguments is compiled for, other than the one that was compiled last.
    pub(super) fn changes(&self, structure: &Structure, graph: &Graph) -> Option<String> {
        let (before, slot) = self.last.as_ref()?;
        Some(changes((before, &slot.graph), (structure, graph)))
    }

    pub(super) fn was_compiled(&mut self, structure: Structure, slot: &Arc<Slot>) {
        self.compilations += 1;
        self.last = Some((structure, Arc::clone(slot)));
    }

    /// The modules that programs have returned.
    pub(super) fn returned(&self) -> Vec<Opaque> {
        self.entries.iter().flat_map(|(_, entry)| entry.results.modules()).collect()
    }
}

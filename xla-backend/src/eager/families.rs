//! The programs that are kept, by the normal form of their graphs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::compile::Compiled;
use super::constants::Passing;
use super::error::Failure;
use super::graph::Graph;
use super::normal::BuildFold;
use super::promise::Promise;
use crate::lower;

/// A program, perhaps still to be compiled.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) passing: Passing,
    pub(super) program: Promise<Result<Arc<Compiled>, Failure>>,
    is_claimed: AtomicBool,
}

impl Variant {
    pub(super) fn new(passing: Passing) -> Arc<Self> {
        Arc::new(Self { passing, program: Promise::new(), is_claimed: AtomicBool::new(false) })
    }

    /// Whether the caller is to compile it: the first who asks is.
    pub(super) fn claim(&self) -> bool {
        !self.is_claimed.swap(true, Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        match self.program.now() {
            Some(Ok(program)) => program.bytes,
            _ => 0,
        }
    }
}

/// Graphs that differ in constants alone, and their newest program, which takes the most constants as arguments.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) graph: Arc<Graph>,
    pub(super) variant: Arc<Variant>,
    /// How often its graphs had to be seen before the program was compiled.
    pub(super) worth: u32,
    used: u64,
}

impl Family {
    /// The constants whose change makes a graph be compiled again, in words.
    pub(super) fn changes(&self, graph: &Graph) -> String {
        const MOST_TOLD: usize = 4;
        let operations = self.variant.passing.changes(&graph.constants);
        let told = operations.iter().take(MOST_TOLD).map(|&i| {
            let (family, variant) = lower::name_of(&self.graph.operations[i]);
            format!("{family}::{variant}")
        });
        let told: Vec<_> = told.collect();
        format!("{} constants changed: {}", operations.len(), told.join(", "))
    }

    /// Graphs and programs take memory each.
    fn bytes(&self) -> u64 {
        const BYTES_PER_OPERATION: u64 = 512;
        self.graph.operations.len() as u64 * BYTES_PER_OPERATION + self.variant.bytes()
    }
}

/// Families by the keys of their graphs. Those that were used longest ago go first.
#[derive(Debug, Default)]
pub(super) struct Families {
    by_key: HashMap<u64, Vec<Family>, BuildFold>,
    clock: u64,
}

impl Families {
    /// The family of a graph.
    pub(super) fn find(&mut self, key: u64, graph: &Graph) -> Option<&mut Family> {
        self.clock += 1;
        let family = self.by_key.get_mut(&key)?.iter_mut().find(|f| f.graph.is_alike(graph))?;
        family.used = self.clock;
        Some(family)
    }

    pub(super) fn add(&mut self, key: u64, graph: Arc<Graph>, variant: Arc<Variant>, worth: u32) {
        self.clock += 1;
        let family = Family { graph, variant, worth, used: self.clock };
        self.by_key.entry(key).or_default().push(family);
    }

    /// Takes out the family that this variant belongs to, if it still does.
    pub(super) fn take(&mut self, key: u64, variant: &Arc<Variant>) -> Option<Family> {
        let list = self.by_key.get_mut(&key)?;
        let at = list.iter().position(|family| Arc::ptr_eq(&family.variant, variant))?;
        let family = list.swap_remove(at);
        if list.is_empty() {
            self.by_key.remove(&key);
        }
        Some(family)
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.values().map(Vec::len).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.by_key.values().flatten().map(Family::bytes).sum()
    }

    /// Takes out those that were used longest ago and whose programs are there, until `enough` of them.
    pub(super) fn oldest(&mut self, mut enough: impl FnMut(&Family) -> bool) -> Vec<(u64, Family)> {
        let mut all: Vec<_> = self
            .by_key
            .iter()
            .flat_map(|(key, list)| list.iter().map(|f| (f.used, *key, Arc::clone(&f.variant))))
            .filter(|(_, _, variant)| variant.program.is_kept())
            .collect();
        all.sort_unstable_by_key(|(used, ..)| *used);
        let mut gone = Vec::new();
        for (_, key, variant) in all {
            let Some(family) = self.take(key, &variant) else { continue };
            let is_enough = enough(&family);
            gone.push((key, family));
            if is_enough {
                break;
            }
        }
        gone
    }

    /// As [`Self::oldest`], so many bytes.
    pub(super) fn oldest_of_bytes(&mut self, bytes: u64) -> Vec<(u64, Family)> {
        let mut freed = 0;
        self.oldest(|family| {
            freed += family.bytes();
            freed >= bytes
        })
    }

    /// As [`Self::oldest`], so many families.
    pub(super) fn oldest_of_count(&mut self, count: usize) -> Vec<(u64, Family)> {
        let mut gone = 0;
        self.oldest(|_| {
            gone += 1;
            gone >= count
        })
    }
}

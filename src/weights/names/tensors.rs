//! The tensors of a file under the names that their origin gives today.

use std::collections::BTreeMap;

use crate::weights::container::{Container, Entry};
use crate::weights::description::{Note, Notes};
use crate::weights::error::WeightsError;
use crate::weights::origin::Origin;
use crate::weights::report::SetAside;

/// Why a tensor is set aside that stands beside the model of a file.
pub(crate) const ANOTHER_PART: &str = "it belongs to another part of the file's model";

/// Tensors by canonical name, and those that are knowingly not loaded.
///
/// The canonical name is the one that the origin gives today, without the prefix that a larger
/// model puts before it. The actual name is the one in the file.
#[derive(Debug)]
pub(crate) struct Tensors<'a> {
    pub(crate) origin: Origin,
    container: &'a Container,
    actual: BTreeMap<String, String>,
    pub(crate) set_aside: Vec<SetAside>,
    /// Which of the models in the file this is, if there are several.
    pub(crate) part: Option<Note>,
}

/// What to do with a tensor of a file.
pub(crate) enum Fate {
    /// It gets this canonical name.
    Known(String),
    /// It is not loaded, for this reason.
    Aside(&'static str),
}

impl<'a> Tensors<'a> {
    /// Asks `fate` about each tensor of a container. Of two tensors with one canonical name, the
    /// second keeps its actual name, so that it is reported as unused.
    pub(crate) fn sort(
        origin: Origin,
        container: &'a Container,
        fate: impl Fn(&str) -> Fate,
    ) -> Self {
        let mut tensors =
            Self { origin, container, actual: BTreeMap::new(), set_aside: Vec::new(), part: None };
        for name in container.entries.keys() {
            match fate(name) {
                Fate::Known(canonical) => {
                    let taken = tensors.actual.contains_key(&canonical);
                    let canonical = if taken { name.clone() } else { canonical };
                    tensors.actual.insert(canonical, name.clone());
                }
                Fate::Aside(reason) => tensors.set_aside(name.clone(), reason),
            }
        }
        tensors
    }

    /// The same with a note of which model this is.
    pub(crate) fn with_part(mut self, part: Option<Note>) -> Self {
        self.part = part;
        self
    }

    /// The notes with which a description of this model begins.
    pub(crate) fn notes(&self) -> Notes {
        Notes(self.part.iter().cloned().collect())
    }

    fn set_aside(&mut self, name: String, reason: &'static str) {
        self.set_aside.push(SetAside { name, reason });
    }

    /// Asks `fate` about the tensors of the model and those that stand beside it, by their names in the file:
    /// those of a head get a place. Where it says nothing a tensor stays what it is.
    pub(crate) fn sort_again(&mut self, fate: impl Fn(&str) -> Option<Fate>) {
        let beside = core::mem::take(&mut self.set_aside).into_iter();
        let beside = beside.map(|SetAside { name, reason }| (name, Fate::Aside(reason)));
        let known = core::mem::take(&mut self.actual).into_iter();
        let known = known.map(|(canonical, name)| (name, Fate::Known(canonical)));
        for (name, before) in known.chain(beside).collect::<Vec<_>>() {
            let settled = matches!(before, Fate::Aside(reason) if reason != ANOTHER_PART);
            let again = fate(&name).filter(|_| !settled);
            match again.unwrap_or(before) {
                Fate::Known(canonical) => drop(self.actual.insert(canonical, name)),
                Fate::Aside(reason) => self.set_aside(name, reason),
            }
        }
    }

    /// Sets aside every tensor whose canonical name `which` picks.
    pub(crate) fn leave(&mut self, reason: &'static str, which: impl Fn(&str) -> bool) {
        let names: Vec<String> = self.actual.keys().filter(|name| which(name)).cloned().collect();
        for canonical in names {
            if let Some(actual) = self.actual.remove(&canonical) {
                self.set_aside(actual, reason);
            }
        }
    }

    /// Canonical names, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.actual.keys().map(String::as_str)
    }

    /// The name in the file.
    pub(crate) fn actual(&self, canonical: &str) -> Option<&str> {
        self.actual.get(canonical).map(String::as_str)
    }

    pub(crate) fn entry(&self, canonical: &str) -> Option<&'a Entry> {
        self.actual.get(canonical).and_then(|actual| self.container.entries.get(actual))
    }

    pub(crate) fn has(&self, canonical: &str) -> bool {
        self.actual.contains_key(canonical)
    }

    pub(crate) fn shape(&self, canonical: &str) -> Option<&'a [usize]> {
        self.entry(canonical).map(|entry| entry.shape.as_slice())
    }

    /// The shape of any tensor of the container, by its name there.
    pub(crate) fn shape_in_file(&self, actual: &str) -> Vec<usize> {
        self.container.entries.get(actual).map(|entry| entry.shape.clone()).unwrap_or_default()
    }

    /// The shape of a tensor that a field of the config is read from.
    pub(crate) fn axes<const D: usize>(
        &self,
        field: &'static str,
        canonical: &str,
    ) -> Result<[usize; D], WeightsError> {
        let not_inferred = |problem: String| WeightsError::NotInferred {
            field,
            origin: self.origin,
            tensor: canonical.into(),
            problem,
        };
        let shape =
            self.shape(canonical).ok_or_else(|| not_inferred("which is not there".into()))?;
        if shape.contains(&0) {
            return Err(not_inferred(format!("whose shape {shape:?} holds nothing")));
        }
        shape.try_into().map_err(|_| {
            not_inferred(format!("which has the {} axes {shape:?} instead of {D}", shape.len()))
        })
    }

    /// The number of blocks: how many different numbers follow `before` in the names.
    ///
    /// They are counted. The largest is not trusted, so that a single name cannot make a model
    /// deeper than its file.
    pub(crate) fn count(&self, before: &str) -> usize {
        let mut indices: Vec<usize> = self
            .names()
            .filter_map(|name| name.strip_prefix(before)?.split(['.', '/']).next()?.parse().ok())
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices.len()
    }
}

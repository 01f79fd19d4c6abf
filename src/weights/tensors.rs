//! A file's tensors under the names of their origin's present layout.

use std::collections::BTreeMap;

use super::container::{Container, Entry};
use super::error::WeightsError;
use super::origin::Origin;

/// Tensors by canonical name, and those that are knowingly left where they are.
///
/// The canonical name is the one that the origin gives today, without the prefix that a file with
/// several models puts before it; the actual name is that of the file.
#[derive(Debug)]
pub(super) struct Tensors<'a> {
    pub(super) origin: Origin,
    container: &'a Container,
    actual: BTreeMap<String, String>,
    pub(super) set_aside: Vec<SetAside>,
}

/// A tensor that the model has no place for, and why that is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its name in the file.
    pub name: String,
    /// Why it is not loaded.
    pub reason: &'static str,
}

/// What to do with a tensor of a file.
pub(super) enum Fate {
    /// It is known by this canonical name.
    Known(String),
    /// It is left, for this reason.
    Aside(&'static str),
}

impl<'a> Tensors<'a> {
    /// Sorts all tensors of a container. Two of one canonical name make the second keep its actual
    /// name, so that it is reported as unused.
    pub(super) fn sort(
        origin: Origin,
        container: &'a Container,
        fate: impl Fn(&str) -> Fate,
    ) -> Self {
        let mut tensors =
            Self { origin, container, actual: BTreeMap::new(), set_aside: Vec::new() };
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

    fn set_aside(&mut self, name: String, reason: &'static str) {
        self.set_aside.push(SetAside { name, reason });
    }

    /// Leaves every tensor whose canonical name `which` picks.
    pub(super) fn leave(&mut self, reason: &'static str, which: impl Fn(&str) -> bool) {
        let names: Vec<String> = self.actual.keys().filter(|name| which(name)).cloned().collect();
        for canonical in names {
            if let Some(actual) = self.actual.remove(&canonical) {
                self.set_aside(actual, reason);
            }
        }
    }

    /// Canonical names, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.actual.keys().map(String::as_str)
    }

    /// The name in the file.
    pub(super) fn actual(&self, canonical: &str) -> Option<&str> {
        self.actual.get(canonical).map(String::as_str)
    }

    pub(super) fn entry(&self, canonical: &str) -> Option<&'a Entry> {
        self.actual.get(canonical).and_then(|actual| self.container.entries.get(actual))
    }

    pub(super) fn has(&self, canonical: &str) -> bool {
        self.actual.contains_key(canonical)
    }

    pub(super) fn shape(&self, canonical: &str) -> Option<&'a [usize]> {
        self.entry(canonical).map(|entry| entry.shape.as_slice())
    }

    /// The shape of a tensor that a field of the config is read from.
    pub(super) fn axes<const D: usize>(
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

    /// How many different whole numbers stand between `before` and a dot or slash in the names.
    ///
    /// They are counted and not trusted, so that no name makes a model deeper than its file.
    pub(super) fn count(&self, before: &str) -> usize {
        let mut indices: Vec<usize> = self
            .names()
            .filter_map(|name| name.strip_prefix(before)?.split(['.', '/']).next()?.parse().ok())
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices.len()
    }
}

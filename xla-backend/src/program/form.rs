//! What a device tree is besides its values.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use burn_trace::compile::{Fixed, Opaque, Structure, join_structures};
use burn_trace::{LeafSpec, TreeError};

/// The structure of a tree. Joined trees keep theirs, so that joining costs nothing per leaf.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Whole(Arc<Whole>),
    Joined(Arc<Joined>),
}

#[derive(Debug)]
pub(super) struct Whole {
    structure: Structure,
    /// Of a tuple its children, once they were asked for.
    parts: OnceLock<Arc<[Form]>>,
}

#[derive(Debug)]
pub(super) struct Joined {
    hash: u64,
    parts: Arc<[Form]>,
}

impl Form {
    pub(super) fn of(structure: Structure) -> Self {
        Self::Whole(Arc::new(Whole { structure, parts: OnceLock::new() }))
    }

    /// The form of a tuple.
    pub(super) fn joined(parts: impl Into<Arc<[Self]>>) -> Self {
        let parts = parts.into();
        Self::Joined(Arc::new(Joined {
            hash: join_structures(parts.iter().map(Self::hash)),
            parts,
        }))
    }

    /// The children of a tuple, whose structures `make` gives.
    pub(super) fn parts(
        &self,
        make: impl FnOnce() -> Result<Vec<Structure>, TreeError>,
    ) -> Result<Arc<[Self]>, TreeError> {
        let whole = match self {
            Self::Joined(joined) => return Ok(Arc::clone(&joined.parts)),
            Self::Whole(whole) => whole,
        };
        if let Some(parts) = whole.parts.get() {
            return Ok(Arc::clone(parts));
        }
        let mut modules = whole.structure.modules().map(|(_, module)| module);
        let parts = make()?.into_iter().map(|mut structure| {
            structure.identify(modules.by_ref());
            Self::of(structure)
        });
        let parts = parts.collect();
        Ok(Arc::clone(whole.parts.get_or_init(|| parts)))
    }

    pub(super) fn hash(&self) -> u64 {
        match self {
            Self::Whole(whole) => whole.structure.hash,
            Self::Joined(joined) => joined.hash,
        }
    }

    /// How many leaves there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Whole(whole) => whole.structure.leaves.len(),
            Self::Joined(joined) => joined.parts.iter().map(Self::count).sum(),
        }
    }

    /// The structure of the tree as a whole.
    pub(super) fn structure(&self) -> Cow<'_, Structure> {
        let joined = match self {
            Self::Whole(whole) => return Cow::Borrowed(&whole.structure),
            Self::Joined(joined) => joined,
        };
        let (mut leaves, mut fixed, mut device) = (Vec::new(), Vec::new(), None);
        let mut has_running_state = false;
        for (index, part) in joined.parts.iter().enumerate() {
            let under = |path: &str| {
                let dot = if path.is_empty() { "" } else { "." };
                format!("{index}{dot}{path}")
            };
            let part = part.structure();
            has_running_state |= part.has_running_state;
            leaves.extend(
                part.leaves
                    .iter()
                    .map(|leaf| LeafSpec { path: under(&leaf.path), ty: leaf.ty.clone() }),
            );
            fixed.extend(
                part.fixed
                    .iter()
                    .map(|fixed| Fixed { path: under(&fixed.path), what: fixed.what.clone() }),
            );
            if !part.leaves.is_empty() {
                device.get_or_insert_with(|| part.device.clone());
            }
        }
        let device = device.unwrap_or_default();
        Cow::Owned(Structure { hash: joined.hash, leaves, fixed, device, has_running_state })
    }

    pub(super) fn leaves(&self) -> Vec<LeafSpec> {
        self.structure().into_owned().leaves
    }

    /// The modules, in the order of the tree.
    pub(super) fn modules(&self) -> Vec<Opaque> {
        match self {
            Self::Whole(whole) => whole.structure.modules().map(|(_, m)| m.clone()).collect(),
            Self::Joined(joined) => joined.parts.iter().flat_map(Self::modules).collect(),
        }
    }
}

/// Whether trees of one type are recorded alike.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Arc::ptr_eq(a, b) || a.structure == b.structure,
            (Self::Joined(a), Self::Joined(b)) => {
                Arc::ptr_eq(a, b) || (a.hash == b.hash && a.parts == b.parts)
            }
            _ => self.hash() == other.hash() && self.structure() == other.structure(),
        }
    }
}

impl PartialEq<Structure> for Form {
    fn eq(&self, other: &Structure) -> bool {
        self.hash() == other.hash && *self.structure() == *other
    }
}

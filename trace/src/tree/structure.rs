//! What a tree is besides the values of its tensors.

use burn::tensor::Device;
use burn_backend::TensorData;

use super::fixed::{Fixed, Opaque, What};
use super::leaf::Leaf;
use super::tensor_tree::{Seen, TensorTree, Visitor};
use crate::error::TreeError;
use crate::leaf_type::LeafSpec;

/// A tree without the values of its tensors: its leaves, and what it holds besides tensors.
///
/// Two trees of one type that are equal in this are recorded alike, if none of them holds a [module]: fields
/// of a module can be seen by its own code alone. A module therefore equals only itself; it has an identity,
/// which is new each time that a tree is walked, and which [`Structure::adopt`] passes on.
///
/// [module]: Structure::has_modules
#[derive(Debug, Clone)]
pub struct Structure {
    /// A hash of names, kinds, dtypes and shapes; equal structures have the same.
    pub hash: u64,
    /// The leaves.
    pub leaves: Vec<LeafSpec>,
    /// What is no leaf, in the order of the tree.
    pub fixed: Vec<Fixed>,
    /// The device of the first leaf; of a tree without leaves the default one.
    pub device: Device,
    /// Whether a module of the tree has running state, such as the statistics of batch norm.
    pub has_running_state: bool,
}

impl PartialEq for Structure {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.leaves == other.leaves && self.fixed == other.fixed
    }
}

impl Structure {
    /// The structure of a tree. No parameter is drawn, and no value is read.
    ///
    /// # Errors
    ///
    /// [`TreeError`] if the tree cannot be walked.
    pub fn of(tree: &impl TensorTree) -> Result<Self, TreeError> {
        Self::walked(tree, false, |_| {})
    }

    /// As [`of`](Self::of), with the texts of modules.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn with_texts(tree: &impl TensorTree) -> Result<Self, TreeError> {
        Self::walked(tree, true, |_| {})
    }

    /// As [`with_texts`](Self::with_texts), with a look at each leaf.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn read(tree: &impl TensorTree, leaf: impl FnMut(&dyn Leaf)) -> Result<Self, TreeError> {
        Self::walked(tree, true, leaf)
    }

    fn walked(
        tree: &impl TensorTree,
        texts: bool,
        mut look: impl FnMut(&dyn Leaf),
    ) -> Result<Self, TreeError> {
        let mut device = None;
        let mut leaf = |_: &str, leaf: &dyn Leaf| {
            device.get_or_insert_with(|| leaf.device());
            look(leaf);
        };
        let mut visitor = Visitor::new(&mut leaf);
        visitor.collect(texts);
        tree.visit(&mut visitor);
        let seen = visitor.finish();
        let device = device.unwrap_or_default();
        let Seen { hash, leaves, fixed, has_running_state } = seen;
        Ok(Self { hash, leaves, fixed, device, has_running_state })
    }

    /// The values of the leaves of a tree that has this structure. Parameters that were not drawn yet are drawn.
    pub fn values(&self, tree: &impl TensorTree) -> Vec<TensorData> {
        let mut values = Vec::with_capacity(self.leaves.len());
        let mut leaf = |_: &str, leaf: &dyn Leaf| values.push(leaf.data());
        let mut visitor = Visitor::new(&mut leaf);
        visitor.leaves_alone(self.has_running_state);
        tree.visit(&mut visitor);
        values
    }

    /// Whether the tree holds modules, whose fields may shape a recording and are not seen here.
    pub fn has_modules(&self) -> bool {
        self.modules().next().is_some()
    }

    /// The modules, in the order of the tree.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &Opaque)> {
        self.fixed.iter().filter_map(|fixed| match &fixed.what {
            What::Module(module) => Some((fixed.path.as_str(), module)),
            _ => None,
        })
    }

    /// For the result of a function: gives its modules the identity of those that the function was given, or
    /// has returned before, if they have the same type and the same text. That a function which returns a module
    /// with other parameters leaves the rest of it as it was is the one thing that is taken for granted.
    pub fn adopt(&mut self, given: &[Opaque], returned: &[Opaque]) {
        for fixed in &mut self.fixed {
            let What::Module(module) = &mut fixed.what else { continue };
            if module.text().is_none() {
                continue;
            }
            let alike = |other: &&Opaque| {
                other.type_name == module.type_name && other.text() == module.text()
            };
            // A function that makes its parameters anew gives them other ids in each recording.
            let but_for_ids = |other: &&Opaque| {
                other.type_name == module.type_name
                    && other.text_without_ids() == module.text_without_ids()
            };
            let found = given.iter().find(alike).or_else(|| given.iter().find(but_for_ids));
            if let Some(other) = found.or_else(|| returned.iter().find(alike)) {
                *module = other.clone();
            }
        }
    }

    /// Takes over the identities of modules of the same tree, which were found in this order.
    pub fn identify<'a>(&mut self, known: impl IntoIterator<Item = &'a Opaque>) {
        let mut known = known.into_iter();
        for fixed in &mut self.fixed {
            if let What::Module(module) = &mut fixed.what
                && let Some(known) = known.next()
            {
                *module = known.clone();
            }
        }
    }
}

//! Trees of tensors.

use std::hash::{DefaultHasher, Hash, Hasher};

use burn::tensor::Device;

use super::leaf::Leaf;
use super::source::Leaves;
use crate::error::TreeError;
use crate::leaf_type::LeafSpec;

/// Anything built of tensors.
///
/// It is implemented for tensors, tuples, arrays, `Vec`, `Option` and `()`, and for a module inside
/// [`Params`](crate::Params) or, by [`impl_tensor_tree!`](crate::impl_tensor_tree), for a module of
/// one's own. Other types name their parts:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_trace::{Leaves, TensorTree, TreeError, Visitor};
///
/// #[derive(Clone)]
/// struct Average {
///     sum: Tensor<1>,
///     weight: Tensor<1>,
/// }
///
/// impl TensorTree for Average {
///     fn visit(&self, visitor: &mut Visitor<'_>) {
///         visitor.child("sum", &self.sum);
///         visitor.child("weight", &self.weight);
///     }
///
///     fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
///         Ok(Self { sum: self.sum.rebuild(source)?, weight: self.weight.rebuild(source)? })
///     }
/// }
/// ```
pub trait TensorTree: Clone + Send + 'static {
    /// Shows the leaves, in an order that does not change.
    fn visit(&self, visitor: &mut Visitor<'_>);

    /// The same tree with other tensors, in the order of [`visit`](Self::visit).
    ///
    /// # Errors
    ///
    /// [`TreeError`] if the tensors do not fit.
    fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError>;
}

/// A traversal of a tree.
pub struct Visitor<'a> {
    path: String,
    structure: Vec<DefaultHasher>,
    leaf: &'a mut dyn FnMut(&str, &dyn Leaf),
    pub(crate) error: Option<TreeError>,
}

impl std::fmt::Debug for Visitor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Visitor<'_> {
    /// Visits a part under its name.
    pub fn child(&mut self, name: &str, part: &impl TensorTree) {
        self.enter(name);
        part.visit(self);
        self.exit(name);
    }

    /// Shows a leaf.
    pub fn leaf(&mut self, leaf: &dyn Leaf) {
        leaf.ty().hash(self.hasher());
        (self.leaf)(&self.path, leaf);
    }

    /// Tells what no leaf shows, such as how many parts there are.
    pub fn mark(&mut self, mark: usize) {
        mark.hash(self.hasher());
    }

    pub(crate) fn enter(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        self.structure.push(DefaultHasher::new());
    }

    pub(crate) fn exit(&mut self, name: &str) {
        let length = self.path.len().saturating_sub(name.len());
        self.path.truncate(length);
        if self.path.ends_with('.') {
            self.path.pop();
        }
        let part = self.structure.pop().map_or(0, |part| part.finish());
        (name, part).hash(self.hasher());
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn hasher(&mut self) -> &mut DefaultHasher {
        if self.structure.is_empty() {
            self.structure.push(DefaultHasher::new());
        }
        let last = self.structure.len() - 1;
        &mut self.structure[last]
    }
}

/// Visits a tree; the number stands for its structure, and for kinds, dtypes and shapes of its
/// leaves.
pub fn walk(
    tree: &impl TensorTree,
    mut leaf: impl FnMut(&str, &dyn Leaf),
) -> Result<u64, TreeError> {
    let mut visitor =
        Visitor { path: String::new(), structure: Vec::new(), leaf: &mut leaf, error: None };
    tree.visit(&mut visitor);
    let structure = visitor.hasher().finish();
    visitor.error.map_or(Ok(structure), Err)
}

/// The number of [`walk`] for a tuple of parts whose numbers are known.
pub fn join_structures(parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut whole = DefaultHasher::new();
    for (index, part) in parts.into_iter().enumerate() {
        (index.to_string().as_str(), part).hash(&mut whole);
    }
    whole.finish()
}

/// The leaves of a tree. Nothing is drawn or read.
///
/// # Errors
///
/// [`TreeError::RunningState`].
pub fn describe(tree: &impl TensorTree) -> Result<Vec<LeafSpec>, TreeError> {
    Ok(described(tree)?.0)
}

/// The leaves of a tree, the number of [`walk`], and the device of the first leaf.
pub fn described(tree: &impl TensorTree) -> Result<(Vec<LeafSpec>, u64, Device), TreeError> {
    let mut leaves = Vec::new();
    let mut device = None;
    let structure = walk(tree, |path, leaf| {
        leaves.push(spec(path, leaf));
        device.get_or_insert_with(|| leaf.device());
    })?;
    Ok((leaves, structure, device.unwrap_or_default()))
}

/// A leaf under its path.
pub fn spec(path: &str, leaf: &dyn Leaf) -> LeafSpec {
    LeafSpec { path: path.to_owned(), ty: leaf.ty() }
}

//! What a tree of tensors is, and how it is walked.

use std::hash::{DefaultHasher, Hash, Hasher};

use burn::tensor::Device;

use super::leaf::Leaf;
use super::source::Leaves;
use crate::error::TreeError;
use crate::leaf_type::LeafSpec;

/// Anything built of tensors: what functions that are recorded take and return.
///
/// Tensors, tuples, arrays, `Vec`, `Option` and `()` are trees. A Burn module is one inside of
/// [`Params`](crate::Params), or by [`impl_tensor_tree!`](crate::impl_tensor_tree) if it is a type of
/// yours. Other types name their children:
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
///     fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
///         Ok(Self { sum: self.sum.rebuild(leaves)?, weight: self.weight.rebuild(leaves)? })
///     }
/// }
/// ```
pub trait TensorTree: Clone + Send + 'static {
    /// Shows the leaves to the visitor, in an order that is the same each time.
    fn visit(&self, visitor: &mut Visitor<'_>);

    /// The same tree of other tensors, which are taken in the order of [`visit`](Self::visit).
    ///
    /// # Errors
    ///
    /// [`TreeError`] if a tensor is missing, or has another kind or rank.
    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError>;
}

/// Walks over a tree: collects its leaves with their paths.
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
    /// Visits a child under its name.
    pub fn child(&mut self, name: &str, child: &impl TensorTree) {
        self.enter(name);
        child.visit(self);
        self.exit(name);
    }

    /// Shows a leaf.
    pub fn leaf(&mut self, leaf: &dyn Leaf) {
        leaf.ty().hash(self.hasher());
        (self.leaf)(&self.path, leaf);
    }

    /// Notes a number that belongs to the structure of the tree and that no leaf shows, such as the length
    /// of a list that may be empty.
    pub fn note(&mut self, number: usize) {
        number.hash(self.hasher());
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
        let child = self.structure.pop().map_or(0, |child| child.finish());
        (name, child).hash(self.hasher());
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

/// Visits the leaves of a tree. The number is a hash of the structure: of names, kinds, dtypes and shapes.
///
/// # Errors
///
/// [`TreeError::RunningState`].
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

/// The number of [`walk`] for a tuple of trees whose numbers are known.
pub fn join_structures(children: impl IntoIterator<Item = u64>) -> u64 {
    let mut joined = DefaultHasher::new();
    for (index, child) in children.into_iter().enumerate() {
        (index.to_string().as_str(), child).hash(&mut joined);
    }
    joined.finish()
}

/// The leaves of a tree by path. No parameter is drawn, and no value is read.
///
/// # Errors
///
/// [`TreeError::RunningState`].
pub fn describe(tree: &impl TensorTree) -> Result<Vec<LeafSpec>, TreeError> {
    Ok(described(tree)?.0)
}

/// The leaves of a tree, the number of [`walk`], and the device of the first leaf.
///
/// # Errors
///
/// [`TreeError::RunningState`].
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

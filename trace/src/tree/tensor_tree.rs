//! What a tree of tensors is, and how it is walked.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::fixed::{Fixed, Opaque, StaticValue, What};
use super::leaf::Leaf;
use super::source::Leaves;
use crate::error::TreeError;
use crate::leaf_type::LeafSpec;

/// Anything built of tensors: what functions that are recorded take and return.
///
/// Tensors, tuples, arrays, `Vec`, `Option` and `()` are trees. A Burn module is one inside of
/// [`Params`](crate::Params), or by [`impl_tensor_tree!`](crate::impl_tensor_tree) if it is a type of
/// yours. For other types it is derived:
///
/// ```
/// use burn::nn::Linear;
/// use burn::tensor::Tensor;
/// use burn_trace::TensorTree;
///
/// #[derive(Clone, TensorTree)]
/// struct Average<T> {
///     sum: T,
///     weights: Vec<Tensor<1>>,
///     /// No tensor: a function is compiled for each value.
///     #[tree(static)]
///     power: f64,
///     #[tree(module)]
///     head: Linear,
/// }
/// ```
///
/// By hand a type names its children, and shows fields that are no tensors by [`Visitor::fixed_child`]:
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
    /// The types of leaves and what is no leaf, if they are collected.
    leaves: Option<Vec<LeafSpec>>,
    fixed: Option<Vec<Fixed>>,
    /// Whether the texts of modules are collected too.
    texts: bool,
    has_running_state: bool,
    /// Whether the tree is known to hold no running state, so that modules are not asked for it.
    is_plain: bool,
    /// Whether only the leaves matter, and no hash of the structure.
    leaves_alone: bool,
}

/// What a visitor has seen.
pub(crate) struct Seen {
    pub(crate) hash: u64,
    pub(crate) leaves: Vec<LeafSpec>,
    pub(crate) fixed: Vec<Fixed>,
    pub(crate) has_running_state: bool,
}

impl std::fmt::Debug for Visitor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(leaf: &'a mut dyn FnMut(&str, &dyn Leaf)) -> Self {
        Self {
            path: String::new(),
            structure: Vec::new(),
            leaf,
            leaves: None,
            fixed: None,
            texts: false,
            has_running_state: false,
            is_plain: false,
            leaves_alone: false,
        }
    }

    /// Collects the types of leaves, and what is no leaf.
    pub(crate) fn collect(&mut self, texts: bool) {
        self.leaves = Some(Vec::new());
        self.collect_fixed(texts);
    }

    fn collect_fixed(&mut self, texts: bool) {
        self.fixed = Some(Vec::new());
        self.texts = texts;
    }

    /// Visits the leaves alone, of a tree whose structure is known.
    pub(crate) fn leaves_alone(&mut self, has_running_state: bool) {
        self.leaves_alone = true;
        self.is_plain = !has_running_state;
    }

    pub(crate) fn finish(mut self) -> Seen {
        let hash = self.hasher().finish();
        let Self { leaves, fixed, has_running_state, .. } = self;
        let (leaves, fixed) = (leaves.unwrap_or_default(), fixed.unwrap_or_default());
        Seen { hash, leaves, fixed, has_running_state }
    }

    /// Visits a child under its name.
    pub fn child(&mut self, name: &str, child: &impl TensorTree) {
        self.enter(name);
        child.visit(self);
        self.exit(name);
    }

    /// Shows a leaf.
    pub fn leaf(&mut self, leaf: &dyn Leaf) {
        if !self.leaves_alone {
            let ty = leaf.ty();
            ty.hash(self.hasher());
            if let Some(leaves) = &mut self.leaves {
                leaves.push(LeafSpec { path: self.path.clone(), ty });
            }
        }
        (self.leaf)(&self.path, leaf);
    }

    /// Notes a number that belongs to the structure of the tree and that no leaf shows, such as the length
    /// of a list that may be empty.
    pub fn note(&mut self, number: usize) {
        if !self.leaves_alone {
            number.hash(self.hasher());
        }
        self.add(|_| What::Number(number));
    }

    /// Shows a value that is no tensor and that a recording may depend on, such as a number of heads. A function
    /// is compiled for each value.
    pub fn fixed<T: StaticValue + Clone + 'static>(&mut self, value: &T) {
        self.add(|_| What::Value(Arc::new(value.clone())));
    }

    /// Shows a value that is no tensor under its name, as [`fixed`](Self::fixed).
    pub fn fixed_child<T: StaticValue + Clone + 'static>(&mut self, name: &str, value: &T) {
        self.enter(name);
        self.fixed(value);
        self.exit(name);
    }

    pub(crate) fn flag(&mut self, enabled: bool) {
        self.add(|_| What::Flag(enabled));
    }

    /// The module that was visited at this path.
    pub(crate) fn module(&mut self, type_name: &'static str, text: impl FnOnce() -> String) {
        self.add(|texts| What::Module(Opaque::new(type_name, texts.then(text))));
    }

    /// Whether the tree is known to hold no running state.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(crate) fn running_state(&mut self) {
        self.has_running_state = true;
    }

    /// Adds what is no leaf of a tree that has the place of this one, and whose leaves are shown in another
    /// form.
    pub(crate) fn fixed_of(&mut self, tree: &impl TensorTree) {
        let mut leaf = |_: &str, _: &dyn Leaf| {};
        let mut inner = Visitor::new(&mut leaf);
        inner.path.clone_from(&self.path);
        inner.is_plain = self.is_plain;
        if self.fixed.is_some() {
            inner.collect_fixed(self.texts);
        }
        tree.visit(&mut inner);
        let seen = inner.finish();
        if let Some(fixed) = &mut self.fixed {
            fixed.extend(seen.fixed);
        }
        self.has_running_state |= seen.has_running_state;
    }

    fn add(&mut self, what: impl FnOnce(bool) -> What) {
        if let Some(fixed) = &mut self.fixed {
            fixed.push(Fixed { path: self.path.clone(), what: what(self.texts) });
        }
    }

    pub(crate) fn enter(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        if !self.leaves_alone {
            self.structure.push(DefaultHasher::new());
        }
    }

    pub(crate) fn exit(&mut self, name: &str) {
        let length = self.path.len().saturating_sub(name.len());
        self.path.truncate(length);
        if self.path.ends_with('.') {
            self.path.pop();
        }
        if !self.leaves_alone {
            let child = self.structure.pop().map_or(0, |child| child.finish());
            (name, child).hash(self.hasher());
        }
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
/// [`TreeError`] if the tree cannot be walked.
pub fn walk(
    tree: &impl TensorTree,
    mut leaf: impl FnMut(&str, &dyn Leaf),
) -> Result<u64, TreeError> {
    Ok(seen(tree, &mut leaf).hash)
}

/// As [`walk`], with all that the visitor has seen besides what it was asked to collect.
pub(crate) fn seen(tree: &impl TensorTree, leaf: &mut dyn FnMut(&str, &dyn Leaf)) -> Seen {
    let mut visitor = Visitor::new(leaf);
    tree.visit(&mut visitor);
    visitor.finish()
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
/// [`TreeError`] if the tree cannot be walked.
pub fn describe(tree: &impl TensorTree) -> Result<Vec<LeafSpec>, TreeError> {
    let mut leaves = Vec::new();
    walk(tree, |path, leaf| leaves.push(spec(path, leaf)))?;
    Ok(leaves)
}

/// A leaf under its path.
pub fn spec(path: &str, leaf: &dyn Leaf) -> LeafSpec {
    LeafSpec { path: path.to_owned(), ty: leaf.ty() }
}

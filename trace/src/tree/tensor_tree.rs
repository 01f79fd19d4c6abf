//! Trees of tensors.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};

use burn::tensor::{Bool, Device, Int, Tensor};
use burn_backend::TensorData;
use burn_ir::TensorIr;

use super::error::TreeError;
use super::leaf::{Leaf, LeafSpec, TensorLeaf};
use super::stacked::StackPlaceholder;
use super::traced::Traced;

/// Anything built of tensors.
///
/// It is implemented for tensors, tuples, arrays, `Vec`, `Option` and `()`, and for a module inside
/// [`Params`](super::Params) or, by [`impl_tensor_tree!`](crate::impl_tensor_tree), for a module of
/// one's own. Other types name their parts:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_xla::capture::{Source, TensorTree, TreeError, Visitor};
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
///     fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
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
    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError>;
}

/// A traversal of a tree.
pub struct Visitor<'a> {
    path: String,
    structure: Vec<DefaultHasher>,
    leaf: &'a mut dyn FnMut(&str, &dyn Leaf),
    pub(super) error: Option<TreeError>,
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

    pub(super) fn enter(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        self.structure.push(DefaultHasher::new());
    }

    pub(super) fn exit(&mut self, name: &str) {
        let length = self.path.len().saturating_sub(name.len());
        self.path.truncate(length);
        if self.path.ends_with('.') {
            self.path.pop();
        }
        let part = self.structure.pop().map_or(0, |part| part.finish());
        (name, part).hash(self.hasher());
    }

    pub(super) fn path(&self) -> &str {
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
pub(crate) fn walk(
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
pub(crate) fn join_structures(parts: impl IntoIterator<Item = u64>) -> u64 {
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
pub(crate) fn described(tree: &impl TensorTree) -> Result<(Vec<LeafSpec>, u64, Device), TreeError> {
    let mut leaves = Vec::new();
    let mut device = None;
    let structure = walk(tree, |path, leaf| {
        leaves.push(spec(path, leaf));
        device.get_or_insert_with(|| leaf.device());
    })?;
    Ok((leaves, structure, device.unwrap_or_default()))
}

pub(crate) fn spec(path: &str, leaf: &dyn Leaf) -> LeafSpec {
    LeafSpec { path: path.to_owned(), ty: leaf.ty() }
}

/// The tensors that a tree is built of.
#[derive(Debug)]
pub struct Source<'a> {
    leaves: Leaves<'a>,
    taken: usize,
    /// What the graph knows the placeholders as.
    made: Vec<TensorIr>,
}

#[derive(Debug)]
enum Leaves<'a> {
    Placeholders(&'a [LeafSpec], &'a Device),
    Values(Vec<Option<TensorData>>, &'a Device),
    Tensors(Vec<Option<Box<dyn Any>>>),
}

impl<'a> Source<'a> {
    /// Tensors without values.
    pub(crate) fn placeholders(leaves: &'a [LeafSpec], device: &'a Device) -> Self {
        Self { leaves: Leaves::Placeholders(leaves, device), taken: 0, made: vec![] }
    }

    /// Tensors of these values.
    pub(crate) fn values(values: Vec<TensorData>, device: &'a Device) -> Self {
        Self {
            leaves: Leaves::Values(values.into_iter().map(Some).collect(), device),
            taken: 0,
            made: vec![],
        }
    }

    /// These tensors.
    pub(super) fn tensors(tensors: Vec<Box<dyn Any>>) -> Self {
        Self {
            leaves: Leaves::Tensors(tensors.into_iter().map(Some).collect()),
            taken: 0,
            made: vec![],
        }
    }

    /// The next tensor.
    ///
    /// # Errors
    ///
    /// [`TreeError`] if there is none, or it is of another kind or rank.
    pub fn take<T: TensorLeaf>(&mut self) -> Result<T, TreeError> {
        let index = self.taken;
        self.taken += 1;
        let tensor = match &mut self.leaves {
            Leaves::Placeholders(leaves, device) => leaves.get(index).map(|leaf| {
                let fits = leaf.ty.kind == T::KIND && leaf.ty.shape.len() == T::RANK;
                if !fits {
                    return Err(leaf.ty.clone());
                }
                let tensor = T::placeholder(&leaf.ty, device);
                self.made.extend(tensor.captured());
                Ok(tensor)
            }),
            Leaves::Tensors(tensors) => {
                let tensor = tensors.get_mut(index).and_then(Option::take);
                // Taken from a tree of the same leaves, so of the same type.
                let tensor = tensor.and_then(|tensor| tensor.downcast().ok());
                tensor.map(|tensor| Ok(*tensor))
            }
            Leaves::Values(values, device) => {
                values.get_mut(index).and_then(Option::take).map(|data| {
                    let ty = super::leaf::LeafType::of_data(&data);
                    let fits = ty.kind == T::KIND && ty.shape.len() == T::RANK;
                    if fits { Ok(T::from_values(data, device)) } else { Err(ty) }
                })
            }
        };
        match tensor {
            Some(Ok(tensor)) => Ok(tensor),
            Some(Err(got)) => Err(TreeError::Leaf { index, kind: T::KIND, rank: T::RANK, got }),
            None => Err(TreeError::Missing { count: index }),
        }
    }

    /// The next tensor, one like `leaf`.
    pub(super) fn take_one(&mut self, leaf: &dyn Leaf) -> Result<Box<dyn Any>, TreeError> {
        let index = self.taken;
        self.taken += 1;
        let missing = || TreeError::Missing { count: index };
        match &mut self.leaves {
            Leaves::Placeholders(_, device) => {
                let (tensor, ir) = leaf.blank(device);
                self.made.extend(ir);
                Ok(tensor)
            }
            Leaves::Tensors(tensors) => {
                tensors.get_mut(index).and_then(Option::take).ok_or_else(missing)
            }
            Leaves::Values(values, device) => {
                let data = values.get_mut(index).and_then(Option::take).ok_or_else(missing)?;
                Ok(leaf.with_values(data, device))
            }
        }
    }

    /// What the graph knows the placeholders as that were taken.
    pub(super) fn into_made(self) -> Vec<TensorIr> {
        self.made
    }

    /// The lanes of the next tensor, a stack: tensors like `lane`.
    pub(super) fn take_stack(&mut self, lane: &dyn Leaf) -> Result<Vec<Box<dyn Any>>, TreeError> {
        let index = self.taken;
        self.taken += 1;
        let missing = || TreeError::Missing { count: index };
        match &mut self.leaves {
            Leaves::Placeholders(leaves, device) => {
                let leaf = leaves.get(index).ok_or_else(missing)?;
                let stack = StackPlaceholder::new(&leaf.ty, device).ok_or_else(missing)?;
                self.made.push(stack.ir());
                Ok(stack.lanes(lane))
            }
            Leaves::Tensors(tensors) => {
                let stack = tensors.get_mut(index).and_then(Option::take);
                let stack = stack.and_then(|stack| stack.downcast::<Traced>().ok());
                let lanes = stack.ok_or_else(missing)?.unstack();
                Ok(lanes.into_iter().map(|traced| lane.around(traced)).collect())
            }
            Leaves::Values(values, device) => {
                let data = values.get_mut(index).and_then(Option::take).ok_or_else(missing)?;
                let (count, shape) = data.shape().split_first().ok_or_else(missing)?;
                let size = data.as_bytes().len() / (*count).max(1);
                let lanes = data.as_bytes().chunks_exact(size.max(1)).map(|bytes| {
                    let shape = shape.to_vec();
                    let data = TensorData::from_bytes_vec(bytes.to_vec(), shape, data.dtype());
                    lane.with_values(data, device)
                });
                Ok(lanes.collect())
            }
        }
    }
}

macro_rules! tensor_tree {
    ($($tensor:ty),*) => { $(
        impl<const D: usize> TensorTree for $tensor {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                visitor.leaf(self);
            }

            fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
                source.take()
            }
        }
    )* };
}
tensor_tree!(Tensor<D>, Tensor<D, Int>, Tensor<D, Bool>);

impl TensorTree for () {
    fn visit(&self, _visitor: &mut Visitor<'_>) {}

    fn rebuild(&self, _source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(())
    }
}

impl<T: TensorTree> TensorTree for Vec<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mark(self.len());
        for (index, part) in self.iter().enumerate() {
            visitor.child(&index.to_string(), part);
        }
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        self.iter().map(|part| part.rebuild(source)).collect()
    }
}

impl<T: TensorTree, const N: usize> TensorTree for [T; N] {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (index, part) in self.iter().enumerate() {
            visitor.child(&index.to_string(), part);
        }
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        let parts = self.iter().map(|part| part.rebuild(source)).collect::<Result<Vec<_>, _>>()?;
        parts.try_into().map_err(|parts: Vec<T>| TreeError::Missing { count: parts.len() })
    }
}

impl<T: TensorTree> TensorTree for Option<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mark(usize::from(self.is_some()));
        if let Some(part) = self {
            part.visit(visitor);
        }
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        self.as_ref().map(|part| part.rebuild(source)).transpose()
    }
}

macro_rules! tuple_tree {
    ($($part:ident $index:tt),*) => {
        impl<$($part: TensorTree),*> TensorTree for ($($part,)*) {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                $(visitor.child(stringify!($index), &self.$index);)*
            }

            fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
                Ok(($(self.$index.rebuild(source)?,)*))
            }
        }
    };
}
tuple_tree!(A 0);
tuple_tree!(A 0, B 1);
tuple_tree!(A 0, B 1, C 2);
tuple_tree!(A 0, B 1, C 2, D 3);
tuple_tree!(A 0, B 1, C 2, D 3, E 4);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5);

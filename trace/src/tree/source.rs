//! The tensors that a tree is rebuilt from.

use std::any::Any;

use burn::tensor::Device;
use burn_backend::{DType, Shape, TensorData};
use burn_ir::TensorIr;

use super::leaf::{Leaf, TensorLeaf};
use crate::error::TreeError;
use crate::leaf_type::{Kind, LeafSpec, LeafType};
use crate::recorder::{Beneath, Primitive, Traced, ir_of, placeholders, recorder};

/// The tensors that [`TensorTree::rebuild`](crate::TensorTree::rebuild) takes, one after the other:
/// placeholders, tensors of given values, or other tensors.
#[derive(Debug)]
pub struct Leaves<'a> {
    leaves: Origin<'a>,
    taken: usize,
    /// Whether the tree stays, and running state in it takes its tensors.
    updates: bool,
    /// Whether the tree is known to hold no running state, so that modules are not asked for it.
    is_plain: bool,
}

#[derive(Debug)]
enum Origin<'a> {
    /// The types of the leaves, and a tensor of the recording for each.
    Placeholders(&'a [LeafSpec], Vec<Option<Primitive>>, &'a Device),
    Values(Vec<Option<TensorData>>, &'a Device),
    Tensors(Vec<Option<Box<dyn Any>>>),
}

impl<'a> Leaves<'a> {
    fn of(leaves: Origin<'a>) -> Self {
        Self { leaves, taken: 0, updates: false, is_plain: false }
    }

    /// Tensors without values, on a device that records, for a tree that is known to hold no running state if it
    /// `is_plain`; and how the graph has them.
    ///
    /// # Errors
    ///
    /// [`TreeError::NoRecording`] for a device that does not record.
    pub(crate) fn placeholders(
        leaves: &'a [LeafSpec],
        is_plain: bool,
        device: &'a Device,
    ) -> Result<(Self, Vec<TensorIr>), TreeError> {
        let client = recorder(device)
            .ok_or_else(|| TreeError::NoRecording { device: format!("{device:?}") })?;
        // All by one operation: a function is recorded in each call with a module.
        let made = placeholders(&client, leaves.iter().map(|leaf| stored(&leaf.ty, device)));
        let graph = made.iter().map(ir_of).collect();
        let tensors = made.into_iter().map(Some).collect();
        let leaves = Self::of(Origin::Placeholders(leaves, tensors, device));
        Ok((Self { is_plain, ..leaves }, graph))
    }

    /// Tensors of these values, on a device of Burn.
    pub fn values(values: Vec<TensorData>, device: &'a Device) -> Self {
        Self::of(Origin::Values(values.into_iter().map(Some).collect(), device))
    }

    /// Tensors that are there, of the types of the leaves.
    pub(crate) fn tensors(tensors: Vec<Box<dyn Any>>) -> Self {
        Self::of(Origin::Tensors(tensors.into_iter().map(Some).collect()))
    }

    /// Tensors that are there, for the running state of a tree that stays.
    pub(crate) fn updating(tensors: Vec<Box<dyn Any>>) -> Self {
        Self { updates: true, ..Self::tensors(tensors) }
    }

    /// Whether the tree stays, and running state in it takes its tensors.
    pub(crate) fn updates(&self) -> bool {
        self.updates
    }

    /// Whether the tree is known to hold no running state.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The device of the tensors, where they are made.
    pub(crate) fn device(&self) -> Option<&'a Device> {
        match &self.leaves {
            Origin::Placeholders(_, _, device) | Origin::Values(_, device) => Some(device),
            Origin::Tensors(_) => None,
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
            Origin::Placeholders(leaves, tensors, _) => {
                let tensor = tensors.get_mut(index).and_then(Option::take);
                leaves.get(index).zip(tensor).map(|(LeafSpec { ty, .. }, tensor)| {
                    let fits = ty.kind == T::KIND && ty.shape.len() == T::RANK;
                    if fits { Ok(T::from_traced(plain(tensor))) } else { Err(ty.clone()) }
                })
            }
            Origin::Tensors(tensors) => {
                let tensor = tensors.get_mut(index).and_then(Option::take);
                // Taken from a tree of the same leaves, so of the same type.
                let tensor = tensor.and_then(|tensor| tensor.downcast().ok());
                tensor.map(|tensor| Ok(*tensor))
            }
            Origin::Values(values, device) => {
                values.get_mut(index).and_then(Option::take).map(|data| {
                    let ty = LeafType::of_data(&data);
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

    /// The next tensor, of the type of `leaf`.
    pub(crate) fn take_one(&mut self, leaf: &dyn Leaf) -> Result<Box<dyn Any>, TreeError> {
        let index = self.taken;
        self.taken += 1;
        let missing = || TreeError::Missing { count: index };
        match &mut self.leaves {
            Origin::Placeholders(_, tensors, _) => {
                let tensor = tensors.get_mut(index).and_then(Option::take).ok_or_else(missing)?;
                Ok(leaf.around(plain(tensor)))
            }
            Origin::Tensors(tensors) => {
                tensors.get_mut(index).and_then(Option::take).ok_or_else(missing)
            }
            Origin::Values(values, device) => {
                let data = values.get_mut(index).and_then(Option::take).ok_or_else(missing)?;
                Ok(leaf.with_values(data, device))
            }
        }
    }

    /// The lanes of the next tensor, which is a stack: tensors of the type of `lane`.
    pub(crate) fn take_stack(&mut self, lane: &dyn Leaf) -> Result<Vec<Box<dyn Any>>, TreeError> {
        let index = self.taken;
        self.taken += 1;
        let missing = || TreeError::Missing { count: index };
        match &mut self.leaves {
            Origin::Placeholders(_, tensors, _) => {
                let stack = tensors.get_mut(index).and_then(Option::take).ok_or_else(missing)?;
                Ok(lanes(&plain(stack), lane))
            }
            Origin::Tensors(tensors) => {
                let stack = tensors.get_mut(index).and_then(Option::take);
                let stack = stack.and_then(|stack| stack.downcast::<Traced>().ok());
                Ok(lanes(&*stack.ok_or_else(missing)?, lane))
            }
            Origin::Values(values, device) => {
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

/// Shape and dtype of a leaf on a device. Bools are as the device stores them.
fn stored(ty: &LeafType, device: &Device) -> (Shape, DType) {
    let dtype = match ty.kind {
        Kind::Bool => device.settings().bool_dtype.into(),
        Kind::Float | Kind::Int => ty.dtype,
    };
    (ty.shape.clone().into(), dtype)
}

fn plain(tensor: Primitive) -> Traced {
    Traced(Beneath::Plain(tensor))
}

/// The lanes of a stack, as tensors of the type of `lane`.
fn lanes(stack: &Traced, lane: &dyn Leaf) -> Vec<Box<dyn Any>> {
    stack.unstack().into_iter().map(|traced| lane.around(traced)).collect()
}

//! Burn's modules as trees of their parameters.

use std::ops::{Deref, DerefMut};

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Int, Tensor};

use super::leaf::Leaf;
use super::running::{Running, RunningState, unshared, update};
use super::source::Leaves;
use super::tensor_tree::{TensorTree, Visitor};
use crate::error::TreeError;

/// A Burn module as a tree of its parameters, whose paths are those of Burn.
///
/// Parameters that were not drawn yet are drawn when their values are needed: by a call, but not by
/// recording or compiling. Burn does not tell whether such a parameter is frozen; in a module that a
/// program returns it is not.
#[derive(Debug, Clone)]
pub struct Params<M>(pub M);

impl<M> Deref for Params<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M> DerefMut for Params<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.0
    }
}

impl<M: Module + 'static> TensorTree for Params<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visit_module(&self.0, visitor);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        rebuild_module(&self.0, leaves).map(Self)
    }
}

/// Implements [`TensorTree`](crate::TensorTree) for modules of your own crate, so that they need no
/// [`Params`](crate::Params) around them.
///
/// ```
/// # use burn::tensor::Device;
/// use burn::module::{Module, Param};
/// use burn::tensor::Tensor;
///
/// #[derive(Module, Debug)]
/// struct Scale {
///     by: Param<Tensor<1>>,
/// }
/// burn_trace::impl_tensor_tree!(Scale);
/// ```
#[macro_export]
macro_rules! impl_tensor_tree {
    ($($module:ty),+ $(,)?) => { $(
        impl $crate::TensorTree for $module {
            fn visit(&self, visitor: &mut $crate::Visitor<'_>) {
                $crate::visit_module(self, visitor);
            }

            fn rebuild(
                &self,
                leaves: &mut $crate::Leaves<'_>,
            ) -> Result<Self, $crate::TreeError> {
                $crate::rebuild_module(self, leaves)
            }
        }
    )+ };
}

/// [`TensorTree::visit`] of a module, for types that hold one.
pub fn visit_module<M: Module>(module: &M, visitor: &mut Visitor<'_>) {
    let running = if visitor.is_plain() { None } else { Running::of(module) };
    match running {
        None => show(module, &[], visitor),
        Some(running) => {
            visitor.running_state();
            show(&unshared(module, &running), &running.positions, visitor);
        }
    }
}

impl Visitor<'_> {
    /// Visits a Burn module under its name; [`rebuild_module`] rebuilds it.
    pub fn module_child<M: Module>(&mut self, name: &str, module: &M) {
        self.enter(name);
        visit_module(module, self);
        self.exit(name);
    }
}

fn show<M: Module>(module: &M, running: &[bool], visitor: &mut Visitor<'_>) {
    module.visit(&mut Visit { visitor, running: running.iter() });
    visitor.module(std::any::type_name::<M>(), || format!("{module:?}"));
}

/// [`TensorTree::rebuild`] of a module, for types that hold one.
///
/// # Errors
///
/// [`TreeError`] if the tensors do not fit.
pub fn rebuild_module<M: Module>(module: &M, leaves: &mut Leaves<'_>) -> Result<M, TreeError> {
    let running = if leaves.is_plain() { None } else { Running::of(module) };
    let module = match running {
        Some(running) if leaves.updates() => {
            update(module, &running, leaves)?;
            return Ok(module.clone());
        }
        Some(running) => unshared(module, &running),
        None => module.clone(),
    };
    let mut replace = Replace { leaves, error: None };
    let module = module.map(&mut replace);
    match replace.error {
        Some(error) => Err(error),
        None => beside_its_parameters(module, leaves),
    }
}

/// The module with its tensors that are no parameters beside the parameters, if these are recorded: there the
/// others are constants. What was a constant of a recording has no place elsewhere.
fn beside_its_parameters<M: Module>(module: M, leaves: &Leaves<'_>) -> Result<M, TreeError> {
    let Some(device) = leaves.device() else { return Ok(module) };
    let others: Vec<_> = module.devices().into_iter().filter(|other| other != device).collect();
    if others.is_empty() {
        return Ok(module);
    }
    if is_recorded(device) {
        return Ok(module.to_device(device));
    }
    match others.iter().any(is_recorded) {
        true => Err(TreeError::NoParameter { module: std::any::type_name::<M>() }),
        false => Ok(module),
    }
}

/// Whether a device records. Burn tells it in its text alone.
fn is_recorded(device: &Device) -> bool {
    format!("{device:?}").contains("Capture")
}

struct Visit<'a, 'b> {
    visitor: &'a mut Visitor<'b>,
    /// For each parameter whether it is running state.
    running: std::slice::Iter<'a, bool>,
}

impl Visit<'_, '_> {
    fn leaf(&mut self, leaf: &dyn Leaf) {
        match self.running.next() {
            Some(true) => self.visitor.leaf(&RunningState(leaf)),
            _ => self.visitor.leaf(leaf),
        }
    }
}

impl ModuleVisitor for Visit<'_, '_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.leaf(param);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.leaf(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.leaf(param);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.visitor.flag(flag.is_enabled());
    }

    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.visitor.enter(name);
    }

    fn exit_module(&mut self, name: &str, _container_type: &str) {
        self.visitor.exit(name);
    }
}

struct Replace<'a, 'b> {
    leaves: &'a mut Leaves<'b>,
    error: Option<TreeError>,
}

macro_rules! replace {
    ($($name:ident $tensor:ty),*) => { $(
        fn $name<const D: usize>(&mut self, param: Param<$tensor>) -> Param<$tensor> {
            match self.leaves.take::<$tensor>() {
                Ok(tensor) if param.is_initialized() => param.map(|_| tensor),
                // `Param::map` would draw the old value, and `transform_for_load` move the new one
                // to the old device. Burn does not tell whether such a parameter is frozen.
                Ok(tensor) => Param::initialized(param.id, tensor).set_require_grad(true),
                Err(error) => {
                    self.error.get_or_insert(error);
                    param
                }
            }
        }
    )* };
}

impl ModuleMapper for Replace<'_, '_> {
    replace!(map_float Tensor<D>, map_int Tensor<D, Int>, map_bool Tensor<D, Bool>);
}

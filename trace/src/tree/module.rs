//! Burn's modules as trees of their parameters.

use std::ops::{Deref, DerefMut};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

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
    module.visit(&mut Visit(visitor));
}

/// [`TensorTree::rebuild`] of a module, for types that hold one.
///
/// # Errors
///
/// [`TreeError`] if the tensors do not fit.
pub fn rebuild_module<M: Module>(module: &M, leaves: &mut Leaves<'_>) -> Result<M, TreeError> {
    let mut replace = Replace { leaves, error: None };
    let module = module.clone().map(&mut replace);
    replace.error.map_or(Ok(module), Err)
}

struct Visit<'a, 'b>(&'a mut Visitor<'b>);

impl ModuleVisitor for Visit<'_, '_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.leaf(param);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.leaf(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.leaf(param);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name);
        // The one module of Burn with a `RunningState`, which all clones share: a placeholder in a clone would
        // be one in the caller's module too.
        let module = container_type.rsplit(':').next().unwrap_or_default();
        if module == "BatchNorm" && self.0.error.is_none() {
            self.0.error = Some(TreeError::RunningState {
                module: module.to_owned(),
                path: self.0.path().to_owned(),
            });
        }
    }

    fn exit_module(&mut self, name: &str, _container_type: &str) {
        self.0.exit(name);
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

//! Running state of modules, such as the statistics of batch norm.
//!
//! Burn keeps a running state behind a lock that all clones of a module share, and changes it while a module
//! runs. A recorded function must not reach the caller's through it: its tensors would be put there and stay.
//! So a module is rebuilt with running state of its own. Burn shows a running state to visitors and mappers as
//! a parameter; here it is told apart, and [`Module::valid`] is what makes a new one.

use std::any::Any;
use std::collections::VecDeque;

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, Parameter, ParameterValue};
use burn::tensor::{Bool, Device, Int, Tensor};
use burn_backend::TensorData;

use super::leaf::Leaf;
use super::lift::{Grads, lift_bool, lift_float, lift_int, lower_bool, lower_float, lower_int};
use super::source::Leaves;
use crate::error::TreeError;
use crate::leaf_type::LeafType;
use crate::recorder::{Traced, trace_float};

/// Running state as a leaf. It takes no gradient.
pub(super) struct RunningState<'a>(pub(super) &'a dyn Leaf);

impl Leaf for RunningState<'_> {
    /// Beside tensors that take gradients it is a constant. Burn moves running state to the device of what a
    /// module is given, and cannot move a tensor within a recording that takes gradients.
    fn lift(&self, _requires_grad: bool) -> Box<dyn Any> {
        match self.0.captured().and(self.0.traced()) {
            Some(traced) => self.0.around(traced),
            None => self.0.lift(false),
        }
    }

    fn ty(&self) -> LeafType {
        self.0.ty()
    }

    fn device(&self) -> Device {
        self.0.device()
    }

    fn data(&self) -> TensorData {
        self.0.data()
    }

    fn lowered(&self) -> Box<dyn Any> {
        self.0.lowered()
    }

    fn grad(&self, grads: &Grads) -> Box<dyn Any> {
        self.0.grad(grads)
    }

    fn traced(&self) -> Option<Traced> {
        self.0.traced()
    }

    fn around(&self, traced: Traced) -> Box<dyn Any> {
        self.0.around(traced)
    }

    fn with_values(&self, data: TensorData, device: &Device) -> Box<dyn Any> {
        self.0.with_values(data, device)
    }

    fn rows(&self, first: usize, count: usize) -> Box<dyn Any> {
        self.0.rows(first, count)
    }

    fn tensor(&self) -> Box<dyn Any> {
        self.0.tensor()
    }

    fn is_trained(&self) -> bool {
        false
    }

    fn moved(&self, device: &Device) -> Box<dyn Any> {
        self.0.moved(device)
    }
}

/// Which parameters of a module are running state.
pub(super) struct Running {
    /// For each parameter, in the order of a visitor, whether it is.
    pub(super) positions: Vec<bool>,
    /// Whether the module is in a recording that takes gradients.
    is_tracked: bool,
}

impl Running {
    /// [`None`] if no parameter of the module is running state.
    pub(super) fn of(module: &impl Module) -> Option<Self> {
        let mut first = Values::default();
        module.visit(&mut first);
        let mut compare = Compare { first: first.0, positions: Vec::new() };
        module.visit(&mut compare);
        if !compare.positions.contains(&true) {
            return None;
        }
        let mut tracked = IsTracked(false);
        module.visit(&mut tracked);
        Some(Self { positions: compare.positions, is_tracked: tracked.0 })
    }
}

/// The values of parameters. A parameter shares its value with its clones. For a running state Burn makes a
/// parameter anew in each visit: the first one is kept, so that the second has its value elsewhere in memory.
#[derive(Default)]
struct Values(Vec<Option<Box<dyn Any>>>);

struct Compare {
    first: Vec<Option<Box<dyn Any>>>,
    positions: Vec<bool>,
}

/// Whether a parameter is in a recording that takes gradients.
struct IsTracked(bool);

impl Values {
    fn param<T: Parameter + 'static>(&mut self, param: &Param<T>) {
        self.0.push(param.is_initialized().then(|| Box::new(param.clone()) as Box<dyn Any>));
    }
}

impl Compare {
    fn param<T: Parameter + 'static>(&mut self, param: &Param<T>) {
        let first = self.first.get(self.positions.len()).and_then(Option::as_ref);
        let is_another = first.is_some_and(|first| is_another(first.as_ref(), param));
        self.positions.push(is_another);
    }
}

macro_rules! visit {
    ($($visitor:ty),*) => { $(
        impl ModuleVisitor for $visitor {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.param(param);
            }

            fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
                self.param(param);
            }

            fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
                self.param(param);
            }
        }
    )* };
}
visit!(Values, Compare);

impl ModuleVisitor for IsTracked {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 |= param.is_initialized()
            && trace_float(&param.base()).is_some_and(|traced| traced.is_differentiable());
    }
}

/// Whether a parameter has another place for its value than one from an earlier visit.
fn is_another<T: Parameter + 'static>(first: &dyn Any, param: &Param<T>) -> bool {
    let Some(first) = first.downcast_ref::<Param<T>>() else { return false };
    param.is_initialized() && !std::ptr::eq::<T>(&**first, &**param)
}

/// The module with running state that it shares with no other. Updates that wait to be averaged are, in both:
/// Burn does so whenever it reads a running state to train. Parameters that were not drawn stay so.
pub(super) fn unshared<M: Module>(module: &M, running: &Running) -> M {
    let mut keep = Keep { running, index: 0, kept: VecDeque::new() };
    let kept = module.clone().map(&mut keep);
    let mut restore = Restore { running, index: 0, kept: keep.kept };
    // Both make new running state. A recording that takes gradients cannot leave them, one that takes none
    // cannot begin to.
    match running.is_tracked {
        false => kept.valid().map(&mut restore),
        true => {
            let own = kept.clone().train().map(&mut restore);
            drop(kept.map(&mut Lower { running, index: 0 }));
            own
        }
    }
}

/// Keeps parameters and flags: `valid` and `train` change them, and would draw parameters.
struct Keep<'a> {
    running: &'a Running,
    index: usize,
    kept: VecDeque<Box<dyn Any>>,
}

/// Puts them back.
struct Restore<'a> {
    running: &'a Running,
    index: usize,
    kept: VecDeque<Box<dyn Any>>,
}

/// Takes running state out of the graph of gradients.
struct Lower<'a> {
    running: &'a Running,
    index: usize,
}

macro_rules! is_running {
    ($($mapper:ty),*) => { $(
        impl $mapper {
            /// Whether the next parameter is running state.
            fn is_running(&mut self) -> bool {
                self.index += 1;
                self.running.positions.get(self.index - 1) == Some(&true)
            }
        }
    )* };
}
is_running!(Keep<'_>, Restore<'_>, Lower<'_>, Update<'_, '_>);

impl Keep<'_> {
    fn param<T: Parameter + 'static>(
        &mut self,
        param: Param<T>,
        lift: impl FnOnce(&T) -> T,
        empty: impl FnOnce(&Device) -> T,
    ) -> Param<T> {
        let is_running = self.is_running();
        if !is_running {
            self.kept.push_back(Box::new(param.clone()));
        }
        match param.is_initialized() {
            true if self.running.is_tracked => Param::initialized(param.id, lift(&param.base())),
            true => param,
            false => Param::initialized(param.id, empty(&param.lazy_device())),
        }
    }
}

impl Restore<'_> {
    fn kept<T: ParameterValue + 'static>(&mut self, changed: Param<T>) -> Param<T> {
        let kept = self.kept.pop_front().and_then(|kept| kept.downcast().ok());
        kept.map_or(changed, |kept| *kept)
    }
}

macro_rules! keep {
    ($($map:ident $tensor:ty, $lift:path, $lower:path;)*) => {
        impl ModuleMapper for Keep<'_> {
            $(fn $map<const D: usize>(&mut self, param: Param<$tensor>) -> Param<$tensor> {
                let empty = |device: &Device| <$tensor>::empty([0; D], device);
                self.param(param, |tensor| $lift(tensor, false), empty)
            })*

            fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
                self.kept.push_back(Box::new(flag.clone()));
                flag
            }
        }

        impl ModuleMapper for Restore<'_> {
            $(fn $map<const D: usize>(&mut self, param: Param<$tensor>) -> Param<$tensor> {
                match self.is_running() {
                    true if self.running.is_tracked => param.map(|tensor| $lower(&tensor)),
                    true => param,
                    false => self.kept(param),
                }
            })*

            fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
                self.kept(flag)
            }
        }

        impl ModuleMapper for Lower<'_> {
            $(fn $map<const D: usize>(&mut self, param: Param<$tensor>) -> Param<$tensor> {
                if self.is_running() { param.map(|tensor| $lower(&tensor)) } else { param }
            })*
        }

        impl ModuleMapper for Update<'_, '_> {
            $(fn $map<const D: usize>(&mut self, param: Param<$tensor>) -> Param<$tensor> {
                let is_running = self.is_running();
                match self.leaves.take::<$tensor>() {
                    Ok(tensor) if is_running => Param::initialized(param.id, tensor),
                    Ok(_) => param,
                    Err(error) => {
                        self.error.get_or_insert(error);
                        param
                    }
                }
            })*
        }
    };
}
keep! {
    map_float Tensor<D>, lift_float, lower_float;
    map_int Tensor<D, Int>, lift_int, lower_int;
    map_bool Tensor<D, Bool>, lift_bool, lower_bool;
}

/// Puts other values into the running state that a module shares with its clones, as running the module does.
pub(super) fn update<M: Module>(
    module: &M,
    running: &Running,
    leaves: &mut Leaves<'_>,
) -> Result<(), TreeError> {
    let mut update = Update { running, index: 0, leaves, error: None };
    drop(module.clone().map(&mut update));
    update.error.map_or(Ok(()), Err)
}

struct Update<'a, 'b> {
    running: &'a Running,
    index: usize,
    leaves: &'a mut Leaves<'b>,
    error: Option<TreeError>,
}

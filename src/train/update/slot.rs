//! The tensors that stages keep for parameters.

use burn::tensor::{DType, Tensor};

use crate::params::NamedTensors;

/// A tensor that a stage keeps for a parameter: the name before the path, the shape, the type.
pub(crate) type Slot<const D: usize> = (&'static str, [usize; D], DType);

/// Takes a tensor out of the state. `Optimizer::check` has made sure that it is there.
pub(crate) fn take<const D: usize>(state: &mut NamedTensors, name: &str) -> Tensor<D> {
    state.take(name).expect("the state was checked before the update")
}

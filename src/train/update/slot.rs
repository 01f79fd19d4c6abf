//! What stages keep of parameters.

use burn::tensor::{DType, Tensor};

use crate::params::NamedTensors;

/// What a stage keeps of a parameter: the name before its path, the shape, the type.
pub(crate) type Slot<const D: usize> = (&'static str, [usize; D], DType);

/// What `Optimizer::check` has seen to be there.
pub(crate) fn take<const D: usize>(state: &mut NamedTensors, name: &str) -> Tensor<D> {
    state.take(name).expect("the state was checked before the update")
}

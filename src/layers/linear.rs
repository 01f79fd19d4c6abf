//! Linear layers with the initial values of the field's ViTs.

use burn::nn::{Initializer, Linear};
use burn::tensor::Device;

/// Xavier-uniform weights, as big_vision draws its projections.
pub(super) fn xavier() -> Initializer {
    Initializer::XavierUniform { gain: 1.0 }
}

/// `[input, output]` weights drawn by `weight`, and a bias drawn by `bias` if there is to be one.
pub(crate) fn linear(
    [input, output]: [usize; 2],
    weight: Initializer,
    bias: Option<Initializer>,
    device: &Device,
) -> Linear {
    Linear {
        weight: weight.init_with([input, output], Some(input), Some(output), device),
        bias: bias.map(|bias| bias.init([output], device)),
    }
}

/// A Xavier-uniform projection, its bias zero at first.
pub(crate) fn projection(shape: [usize; 2], bias: bool, device: &Device) -> Linear {
    linear(shape, xavier(), bias.then_some(Initializer::Zeros), device)
}

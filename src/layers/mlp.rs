//! The MLP of a block.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::{Device, Tensor};
use burn_trace::{checkpoint_name, constrain_as};

use crate::random::RandomKey;
use crate::vit::ViT22BConfig;

use super::activation;
use super::kinds::Gelu;
use super::linear::{linear, xavier};

/// `gelu(x W1 + b1) W2 + b2`, the paper's "MLP-in" and "MLP-out".
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[d, f]`
    pub fc1: Linear,
    /// `[f, d]`
    pub fc2: Linear,
    #[module(skip)]
    gelu: Gelu,
    dropout: f64,
}

impl Mlp {
    pub(crate) fn init(cfg: &ViT22BConfig, bias: bool, device: &Device) -> Self {
        let layer = |shape| {
            let bias = bias.then_some(Initializer::Normal { mean: 0.0, std: 1e-6 });
            linear(shape, xavier(), bias, device)
        };
        Self {
            fc1: layer([cfg.width, cfg.mlp_dim]),
            fc2: layer([cfg.mlp_dim, cfg.width]),
            gelu: cfg.gelu,
            dropout: cfg.dropout,
        }
    }

    /// # Shapes
    ///
    /// - input: `[b, n, d]`
    /// - output: `[b, n, d]`
    pub fn forward(&self, input: Tensor<3>, key: Option<&RandomKey>) -> Tensor<3> {
        self.fc2.forward(self.activate(self.fc1.forward(input), key))
    }

    /// What lies between the two layers.
    pub(crate) fn activate(&self, hidden: Tensor<3>, key: Option<&RandomKey>) -> Tensor<3> {
        let hidden = checkpoint_name(constrain_as(hidden, activation::HIDDEN), activation::HIDDEN);
        let hidden = match self.gelu {
            Gelu::Tanh => gelu_tanh(hidden),
            Gelu::Erf => gelu(hidden),
        };
        match key {
            Some(key) => key.dropout(hidden, self.dropout),
            None => hidden,
        }
    }
}

/// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, written as `x σ(x (a + b x²))`: the same function
/// by half as many operations and one exponential, which counts where each is a pass over memory.
fn gelu_tanh(x: Tensor<3>) -> Tensor<3> {
    const A: f64 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
    const B: f64 = A * 0.044_715;
    let slope = x.clone().square().mul_scalar(B).add_scalar(A);
    sigmoid(x.clone() * slope) * x
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::gelu_approximate;
    use burn::tensor::{Tensor, Tolerance};

    use super::*;

    #[test]
    fn the_tanh_form_is_burns() {
        let x = Tensor::<1, burn::tensor::Int>::arange(-120..121, &Device::flex()).float() / 10.0;
        let x = x.reshape([1, 1, 241]);
        let (got, expected) = (gelu_tanh(x.clone()).into_data(), gelu_approximate(x).into_data());
        // Where 1 + tanh cancels, Burn's own form has lost its digits: absolute there.
        got.assert_approx_eq::<f32>(&expected, Tolerance::absolute(2e-6));
    }
}

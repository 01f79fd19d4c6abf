//! The MLP of a block.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::{Device, Tensor};
use burn_trace::{checkpoint_name, constrain_as};

use crate::error::{ConfigError, check_counts, ensure_valid};

use super::activation;
use super::draws::Draws;
use super::kinds::Gelu;
use super::linear::{linear, xavier};

/// Configuration of an [`Mlp`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::MlpConfig;
///
/// let device = Device::flex();
/// let mlp = MlpConfig::new(32, 128).init(&device);
/// assert_eq!(mlp.forward(Tensor::ones([2, 5, 32], &device), None).dims(), [2, 5, 32]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct MlpConfig {
    /// Width of input and output, at least 1.
    pub width: usize,
    /// Width of the hidden layer, at least 1.
    pub mlp_dim: usize,
    /// The activation of the hidden layer.
    #[config(default = "Gelu::Tanh")]
    pub gelu: Gelu,
    /// Whether both layers add a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl MlpConfig {
    /// Checks every field; a config that passes makes an MLP.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("mlp_dim", self.mlp_dim)])
    }

    /// An MLP with random parameters: Xavier-uniform weights, and biases of standard deviation 1e-6.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Mlp {
        ensure_valid(self.validate());
        let layer = |shape| {
            let bias = self.bias.then_some(Initializer::Normal { mean: 0.0, std: 1e-6 });
            linear(shape, xavier(), bias, device)
        };
        Mlp {
            fc1: layer([self.width, self.mlp_dim]),
            fc2: layer([self.mlp_dim, self.width]),
            gelu: self.gelu,
        }
    }
}

/// Two layers for each token: `gelu(x W1 + b1) W2 + b2`, the paper's "MLP-in" and "MLP-out". Made by
/// [`MlpConfig::init`].
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[d, f]`
    pub fc1: Linear,
    /// `[f, d]`
    pub fc2: Linear,
    #[module(skip)]
    gelu: Gelu,
}

burn_trace::impl_tensor_tree!(Mlp);

impl Mlp {
    /// Applies both layers to each token. With `draws`, elements of the hidden layer are dropped.
    ///
    /// # Shapes
    ///
    /// - input: `[b, n, d]`
    /// - output: `[b, n, d]`
    ///
    /// # Panics
    ///
    /// If the last axis is not the MLP's width.
    pub fn forward(&self, input: Tensor<3>, draws: Option<&Draws>) -> Tensor<3> {
        self.fc2.forward(self.activate(self.fc1.forward(input), draws))
    }

    /// The activation between the two layers, and its dropout.
    pub(super) fn activate(&self, hidden: Tensor<3>, draws: Option<&Draws>) -> Tensor<3> {
        let hidden = checkpoint_name(constrain_as(hidden, activation::HIDDEN), activation::HIDDEN);
        let hidden = match self.gelu {
            Gelu::Tanh => gelu_tanh(hidden),
            Gelu::Erf => gelu(hidden),
        };
        match draws {
            Some(Draws { key, dropout, .. }) => key.dropout(hidden, *dropout),
            None => hidden,
        }
    }
}

/// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, written as `x σ(x (a + b x²))`: the same function
/// with half as many operations and one exponential, which counts where each operation is a pass
/// over memory.
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

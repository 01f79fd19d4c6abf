//! The MLP of a block, plain or gated.

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
use super::kinds::{Gate, Gelu};
use super::linear::{linear, xavier};
use super::norm::{Norm, NormConfig, check_norm};

/// Configuration of an [`Mlp`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{Gate, MlpConfig, NormConfig};
///
/// let device = Device::flex();
/// let mlp = MlpConfig::new(32, 128).init(&device);
/// assert_eq!(mlp.forward(Tensor::ones([2, 5, 32], &device), None).dims(), [2, 5, 32]);
///
/// // EVA-02's: a SwiGLU with a norm before its last layer.
/// let swiglu = MlpConfig::new(32, 85).with_gate(Some(Gate::Silu));
/// let swiglu = swiglu.with_norm(Some(NormConfig::new(85))).init(&device);
/// assert_eq!(swiglu.forward(Tensor::ones([2, 5, 32], &device), None).dims(), [2, 5, 32]);
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
    /// Whether all layers add a bias.
    #[config(default = true)]
    pub bias: bool,
    /// The activation of the gate, if the MLP is gated.
    pub gate: Option<Gate>,
    /// The norm of the hidden layer before the last product, of width `mlp_dim`.
    pub norm: Option<NormConfig>,
}

impl MlpConfig {
    /// Checks every field; a config that passes makes an MLP.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("mlp_dim", self.mlp_dim)])?;
        check_norm(self.norm.as_ref(), ("mlp_dim", self.mlp_dim))
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
            gate: self.gate.map(|_| layer([self.width, self.mlp_dim])),
            norm: self.norm.as_ref().map(|norm| norm.init(device)),
            gelu: self.gelu,
            gate_kind: self.gate,
        }
    }
}

/// Two layers for each token: `gelu(x W1 + b1) W2 + b2`, the paper's "MLP-in" and "MLP-out"; gated,
/// `(act(x Wg + bg) * (x W1 + b1)) W2 + b2`. Made by [`MlpConfig::init`].
///
/// # Reference
///
/// "GLU Variants Improve Transformer" for the gate.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[d, f]`
    pub fc1: Linear,
    /// `[f, d]`
    pub fc2: Linear,
    /// `[d, f]`, where the MLP is gated.
    pub gate: Option<Linear>,
    /// The norm of the hidden layer before the last product, where there is one.
    pub norm: Option<Norm>,
    #[module(skip)]
    gelu: Gelu,
    #[module(skip)]
    gate_kind: Option<Gate>,
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
        let gate = self.gate.as_ref().map(|gate| gate.forward(input.clone()));
        self.fc2.forward(self.activate(self.fc1.forward(input), gate, draws))
    }

    /// What stands between the layers: the activation, or the product with the activated gate, then
    /// dropout, then the norm.
    pub(super) fn activate(
        &self,
        hidden: Tensor<3>,
        gate: Option<Tensor<3>>,
        draws: Option<&Draws>,
    ) -> Tensor<3> {
        let named = |x| checkpoint_name(constrain_as(x, activation::HIDDEN), activation::HIDDEN);
        let hidden = named(hidden);
        let hidden = match gate.map(named) {
            Some(gate) => self.activated_gate(gate) * hidden,
            None => self.gelu(hidden),
        };
        let hidden = match draws {
            Some(Draws { key, dropout, .. }) => key.dropout(hidden, *dropout),
            None => hidden,
        };
        match &self.norm {
            Some(norm) => norm.forward(hidden),
            None => hidden,
        }
    }

    fn activated_gate(&self, gate: Tensor<3>) -> Tensor<3> {
        match self.gate_kind {
            Some(Gate::Silu) => sigmoid(gate.clone()) * gate,
            _ => self.gelu(gate),
        }
    }

    fn gelu(&self, x: Tensor<3>) -> Tensor<3> {
        match self.gelu {
            Gelu::Tanh => gelu_tanh(x),
            Gelu::Erf => gelu(x),
            Gelu::Quick => sigmoid(x.clone().mul_scalar(1.702)) * x,
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

    /// `x = 1` through weights of 1: the hidden units are 2, and so is the gate.
    #[test]
    fn a_gate_multiplies_the_hidden_layer_by_its_activation() {
        let device = Device::flex();
        let output = |config: MlpConfig| -> f64 {
            let mut mlp = config.with_bias(false).init(&device);
            for layer in [Some(&mut mlp.fc1), Some(&mut mlp.fc2), mlp.gate.as_mut()] {
                let Some(layer) = layer else { continue };
                layer.weight = layer.weight.clone().map(|weight| weight.ones_like());
            }
            let output: f32 =
                mlp.forward(Tensor::ones([1, 1, 2], &device), None).max().into_scalar();
            output.into()
        };
        let config = MlpConfig::new(2, 3);
        let silu = 2.0 / (1.0 + (-2f64).exp());
        let quick = 2.0 / (1.0 + (-2f64 * 1.702).exp());
        for (config, expected) in [
            (config.clone().with_gate(Some(Gate::Silu)), 3.0 * silu * 2.0),
            (config.clone().with_gate(Some(Gate::Gelu)).with_gelu(Gelu::Quick), 3.0 * quick * 2.0),
            (config.with_gelu(Gelu::Quick), 3.0 * quick),
        ] {
            // A few roundings of f32.
            approx::assert_relative_eq!(output(config), expected, max_relative = 1e-6);
        }
    }

    #[test]
    fn a_norm_of_another_width_is_refused() {
        let config = MlpConfig::new(2, 3).with_norm(Some(NormConfig::new(2)));
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "norm.width = 2 is not valid: mlp_dim = 3, which it normalises; the nearest valid value is 3"
        );
    }
}

//! Multi-head attention pooling.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_trace::constrain_as;

use crate::vit::ViT22BConfig;

use super::activation;
use super::attention::Attention;
use super::linear::xavier;
use super::mlp::Mlp;
use super::norm::Norm;

/// Multi-head attention pooling (MAP): a learned probe attends to all tokens, then a residual
/// MLP: `z = attention(probe, x); z + mlp(norm(z))`.
///
/// # Reference
///
/// "Scaling Vision Transformers", section 3.2, and big_vision's `MAPHead`.
#[derive(Module, Debug)]
pub struct MapPool {
    /// `[1, d]`
    pub probe: Param<Tensor<2>>,
    /// Attention from the probe to the tokens.
    pub attn: Attention,
    /// The norm before the MLP.
    pub norm: Norm,
    /// MLP.
    pub mlp: Mlp,
}

impl MapPool {
    pub(crate) fn init(cfg: &ViT22BConfig, device: &Device) -> Self {
        let probe = xavier().init_with([1, cfg.width], Some(1), Some(cfg.width), device);
        let mlp = Mlp::init(&cfg.clone().with_dropout(0.0), cfg.biases.mlp, device);
        Self {
            probe,
            attn: Attention::init_pool(cfg, device),
            norm: Norm::init(cfg.norm, cfg.width, cfg.biases.norm, cfg.epsilon, device),
            mlp,
        }
    }

    /// How much each head takes from each token; the weights of a head sum to 1.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, h, n]`
    pub fn attention_weights(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [b, n, d] = tokens.dims();
        let probe = self.probe.val().unsqueeze::<3>().expand([b, 1, d]);
        let weights = softmax(self.attn.logits(probe, tokens), 3);
        let heads = weights.dims()[1];
        weights.reshape([b, heads, n])
    }

    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, d]`
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, _, d] = tokens.dims();
        let probe = self.probe.val().unsqueeze::<3>().expand([b, 1, d]);
        let z = self.attn.forward(probe, constrain_as(tokens, activation::ENTRANCE));
        let pooled = z.clone() + self.mlp.forward(self.norm.forward(z), None);
        pooled.reshape([b, d])
    }
}

/// Initial values of tokens that are learned: class token and registers, `[count, d]`.
pub(crate) fn learned_tokens(
    count: usize,
    width: usize,
    std: f64,
    device: &Device,
) -> Option<Param<Tensor<2>>> {
    (count > 0).then(|| Initializer::Normal { mean: 0.0, std }.init([count, width], device))
}

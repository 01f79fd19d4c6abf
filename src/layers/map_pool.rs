//! Multi-head attention pooling.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_trace::constrain_as;

use crate::error::{ConfigError, ensure_valid};

use super::activation;
use super::attention::Attention;
use super::block::BlockConfig;
use super::kinds::{Gelu, NormKind, QkNorm};
use super::linear::xavier;
use super::mlp::Mlp;
use super::norm::Norm;

/// Configuration of a [`MapPool`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::MapPoolConfig;
///
/// let device = Device::flex();
/// let pool = MapPoolConfig::new(32, 64, 4).init(&device);
/// let tokens = Tensor::<3>::ones([2, 6, 32], &device);
/// assert_eq!(pool.forward(tokens.clone()).dims(), [2, 32]);
/// assert_eq!(pool.attention_weights(tokens).dims(), [2, 4, 6]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct MapPoolConfig {
    /// Width of a token, a multiple of `num_heads`.
    pub width: usize,
    /// Hidden width of the MLP, at least 1.
    pub mlp_dim: usize,
    /// Number of attention heads; it divides `width`.
    pub num_heads: usize,
    /// The norm before the MLP.
    #[config(default = "NormKind::Rms")]
    pub norm: NormKind,
    /// The activation of the MLP.
    #[config(default = "Gelu::Tanh")]
    pub gelu: Gelu,
    /// Added to the variance in the norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Whether the norm adds a bias.
    #[config(default = false)]
    pub norm_bias: bool,
    /// Whether query, key and value projections add a bias.
    #[config(default = false)]
    pub qkv_bias: bool,
    /// Whether the attention's output projection adds a bias.
    #[config(default = true)]
    pub out_bias: bool,
    /// Whether both layers of the MLP add a bias.
    #[config(default = true)]
    pub mlp_bias: bool,
}

impl MapPoolConfig {
    /// Checks every field; a config that passes makes a pooling head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.block().validate()
    }

    /// A pooling head with random parameters.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> MapPool {
        ensure_valid(self.validate());
        let block = self.block();
        MapPool {
            probe: xavier().init_with([1, self.width], Some(1), Some(self.width), device),
            attn: block.attention().init(device),
            norm: block.norm().init(device),
            mlp: block.mlp().init(device),
        }
    }

    /// The block whose attention, norm and MLP the pooling head has.
    fn block(&self) -> BlockConfig {
        BlockConfig::new(self.width, self.mlp_dim, self.num_heads)
            .with_norm(self.norm)
            .with_qk_norm(QkNorm::None)
            .with_gelu(self.gelu)
            .with_epsilon(self.epsilon)
            .with_norm_bias(self.norm_bias)
            .with_qkv_bias(self.qkv_bias)
            .with_out_bias(self.out_bias)
            .with_mlp_bias(self.mlp_bias)
    }
}

/// Tokens to one vector: a learned probe attends to all tokens, and a residual MLP follows,
/// `z = attention(probe, x); z + mlp(norm(z))`. Made by [`MapPoolConfig::init`].
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
    /// The MLP.
    pub mlp: Mlp,
}

burn_trace::impl_tensor_tree!(MapPool);

impl MapPool {
    /// How much each head takes from each token; the weights of a head sum to 1.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, h, n]`
    pub fn attention_weights(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [b, n, _] = tokens.dims();
        let weights = softmax(self.attn.logits(self.probes(b), tokens), 3);
        let heads = weights.dims()[1];
        weights.reshape([b, heads, n])
    }

    /// The pooled vector of each example.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, d]`
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, _, d] = tokens.dims();
        let probes = self.probes(b);
        let z = self.attn.forward(probes, constrain_as(tokens, activation::ENTRANCE), None);
        let pooled = z.clone() + self.mlp.forward(self.norm.forward(z), None);
        pooled.reshape([b, d])
    }

    /// The probe for each example, `[b, 1, d]`.
    fn probes(&self, examples: usize) -> Tensor<3> {
        let probe = self.probe.val().unsqueeze::<3>();
        let [_, _, d] = probe.dims();
        probe.expand([examples, 1, d])
    }
}

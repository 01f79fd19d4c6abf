//! Attention pooling by a query that is learned itself.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use burn_trace::{constrain_as, softmax};

use crate::error::{ConfigError, ensure_valid};

use super::activation;
use super::attention::{AttentionConfig, attention_logits};
use super::linear::{projection, xavier};

/// Configuration of a [`QueryPool`]; the defaults are those of AIMv2.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::QueryPoolConfig;
///
/// let device = Device::flex();
/// let pool = QueryPoolConfig::new(32, 4).init(&device);
/// let tokens = Tensor::<3>::ones([2, 6, 32], &device);
/// assert_eq!(pool.forward(tokens.clone()).dims(), [2, 32]);
/// assert_eq!(pool.attention_weights(tokens).dims(), [2, 4, 6]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct QueryPoolConfig {
    /// Width of a token, a multiple of `num_heads`.
    pub width: usize,
    /// Number of attention heads; it divides `width`.
    pub num_heads: usize,
    /// Whether key and value projections add a bias.
    #[config(default = false)]
    pub kv_bias: bool,
    /// Whether the output projection adds a bias.
    #[config(default = true)]
    pub out_bias: bool,
}

impl QueryPoolConfig {
    /// Checks every field; a config that passes makes a pooling head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        AttentionConfig::new(self.width, self.num_heads).validate()
    }

    /// A pooling head with random parameters: Xavier-uniform weights, biases of 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> QueryPool {
        ensure_valid(self.validate());
        let shape = [self.width, self.width];
        QueryPool {
            query: xavier().init_with([1, self.width], Some(1), Some(self.width), device),
            key: projection(shape, self.kv_bias, device),
            value: projection(shape, self.kv_bias, device),
            out: projection(shape, self.out_bias, device),
            num_heads: self.num_heads,
        }
    }
}

/// Tokens to one vector: `softmax(q (x Wk)ᵀ / √k) x Wv Wo` with a learned query `q`, the softmax for
/// each head. Made by [`QueryPoolConfig::init`].
///
/// # Reference
///
/// "Multimodal Autoregressive Pre-training of Large Vision Encoders" (AIMv2) and the head of its
/// published models.
#[derive(Module, Debug)]
pub struct QueryPool {
    /// `[1, d]`
    pub query: Param<Tensor<2>>,
    /// `[d, d]`
    pub key: Linear,
    /// `[d, d]`
    pub value: Linear,
    /// `[d, d]`
    pub out: Linear,
    num_heads: usize,
}

burn_trace::impl_tensor_tree!(QueryPool);

impl QueryPool {
    /// The pooled vector of each example.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, d]`
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, _, d] = tokens.dims();
        let tokens = constrain_as(tokens, activation::ENTRANCE);
        let value = self.heads(self.value.forward(tokens.clone()));
        let attended = self.weights(tokens).matmul(value);
        self.out.forward(attended.swap_dims(1, 2).reshape([b, d]))
    }

    /// How much each head takes from each token; the weights of a head sum to 1.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, n, d]`
    /// - output: `[b, h, n]`
    pub fn attention_weights(&self, tokens: Tensor<3>) -> Tensor<3> {
        self.weights(tokens).squeeze_dim(2)
    }

    /// `[b, h, 1, n]`
    fn weights(&self, tokens: Tensor<3>) -> Tensor<4> {
        let [b, _, d] = tokens.dims();
        let query = self.heads(self.query.val().unsqueeze::<3>().expand([b, 1, d]));
        softmax(attention_logits(query, self.heads(self.key.forward(tokens))))
    }

    /// `[b, n, d]` to `[b, h, n, k]`.
    fn heads(&self, x: Tensor<3>) -> Tensor<4> {
        let [b, n, d] = x.dims();
        x.reshape([b, n, self.num_heads, d / self.num_heads]).swap_dims(1, 2)
    }
}

//! Multi-head attention with normalised queries and keys.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::module::attention;
use burn::tensor::{Device, Tensor};
use burn_trace::{checkpoint_name, constrain_as, softmax};

use crate::vit::ViT22BConfig;

use super::activation;
use super::kinds::{NormKind, QkNorm};
use super::linear::projection;
use super::norm::Norm;

/// `softmax(norm(x Wq) norm(x Wk)ᵀ / √k) x Wv Wo`, the softmax for each head.
///
/// Queries and keys are normalised over the head dimension `k`, with one scale for all heads.
/// Without that norm the logits of large models grow until the softmax is one-hot and training
/// diverges.
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Query/key normalization".
#[derive(Module, Debug)]
pub struct Attention {
    /// `[d, d]`
    pub query: Linear,
    /// `[d, d]`
    pub key: Linear,
    /// `[d, d]`
    pub value: Linear,
    /// Scale of `[k]`, where there is a QK norm.
    pub q_norm: Option<Norm>,
    /// Scale of `[k]`, where there is a QK norm.
    pub k_norm: Option<Norm>,
    /// `[d, d]`
    pub out: Linear,
    num_heads: usize,
}

impl Attention {
    /// Attention of a block.
    pub(crate) fn init(cfg: &ViT22BConfig, device: &Device) -> Self {
        let norm = || {
            let kind = match cfg.qk_norm {
                QkNorm::None => return None,
                QkNorm::Rms => NormKind::Rms,
                QkNorm::Layer => NormKind::Layer,
            };
            Some(Norm::init(kind, cfg.head_dim(), false, cfg.epsilon, device))
        };
        Self {
            q_norm: norm(),
            k_norm: norm(),
            ..Self::without_norm(cfg, cfg.biases.qkv, cfg.biases.attn_out, device)
        }
    }

    /// Attention of the pooling head.
    pub(crate) fn init_pool(cfg: &ViT22BConfig, device: &Device) -> Self {
        Self::without_norm(cfg, cfg.biases.map_qkv, cfg.biases.map_out, device)
    }

    fn without_norm(cfg: &ViT22BConfig, qkv_bias: bool, out_bias: bool, device: &Device) -> Self {
        let shape = [cfg.width, cfg.width];
        Self {
            query: projection(shape, qkv_bias, device),
            key: projection(shape, qkv_bias, device),
            value: projection(shape, qkv_bias, device),
            q_norm: None,
            k_norm: None,
            out: projection(shape, out_bias, device),
            num_heads: cfg.num_heads,
        }
    }

    /// Queries from `query`, keys and values from `context`.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`
    /// - context: `[b, n, d]`
    /// - output: `[b, m, d]`
    pub fn forward(&self, query: Tensor<3>, context: Tensor<3>) -> Tensor<3> {
        let query = self.query.forward(query);
        let (key, value) = (self.key.forward(context.clone()), self.value.forward(context));
        self.out.forward(self.attend(query, key, value))
    }

    /// What each query takes from the values, before the output projection.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`; key, value: `[b, n, d]`
    /// - output: `[b, m, d]`
    pub(crate) fn attend(&self, query: Tensor<3>, key: Tensor<3>, value: Tensor<3>) -> Tensor<3> {
        let [b, m, d] = query.dims();
        let query = checkpoint_name(query, activation::QUERY);
        let key = checkpoint_name(key, activation::KEY);
        let value = self.split_heads(checkpoint_name(value, activation::VALUE));
        let (query, key) = self.normalised(query, key);
        let attended = match query.is_autodiff() {
            // Burn differentiates its attention through the place of each row's largest score too,
            // which adds up to nothing and costs a scatter into zeros of the size of the scores.
            true => softmax(attention_logits(query, key)).matmul(value),
            false => attention(query, key, value, None, None, Default::default()),
        };
        checkpoint_name(attended.swap_dims(1, 2).reshape([b, m, d]), activation::ATTENDED)
    }

    /// What the softmax makes attention weights of: the scaled products of queries and keys.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`; context: `[b, n, d]`
    /// - output: `[b, h, m, n]`
    pub fn logits(&self, query: Tensor<3>, context: Tensor<3>) -> Tensor<4> {
        let (query, key) = self.normalised(self.query.forward(query), self.key.forward(context));
        attention_logits(query, key)
    }

    fn normalised(&self, query: Tensor<3>, key: Tensor<3>) -> (Tensor<4>, Tensor<4>) {
        let apply = |norm: &Option<Norm>, x| match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        // The norm before the heads move forward: its reduction then runs along memory.
        let query = apply(&self.q_norm, self.heads_last(query)).swap_dims(1, 2);
        let key = apply(&self.k_norm, self.heads_last(key)).swap_dims(1, 2);
        (query, key)
    }

    fn split_heads(&self, x: Tensor<3>) -> Tensor<4> {
        self.heads_last(x).swap_dims(1, 2)
    }

    /// `[b, n, d]` to `[b, n, h, k]`.
    fn heads_last(&self, x: Tensor<3>) -> Tensor<4> {
        let [b, n, d] = x.dims();
        constrain_as(x.reshape([b, n, self.num_heads, d / self.num_heads]), activation::HEADS)
    }

    /// The entrance projections in the order of the fused product.
    pub(crate) fn entrance(&self) -> [&Linear; 3] {
        [&self.query, &self.key, &self.value]
    }
}

/// `q kᵀ / √k`
fn attention_logits(query: Tensor<4>, key: Tensor<4>) -> Tensor<4> {
    let scale = 1.0 / (query.dims()[3] as f64).sqrt();
    checkpoint_name(query.mul_scalar(scale).matmul(key.transpose()), activation::SCORES)
}

/// The weight and the bias of several linear layers on the same input, joined along the output.
pub(crate) fn join_outputs(layers: &[&Linear]) -> (Tensor<2>, Option<Tensor<1>>) {
    let weight = Tensor::cat(layers.iter().map(|layer| layer.weight.val()).collect(), 1);
    let bias = layers.iter().any(|layer| layer.bias.is_some()).then(|| {
        let bias = |layer: &&Linear| match &layer.bias {
            Some(bias) => bias.val(),
            None => {
                let weight = layer.weight.val();
                Tensor::zeros([weight.dims()[1]], (&weight.device(), weight.dtype()))
            }
        };
        Tensor::cat(layers.iter().map(bias).collect(), 0)
    });
    (weight, bias)
}

/// The weight of several linear layers whose outputs are summed, joined along the input, and the
/// sum of their biases.
pub(crate) fn join_inputs(layers: &[&Linear]) -> (Tensor<2>, Option<Tensor<1>>) {
    let weight = Tensor::cat(layers.iter().map(|layer| layer.weight.val()).collect(), 0);
    let bias = |layer: &&Linear| layer.bias.as_ref().map(Param::val);
    let bias = layers.iter().filter_map(bias).reduce(|a, b| a + b);
    (weight, bias)
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::DType;

    use super::*;

    #[test]
    fn layers_are_joined_in_their_own_type() {
        let layer = |output, bias| {
            let layer = LinearConfig::new(3, output).with_bias(bias).init(&Device::flex());
            Linear {
                weight: layer.weight.map(|weight| weight.cast(DType::BF16)),
                bias: layer.bias.map(|bias| bias.map(|bias| bias.cast(DType::BF16))),
            }
        };
        let (weight, bias) = join_outputs(&[&layer(2, false), &layer(4, true)]);
        let bias = bias.unwrap();
        assert_eq!((weight.dtype(), bias.dtype()), (DType::BF16, DType::BF16));
        assert_eq!((weight.dims(), bias.dims()), ([3, 6], [6]));
    }
}

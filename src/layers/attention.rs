//! Multi-head attention with normalised queries and keys.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::module::attention;
use burn::tensor::{Bool, Device, Tensor};
use burn_trace::{checkpoint_name, constrain_as, softmax};

use crate::error::{ConfigError, check, check_counts, check_epsilon, ensure_valid};

use super::activation;
use super::kinds::{NormKind, QkNorm};
use super::linear::projection;
use super::norm::{Norm, NormConfig, check_norm};
use super::relative_bias::RelativeBias;
use super::token_grid::TokenGrid;

/// Configuration of an [`Attention`]; the defaults are those of ViT-22B's blocks.
///
/// ```
/// use burn::tensor::{Bool, Device, Tensor};
/// use vit22b::layers::AttentionConfig;
///
/// let device = Device::flex();
/// let attention = AttentionConfig::new(32, 4).init(&device);
/// let x = Tensor::<3>::ones([2, 5, 32], &device);
/// // Each token attends to itself and to those before it.
/// let causal = Tensor::<2, Bool>::tril_mask([5, 5], 0, &device).bool_not().unsqueeze();
/// assert_eq!(attention.forward(x.clone(), x, Some(causal)).dims(), [2, 5, 32]);
///
/// let error = AttentionConfig::new(32, 3).validate().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "num_heads = 3 is not valid: divides width = 32; the nearest valid value is 2",
/// );
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct AttentionConfig {
    /// Width of queries, context and output, a multiple of `num_heads`.
    pub width: usize,
    /// Number of heads; it divides `width`.
    pub num_heads: usize,
    /// The norm of queries and keys.
    #[config(default = "QkNorm::Rms")]
    pub qk_norm: QkNorm,
    /// Whether query, key and value projections add a bias.
    #[config(default = false)]
    pub qkv_bias: bool,
    /// Whether the output projection adds a bias.
    #[config(default = false)]
    pub out_bias: bool,
    /// Added to the variance in the norms of queries and keys; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Whether the key projection adds a bias, if not as `qkv_bias` says. Where nothing is rotated
    /// such a bias changes nothing, since it adds the same to all logits of a query.
    pub key_bias: Option<bool>,
    /// The norm of the attended values before the output projection, of width `width`.
    pub norm: Option<NormConfig>,
    /// Rows and columns of patches for which there are relative position biases, if there are any.
    /// They need [`Attention::forward_on`].
    pub relative_bias: Option<[usize; 2]>,
}

impl AttentionConfig {
    /// Checks every field; a config that passes makes an attention layer.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("num_heads", self.num_heads)])?;
        check(
            "num_heads",
            self.num_heads,
            self.width.is_multiple_of(self.num_heads),
            || format!("divides width = {}", self.width),
            || nearest_divisor(self.num_heads, self.width),
        )?;
        check_epsilon(self.epsilon)?;
        check_norm(self.norm.as_ref(), ("width", self.width))?;
        let sides = self.relative_bias.into_iter().flatten();
        sides.into_iter().try_for_each(|side| check_counts([("relative_bias", side)]))
    }

    /// Attention with random parameters: Xavier-uniform weights, scales of 1, biases of 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Attention {
        ensure_valid(self.validate());
        let shape = [self.width, self.width];
        let norm = || {
            let kind = match self.qk_norm {
                QkNorm::None => return None,
                QkNorm::Rms => NormKind::Rms,
                QkNorm::Layer => NormKind::Layer,
            };
            let norm = NormConfig::new(self.width / self.num_heads).with_kind(kind);
            Some(norm.with_epsilon(self.epsilon).init(device))
        };
        Attention {
            query: projection(shape, self.qkv_bias, device),
            key: projection(shape, self.key_bias.unwrap_or(self.qkv_bias), device),
            value: projection(shape, self.qkv_bias, device),
            q_norm: norm(),
            k_norm: norm(),
            out: projection(shape, self.out_bias, device),
            norm: self.norm.as_ref().map(|norm| norm.init(device)),
            relative_bias: self
                .relative_bias
                .map(|grid| RelativeBias::new(grid, self.num_heads, device)),
            num_heads: self.num_heads,
        }
    }
}

/// `softmax(norm(x Wq) norm(x Wk)ᵀ / √k) x Wv Wo`, the softmax for each head. Made by
/// [`AttentionConfig::init`].
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
    /// The norm of the attended values, where there is one.
    pub norm: Option<Norm>,
    /// Relative position biases, where there are any.
    pub relative_bias: Option<RelativeBias>,
    num_heads: usize,
}

burn_trace::impl_tensor_tree!(Attention);

impl Attention {
    /// Attention from `query`, which gives the queries, to `context`, which gives keys and values.
    ///
    /// The mask is true for each pair of a query and a key that is attended, and false for a pair
    /// that is left out. A query that attends to nothing takes zeros from the values, and passes no
    /// gradient to them or to the logits.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`
    /// - context: `[b, n, d]`
    /// - mask: `[b, h, m, n]`, where each of `b`, `h` and `m` may be 1 for all of the axis
    /// - output: `[b, m, d]`
    ///
    /// # Panics
    ///
    /// If the last axes of query and context are not the layer's width, or the mask has other axes.
    pub fn forward(
        &self,
        query: Tensor<3>,
        context: Tensor<3>,
        mask: Option<Tensor<4, Bool>>,
    ) -> Tensor<3> {
        self.attention(query, context, mask, None)
    }

    /// Attention between the tokens of images, with rotary positions and relative position biases as
    /// far as `grid` and this layer have them; mask and shapes as in [`forward`](Self::forward).
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the tokens are not those of the grid.
    pub fn forward_on(
        &self,
        tokens: Tensor<3>,
        grid: &TokenGrid,
        mask: Option<Tensor<4, Bool>>,
    ) -> Tensor<3> {
        self.attention(tokens.clone(), tokens, mask, Some(grid))
    }

    pub(super) fn attention(
        &self,
        query: Tensor<3>,
        context: Tensor<3>,
        mask: Option<Tensor<4, Bool>>,
        grid: Option<&TokenGrid>,
    ) -> Tensor<3> {
        let query = self.query.forward(query);
        let (key, value) = (self.key.forward(context.clone()), self.value.forward(context));
        self.out.forward(self.attend([query, key, value], mask, grid))
    }

    /// The sums of values that each query takes, before the output projection.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`; key, value: `[b, n, d]`; mask as in [`forward`](Self::forward)
    /// - output: `[b, m, d]`
    pub(super) fn attend(
        &self,
        [query, key, value]: [Tensor<3>; 3],
        mask: Option<Tensor<4, Bool>>,
        grid: Option<&TokenGrid>,
    ) -> Tensor<3> {
        let [b, m, d] = query.dims();
        let query = checkpoint_name(query, activation::QUERY);
        let key = checkpoint_name(key, activation::KEY);
        let value = self.split_heads(checkpoint_name(value, activation::VALUE));
        let (query, key) = self.normalised(query, key, grid);
        let left_out = mask.map(|mask| {
            let pairs = [b, self.num_heads, m, key.dims()[2]];
            expanded(mask, pairs).bool_not()
        });
        let bias = self.bias(grid);
        let attended = match (query.is_autodiff(), bias) {
            // Burn differentiates its attention with respect to the position of each row's largest
            // score too, which adds up to nothing and costs a scatter into zeros of the size of the
            // scores.
            (true, None) => attention_weights(attention_logits(query, key), left_out).matmul(value),
            (_, Some(bias)) => {
                attention_weights(attention_logits(query, key) + bias, left_out).matmul(value)
            }
            (false, None) => attention(query, key, value, left_out, None, Default::default()),
        };
        let attended = attended.swap_dims(1, 2).reshape([b, m, d]);
        let attended = checkpoint_name(attended, activation::ATTENDED);
        match &self.norm {
            Some(norm) => norm.forward(attended),
            None => attended,
        }
    }

    /// The scaled products of queries and keys, of which the softmax makes attention weights.
    ///
    /// # Shapes
    ///
    /// - query: `[b, m, d]`; context: `[b, n, d]`
    /// - output: `[b, h, m, n]`
    pub fn logits(&self, query: Tensor<3>, context: Tensor<3>) -> Tensor<4> {
        self.scores(query, context, None)
    }

    /// The same between the tokens of images, as [`forward_on`](Self::forward_on) takes them.
    pub fn logits_on(&self, tokens: Tensor<3>, grid: &TokenGrid) -> Tensor<4> {
        self.scores(tokens.clone(), tokens, Some(grid))
    }

    pub(super) fn scores(
        &self,
        query: Tensor<3>,
        context: Tensor<3>,
        grid: Option<&TokenGrid>,
    ) -> Tensor<4> {
        let (query, key) = (self.query.forward(query), self.key.forward(context));
        let (query, key) = self.normalised(query, key, grid);
        let logits = attention_logits(query, key);
        match self.bias(grid) {
            Some(bias) => logits + bias,
            None => logits,
        }
    }

    /// Queries and keys by head, normalised, then turned.
    fn normalised(
        &self,
        query: Tensor<3>,
        key: Tensor<3>,
        grid: Option<&TokenGrid>,
    ) -> (Tensor<4>, Tensor<4>) {
        let apply = |norm: &Option<Norm>, x| match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let turn = |x| match grid.and_then(TokenGrid::rotation) {
            Some(rotation) => rotation.apply(x),
            None => x,
        };
        // The norm before the heads move forward: its reduction then runs along memory.
        let query = apply(&self.q_norm, self.heads_last(query)).swap_dims(1, 2);
        let key = apply(&self.k_norm, self.heads_last(key)).swap_dims(1, 2);
        (turn(query), turn(key))
    }

    fn bias(&self, grid: Option<&TokenGrid>) -> Option<Tensor<4>> {
        let bias = self.relative_bias.as_ref()?;
        let grid = grid.expect(
            "relative position biases follow from the grid of the tokens: call the method whose \
             name ends in `_on`",
        );
        Some(bias.forward(grid))
    }

    /// `[b, n, d]` to `[b, h, n, k]`.
    fn split_heads(&self, x: Tensor<3>) -> Tensor<4> {
        self.heads_last(x).swap_dims(1, 2)
    }

    /// `[b, n, d]` to `[b, n, h, k]`.
    fn heads_last(&self, x: Tensor<3>) -> Tensor<4> {
        let [b, n, d] = x.dims();
        constrain_as(x.reshape([b, n, self.num_heads, d / self.num_heads]), activation::HEADS)
    }
}

/// `q kᵀ / √k`
pub(super) fn attention_logits(query: Tensor<4>, key: Tensor<4>) -> Tensor<4> {
    let scale = 1.0 / (query.dims()[3] as f64).sqrt();
    checkpoint_name(query.mul_scalar(scale).matmul(key.transpose()), activation::SCORES)
}

/// The softmax of the logits over the pairs that are not left out; zeros where all are.
fn attention_weights(logits: Tensor<4>, left_out: Option<Tensor<4, Bool>>) -> Tensor<4> {
    let Some(left_out) = left_out else { return softmax(logits) };
    // Not minus infinity, from which a row that is left out whole would get NaN, as value and as
    // gradient.
    let lowest = logits.dtype().finfo().map_or(f64::MIN, |info| info.min);
    let weights = softmax(logits.mask_fill(left_out.clone(), lowest));
    weights.mask_fill(left_out, 0.0)
}

/// A mask for all pairs.
fn expanded(mask: Tensor<4, Bool>, pairs: [usize; 4]) -> Tensor<4, Bool> {
    let got = mask.dims();
    let names = ["batch", "heads", "queries", "keys"];
    for (axis, name) in names.into_iter().enumerate() {
        let (got, all) = (got[axis], pairs[axis]);
        assert!(
            got == all || (got == 1 && axis < 3),
            "mask: axis {axis} ({name}) expected {all}{}, got {got}",
            if axis < 3 { " or 1" } else { "" }
        );
    }
    mask.expand(pairs)
}

/// The divisor of `of` that is nearest to `value`.
fn nearest_divisor(value: usize, of: usize) -> usize {
    let divides = |n: &usize| of.is_multiple_of(*n);
    let below = (1..=value.min(of)).rev().find(divides).unwrap_or(1);
    let above = (value..=of).find(divides).unwrap_or(of);
    if above.abs_diff(value) < value.abs_diff(below) { above } else { below }
}

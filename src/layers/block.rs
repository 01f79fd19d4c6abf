//! The transformer block, parallel or sequential.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Bool, Device, Tensor};
use burn_trace::{constrain_as, materialize};

use crate::error::{ConfigError, check_finite, ensure_valid};

use super::activation;
use super::attention::{Attention, AttentionConfig};
use super::draws::{BlockDraws, Draws};
use super::fused;
use super::kinds::{BlockKind, Gate, Gelu, NormKind, Projections, QkNorm, SubNorm};
use super::mlp::{Mlp, MlpConfig};
use super::norm::{Norm, NormConfig};
use super::token_grid::TokenGrid;

/// Configuration of a [`Block`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{BlockConfig, BlockKind};
///
/// let device = Device::flex();
/// let block = BlockConfig::new(32, 128, 4).with_kind(BlockKind::Sequential).init(&device);
/// let tokens = Tensor::<3>::ones([2, 5, 32], &device);
/// assert_eq!(block.forward(tokens, None, None).dims(), [2, 5, 32]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct BlockConfig {
    /// Width of a token, a multiple of `num_heads`.
    pub width: usize,
    /// Hidden width of the MLP, at least 1.
    pub mlp_dim: usize,
    /// Number of attention heads; it divides `width`.
    pub num_heads: usize,
    /// Attention and MLP side by side or one after the other.
    #[config(default = "BlockKind::Parallel")]
    pub kind: BlockKind,
    /// The norm at the entrance, and that before the MLP of a sequential block.
    #[config(default = "NormKind::Rms")]
    pub norm: NormKind,
    /// The norm of queries and keys.
    #[config(default = "QkNorm::Rms")]
    pub qk_norm: QkNorm,
    /// The activation of the MLP.
    #[config(default = "Gelu::Tanh")]
    pub gelu: Gelu,
    /// Start value of the learned scale on each residual branch; none in ViT-22B.
    pub layer_scale: Option<f64>,
    /// Added to the variance in every norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Whether the norms add a bias; those of queries and keys never do.
    #[config(default = false)]
    pub norm_bias: bool,
    /// Whether query, key and value projections add a bias.
    #[config(default = false)]
    pub qkv_bias: bool,
    /// Whether the attention's output projection adds a bias. The parallel block adds the MLP's
    /// output to it, so one of the two biases is enough.
    #[config(default = false)]
    pub out_bias: bool,
    /// Whether both layers of the MLP add a bias; the paper keeps them, for quality at no cost.
    #[config(default = true)]
    pub mlp_bias: bool,
    /// Whether the key projection adds a bias, if not as `qkv_bias` says.
    pub key_bias: Option<bool>,
    /// The activation of the MLP's gate, if the MLP is gated.
    pub gate: Option<Gate>,
    /// The norms before the last products of MLP and attention, of the kind of `norm`; none in ViT-22B.
    pub sub_norm: Option<SubNorm>,
    /// Rows and columns of patches for which there are relative position biases, if there are any.
    /// They need [`Block::forward_on`].
    pub relative_bias: Option<[usize; 2]>,
}

impl BlockConfig {
    /// The block of the classic ViT, of the same size: sequential, centred layer norms, every bias,
    /// no QK norm.
    pub fn classic(self) -> Self {
        self.with_kind(BlockKind::Sequential)
            .with_norm(NormKind::Layer)
            .with_qk_norm(QkNorm::None)
            .with_norm_bias(true)
            .with_qkv_bias(true)
            .with_out_bias(true)
            .with_mlp_bias(true)
    }

    /// Checks every field; a config that passes makes a block.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.mlp().validate()?;
        self.attention().validate()?;
        self.norm().validate()?;
        check_finite("layer_scale", self.layer_scale.unwrap_or(0.0), 1e-5)
    }

    /// A block with random parameters.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Block {
        ensure_valid(self.validate());
        let is_sequential = self.kind != BlockKind::Parallel;
        let norm = || self.norm().init(device);
        let scale = || {
            self.layer_scale.map(|value| Initializer::Constant { value }.init([self.width], device))
        };
        Block {
            norm: norm(),
            attn: self.attention().init(device),
            mlp_norm: is_sequential.then(norm),
            mlp: self.mlp().init(device),
            layer_scale: scale(),
            mlp_layer_scale: scale().filter(|_| is_sequential),
            kind: self.kind,
            projections: Projections::Auto,
        }
    }

    /// `depth` blocks with random parameters, each its own, for [`encode`](super::encode).
    ///
    /// # Panics
    ///
    /// As [`init`](Self::init).
    pub fn stack(&self, depth: usize, device: &Device) -> Vec<Block> {
        (0..depth).map(|_| self.init(device)).collect()
    }

    pub(super) fn attention(&self) -> AttentionConfig {
        AttentionConfig::new(self.width, self.num_heads)
            .with_qk_norm(self.qk_norm)
            .with_qkv_bias(self.qkv_bias)
            .with_out_bias(self.out_bias)
            .with_epsilon(self.epsilon)
            .with_key_bias(self.key_bias)
            .with_norm((self.sub_norm == Some(SubNorm::MlpAndAttention)).then(|| self.norm()))
            .with_relative_bias(self.relative_bias)
    }

    pub(super) fn norm(&self) -> NormConfig {
        NormConfig::new(self.width)
            .with_kind(self.norm)
            .with_bias(self.norm_bias)
            .with_epsilon(self.epsilon)
    }

    pub(super) fn mlp(&self) -> MlpConfig {
        let norm = || NormConfig { width: self.mlp_dim, ..self.norm() };
        MlpConfig::new(self.width, self.mlp_dim)
            .with_gelu(self.gelu)
            .with_bias(self.mlp_bias)
            .with_gate(self.gate)
            .with_norm(self.sub_norm.map(|_| norm()))
    }
}

/// One block of an encoder. Made by [`BlockConfig::init`].
///
/// - parallel: `y = norm(x); x + scale * (attention(y) + mlp(y))`
/// - sequential: `z = x + scale * attention(norm(x)); z + mlp_scale * mlp(mlp_norm(z))`
/// - res-post-norm: `z = x + scale * norm(attention(x)); z + mlp_scale * mlp_norm(mlp(z))`
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Parallel layers"; "Swin
/// Transformer V2" for the norms behind the branches.
#[derive(Module, Debug)]
pub struct Block {
    /// The norm at the entrance, or behind the attention; the parallel block has no other.
    pub norm: Norm,
    /// Attention.
    pub attn: Attention,
    /// The norm before the MLP of a sequential block, or behind it.
    pub mlp_norm: Option<Norm>,
    /// The MLP.
    pub mlp: Mlp,
    /// Learned factor `[d]` on the branch of a parallel block, or on the attention branch of a
    /// sequential one.
    pub layer_scale: Option<Param<Tensor<1>>>,
    /// Learned factor `[d]` on the MLP branch of a sequential block.
    pub mlp_layer_scale: Option<Param<Tensor<1>>>,
    #[module(skip)]
    kind: BlockKind,
    #[module(skip)]
    projections: Projections,
}

burn_trace::impl_tensor_tree!(Block);

impl Block {
    /// Sets how the projections of a parallel block are executed; a sequential one has one way.
    #[must_use]
    pub fn with_projections(self, projections: Projections) -> Self {
        Self { projections, ..self }
    }

    /// Attention and MLP on the tokens, each added to them.
    ///
    /// With `draws`, dropout and stochastic depth act as in training;
    /// [`Draws::stochastic_depth`] is the rate of this block.
    ///
    /// # Shapes
    ///
    /// - input: `[b, n, d]`
    /// - mask: `[b, h, n, n]`, true for each pair that is attended; `b`, `h` and the first `n` may
    ///   be 1
    /// - output: `[b, n, d]`
    ///
    /// # Panics
    ///
    /// If the last axis of the input is not the block's width, or the mask has other axes.
    pub fn forward(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<4, Bool>>,
        draws: Option<&Draws>,
    ) -> Tensor<3> {
        let draws = draws.map(|draws| BlockDraws::of_block(draws, &input.device()));
        self.forward_drawing(input, None, mask, draws.as_ref())
    }

    /// [`forward`](Self::forward) for the tokens of images, with rotary positions and relative position
    /// biases as far as `grid` and this block have them.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the tokens are not those of the grid.
    pub fn forward_on(
        &self,
        tokens: Tensor<3>,
        grid: &TokenGrid,
        mask: Option<Tensor<4, Bool>>,
        draws: Option<&Draws>,
    ) -> Tensor<3> {
        let draws = draws.map(|draws| BlockDraws::of_block(draws, &tokens.device()));
        self.forward_drawing(tokens, Some(grid), mask, draws.as_ref())
    }

    /// As [`forward`](Self::forward), with the keys and rates of this block in tensors: blocks that are
    /// compiled as one loop may differ in tensors alone.
    pub(super) fn forward_drawing(
        &self,
        input: Tensor<3>,
        grid: Option<&TokenGrid>,
        mask: Option<Tensor<4, Bool>>,
        draws: Option<&BlockDraws>,
    ) -> Tensor<3> {
        if self.kind == BlockKind::ResPostNorm {
            return self.post_norm(input, grid, mask, draws);
        }
        // Four products read the result: it is computed once, and not again for each of them.
        let y = self.norm.forward(constrain_as(input.clone(), activation::NORM));
        let y = materialize(constrain_as(y, activation::ENTRANCE));
        let hidden = draws.map(BlockDraws::hidden);
        let output = match self.kind {
            BlockKind::Parallel if self.projections.is_fused() => {
                let branch = fused::branch(&self.attn, &self.mlp, y, mask, grid, hidden.as_ref());
                input + residual(branch, &self.layer_scale, draws, 1)
            }
            BlockKind::Parallel => {
                let attended = self.attn.attention(y.clone(), y.clone(), mask, grid);
                let branch = attended + self.mlp.forward(y, hidden.as_ref());
                input + residual(branch, &self.layer_scale, draws, 1)
            }
            BlockKind::Sequential | BlockKind::ResPostNorm => {
                let attended = self.attn.attention(y.clone(), y, mask, grid);
                let x = input + residual(attended, &self.layer_scale, draws, 1);
                let y = constrain_as(x.clone(), activation::NORM);
                let y = self.mlp_norm.as_ref().map_or(y.clone(), |norm| norm.forward(y));
                let branch = self.mlp.forward(y, hidden.as_ref());
                x + residual(branch, &self.mlp_layer_scale, draws, 3)
            }
        };
        constrain_as(output, activation::RESIDUAL)
    }

    /// The block whose norms stand behind its branches.
    fn post_norm(
        &self,
        input: Tensor<3>,
        grid: Option<&TokenGrid>,
        mask: Option<Tensor<4, Bool>>,
        draws: Option<&BlockDraws>,
    ) -> Tensor<3> {
        let normed = |norm: &Norm, branch| norm.forward(constrain_as(branch, activation::NORM));
        let y = materialize(constrain_as(input.clone(), activation::ENTRANCE));
        let attended = self.attn.attention(y.clone(), y, mask, grid);
        let branch = normed(&self.norm, attended);
        let x = input + residual(branch, &self.layer_scale, draws, 1);
        let hidden = draws.map(BlockDraws::hidden);
        let branch = self.mlp.forward(x.clone(), hidden.as_ref());
        let branch = match &self.mlp_norm {
            Some(norm) => normed(norm, branch),
            None => branch,
        };
        let output = x + residual(branch, &self.mlp_layer_scale, draws, 3);
        constrain_as(output, activation::RESIDUAL)
    }

    /// The attention logits of this block for its input, `[b, h, n, n]`; their softmax along the
    /// last axis is the attention weights.
    pub fn attention_logits(&self, input: Tensor<3>) -> Tensor<4> {
        self.scores(input, None)
    }

    /// The same for the tokens of images, as [`forward_on`](Self::forward_on) takes them.
    pub fn attention_logits_on(&self, tokens: Tensor<3>, grid: &TokenGrid) -> Tensor<4> {
        self.scores(tokens, Some(grid))
    }

    fn scores(&self, input: Tensor<3>, grid: Option<&TokenGrid>) -> Tensor<4> {
        let y = match self.kind {
            BlockKind::ResPostNorm => input,
            _ => self.norm.forward(input),
        };
        self.attn.scores(y.clone(), y, grid)
    }
}

/// Layer scale, dropout and stochastic depth on a residual branch.
fn residual(
    branch: Tensor<3>,
    scale: &Option<Param<Tensor<1>>>,
    draws: Option<&BlockDraws>,
    number: usize,
) -> Tensor<3> {
    let branch = match scale {
        Some(scale) => branch * scale.val().unsqueeze(),
        None => branch,
    };
    match draws {
        Some(draws) => draws.drop(branch, number),
        None => branch,
    }
}

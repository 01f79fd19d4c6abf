//! The config of a model.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::layers::{
    BlockConfig, BlockKind, Gate, Gelu, Interpolation, MapPoolConfig, NormConfig, NormKind,
    PatchEmbedConfig, QkNorm, QueryPoolConfig, RotaryConfig, SubNorm,
};

/// How the tokens become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// Multi-head attention pooling (MAP): a learned probe attends to all tokens.
    Map,
    /// The mean over the patch tokens.
    Average,
    /// The class token, which is put before the patches.
    ClassToken,
    /// The mean of the class token and of a distillation token behind it, which has a classifier of
    /// its own: timm's distilled DeiT. The logits are the mean of both classifiers'.
    Distilled,
    /// The class token, with a distillation token behind it that has a classifier of its own:
    /// transformers' DeiT. The logits are the mean of both classifiers'.
    ClassBesideDistillation,
    /// Attention pooling by a query that is learned itself: AIMv2.
    Query,
}

impl Pool {
    /// Whether it reads a class token.
    pub fn has_class_token(self) -> bool {
        matches!(self, Self::ClassToken) || self.has_distillation_token()
    }

    /// Whether a distillation token follows the class token.
    pub fn has_distillation_token(self) -> bool {
        matches!(self, Self::Distilled | Self::ClassBesideDistillation)
    }
}

/// What the classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadInput {
    /// The pooled vector.
    Pooled,
    /// The pooled vector beside the mean of the patches: DINOv2's classifiers.
    PooledAndMean,
}

/// The attention pooling of a model where it is not that of the blocks.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct MapHead {
    /// Number of attention heads; it divides the width.
    pub num_heads: usize,
    /// Hidden width of the MLP, at least 1.
    pub mlp_dim: usize,
    /// Whether it reads the tokens before the patches too.
    #[config(default = false)]
    pub reads_prefix: bool,
}

/// How a token knows its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// One learned vector for each patch, resampled for other grids.
    Learned,
    /// Fixed sines and cosines of row and column.
    SinCos2d,
    /// The same with MAE's frequencies.
    SinCos2dMae,
    /// A learned bias of attention in each block, for each head and each offset between two patches:
    /// BEiT. It needs one token before the patches.
    RelativeBias,
    /// By rotary positions alone, or not at all.
    None,
}

/// Which layers add a bias. The default is the paper's table.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct Biases {
    /// The patch embedding.
    #[config(default = true)]
    pub embedding: bool,
    /// The norms of the blocks, the final norm and that of the pooling head; never query and key.
    #[config(default = false)]
    pub norm: bool,
    /// Query, key and value projections of the blocks.
    #[config(default = false)]
    pub qkv: bool,
    /// The attention's output projection in the blocks. The parallel block sums it with the
    /// MLP's, so one of the two is enough there.
    #[config(default = false)]
    pub attn_out: bool,
    /// Both layers of the MLP; the paper keeps them, for quality at no cost.
    #[config(default = true)]
    pub mlp: bool,
    /// Query, key and value projections of the pooling head.
    #[config(default = false)]
    pub map_qkv: bool,
    /// The output projection of the pooling head's attention.
    #[config(default = true)]
    pub map_out: bool,
    /// The classifier.
    #[config(default = true)]
    pub head: bool,
}

/// Configuration of a [`ViT22B`](super::ViT22B); the defaults are the 22-billion-parameter model.
///
/// Weights files and checkpoints of earlier versions are read: fields that they lack have their
/// defaults. Three of their fields are passed over: `projections`, since it
/// changed how a model was executed and no number
/// ([`ViT22B::with_projections`](super::ViT22B::with_projections)), and `dropout` and
/// `stochastic_depth`, which are of its training: [`Draws`](crate::layers::Draws). The fields from
/// `gate` on may be left out.
///
/// Published families have presets: [`dinov3`](Self::dinov3) and its kin give a config their form.
///
/// ```
/// use vit22b::vit::{Pool, ViT22BConfig};
///
/// let config = ViT22BConfig::new(10)
///     .with_image([32, 32]).with_patch(8)
///     .with_width(64).with_depth(2).with_mlp_dim(256).with_num_heads(4);
/// assert_eq!(config.tokens(), 16);
///
/// let error = config.with_num_heads(5).validate().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "num_heads = 5 is not valid: divides width = 64; the nearest valid value is 4",
/// );
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ViT22BConfig {
    /// Number of classes; 0 for a model without a classifier, whose output is the pooled vector.
    pub num_classes: usize,
    /// Height and width of the images in pixels, multiples of `patch`. It fixes the grid of the
    /// learned positions; the model takes other sizes too.
    #[config(default = "[224, 224]")]
    pub image: [usize; 2],
    /// Channels of the images, at least 1.
    #[config(default = 3)]
    pub channels: usize,
    /// Side of a square patch in pixels, at least 1.
    #[config(default = 14)]
    pub patch: usize,
    /// Width of a token, a multiple of `num_heads`.
    #[config(default = 6144)]
    pub width: usize,
    /// Number of blocks, at least 1.
    #[config(default = 48)]
    pub depth: usize,
    /// Hidden width of the MLP, at least 1.
    #[config(default = 24576)]
    pub mlp_dim: usize,
    /// Number of attention heads; it divides `width`.
    #[config(default = 48)]
    pub num_heads: usize,
    /// Attention and MLP side by side or one after the other.
    #[config(default = "BlockKind::Parallel")]
    pub block: BlockKind,
    /// The norm of the blocks, of the output and of the pooling head.
    #[config(default = "NormKind::Rms")]
    pub norm: NormKind,
    /// The norm of queries and keys.
    #[config(default = "QkNorm::Rms")]
    pub qk_norm: QkNorm,
    /// The activation of the MLPs.
    #[config(default = "Gelu::Tanh")]
    pub gelu: Gelu,
    /// Which layers add a bias.
    #[config(default = "Biases::new()")]
    pub biases: Biases,
    /// How the tokens become one vector.
    #[config(default = "Pool::Map")]
    pub pool: Pool,
    /// Whether a norm follows the embedding, as in timm's `xp` models.
    #[config(default = false)]
    pub norm_embedding: bool,
    /// Whether the final norm acts on the pooled vector (timm's average-pooled models) and not on
    /// the tokens before pooling.
    #[config(default = false)]
    pub norm_pooled: bool,
    /// How a token knows its position.
    #[config(default = "Positions::Learned")]
    pub positions: Positions,
    /// How learned positions are resampled for images of another size.
    #[config(default = "Interpolation::Bilinear")]
    pub interpolation: Interpolation,
    /// Number of register tokens: learned tokens before the patches that no pooling reads.
    #[config(default = 0)]
    pub registers: usize,
    /// Start value of the learned scale on each residual branch; none in ViT-22B.
    pub layer_scale: Option<f64>,
    /// Added to the variance in every norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Start value of the classifier's bias. −10 makes all classes unlikely at first, which the
    /// sigmoid loss over many classes needs; 0 suits a softmax.
    #[config(default = -10.0)]
    pub head_bias: f64,
    /// The activation of the gate of the blocks' MLPs, if they are gated; `mlp_dim` is the hidden
    /// width behind it.
    pub gate: Option<Gate>,
    /// The norms before the last products of the blocks' MLPs and attention.
    pub sub_norm: Option<SubNorm>,
    /// Whether the key projections of the blocks add a bias, if not as [`Biases::qkv`] says.
    pub key_bias: Option<bool>,
    /// Rotary positions of the patches, beside `positions`.
    pub rotary: Option<RotaryConfig>,
    /// The norm of the patches before positions are added: AIMv2.
    pub patch_norm: Option<NormKind>,
    /// The attention pooling, where it has another size than the blocks.
    pub map_head: Option<MapHead>,
    /// What the classifier reads, if not the pooled vector alone.
    pub head_input: Option<HeadInput>,
    /// Length of the vector that a projection without bias makes of the pooled one, as CLIP compares
    /// it with texts.
    pub projection: Option<usize>,
}

impl ViT22BConfig {
    /// The same size as the classic ViT: sequential blocks, centred layer norms, every bias, no
    /// QK norm. The paper's distilled students and most published checkpoints are of this form.
    pub fn classic(self) -> Self {
        self.with_block(BlockKind::Sequential)
            .with_norm(NormKind::Layer)
            .with_qk_norm(QkNorm::None)
            .with_biases(Biases {
                embedding: true,
                norm: true,
                qkv: true,
                attn_out: true,
                mlp: true,
                map_qkv: true,
                map_out: true,
                head: true,
            })
    }

    /// Rows and columns of patches.
    pub fn grid(&self) -> [usize; 2] {
        self.image.map(|side| side / self.patch)
    }

    /// Number of patches.
    pub fn patches(&self) -> usize {
        let [rows, columns] = self.grid();
        rows * columns
    }

    /// Number of tokens before the patches: the class token and the registers.
    pub fn prefix_tokens(&self) -> usize {
        usize::from(self.pool.has_class_token())
            + usize::from(self.pool.has_distillation_token())
            + self.registers
    }

    /// Number of tokens in the blocks.
    pub fn tokens(&self) -> usize {
        self.prefix_tokens() + self.patches()
    }

    /// Length of the output vector: the classes, or the width where there is no classifier.
    pub fn outputs(&self) -> usize {
        if self.num_classes > 0 { self.num_classes } else { self.width }
    }

    /// Width of a head.
    pub fn head_dim(&self) -> usize {
        self.width / self.num_heads
    }

    /// The embedding of patches.
    pub fn patch_embed_config(&self) -> PatchEmbedConfig {
        PatchEmbedConfig::new(self.width, self.patch)
            .with_channels(self.channels)
            .with_bias(self.biases.embedding)
            .with_norm(self.patch_norm.map(|kind| self.norm_config().with_kind(kind)))
    }

    /// A block.
    pub fn block_config(&self) -> BlockConfig {
        BlockConfig::new(self.width, self.mlp_dim, self.num_heads)
            .with_kind(self.block)
            .with_norm(self.norm)
            .with_qk_norm(self.qk_norm)
            .with_gelu(self.gelu)
            .with_layer_scale(self.layer_scale)
            .with_epsilon(self.epsilon)
            .with_norm_bias(self.biases.norm)
            .with_qkv_bias(self.biases.qkv)
            .with_out_bias(self.biases.attn_out)
            .with_mlp_bias(self.biases.mlp)
            .with_key_bias(self.key_bias)
            .with_gate(self.gate)
            .with_sub_norm(self.sub_norm)
            .with_relative_bias((self.positions == Positions::RelativeBias).then(|| self.grid()))
    }

    /// The norm after the last block, and that of the embedding.
    pub fn norm_config(&self) -> NormConfig {
        NormConfig::new(self.width)
            .with_kind(self.norm)
            .with_bias(self.biases.norm)
            .with_epsilon(self.epsilon)
    }

    /// The attention pooling, whether the model has it or not.
    pub fn map_pool_config(&self) -> MapPoolConfig {
        let (mlp_dim, num_heads) = match self.map_head {
            Some(MapHead { mlp_dim, num_heads, .. }) => (mlp_dim, num_heads),
            None => (self.mlp_dim, self.num_heads),
        };
        MapPoolConfig::new(self.width, mlp_dim, num_heads)
            .with_norm(self.norm)
            .with_gelu(self.gelu)
            .with_epsilon(self.epsilon)
            .with_norm_bias(self.biases.norm)
            .with_qkv_bias(self.biases.map_qkv)
            .with_out_bias(self.biases.map_out)
            .with_mlp_bias(self.biases.mlp)
    }

    /// The attention pooling by a learned query, whether the model has it or not.
    pub fn query_pool_config(&self) -> QueryPoolConfig {
        QueryPoolConfig::new(self.width, self.num_heads)
            .with_kv_bias(self.biases.map_qkv)
            .with_out_bias(self.biases.map_out)
    }

    /// Length of the vector that the classifier reads.
    pub fn head_width(&self) -> usize {
        match self.head_input {
            Some(HeadInput::PooledAndMean) => 2 * self.width,
            Some(HeadInput::Pooled) | None => self.width,
        }
    }
}

/// A config for tests.
#[cfg(test)]
pub(super) fn small() -> ViT22BConfig {
    ViT22BConfig::new(10)
        .with_image([28, 42])
        .with_width(48)
        .with_depth(2)
        .with_mlp_dim(96)
        .with_num_heads(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_vit_22b() {
        let config = ViT22BConfig::new(29_593);
        config.validate().unwrap();
        assert_eq!((config.tokens(), config.head_dim()), (256, 128));
    }

    #[test]
    fn json_round_trips() {
        let classic = small().classic().with_layer_scale(Some(1e-5)).with_pool(Pool::Average);
        for config in [classic, small().eva02(), small().perception_encoder(), small().aimv2()] {
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<ViT22BConfig>(&json).unwrap(), config);
        }
    }

    #[test]
    fn json_of_earlier_versions_is_read() {
        let config = small();
        let mut json = serde_json::to_value(&config).unwrap();
        json["projections"] = "fused".into();
        json["dropout"] = 0.1.into();
        json["stochastic_depth"] = 0.2.into();
        for field in [
            "gate",
            "sub_norm",
            "key_bias",
            "rotary",
            "patch_norm",
            "map_head",
            "head_input",
            "projection",
        ] {
            assert!(json.as_object_mut().unwrap().remove(field).is_some(), "{field}");
        }
        assert_eq!(serde_json::from_value::<ViT22BConfig>(json).unwrap(), config);
    }
}

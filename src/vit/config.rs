//! What a model of the family is made of.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;
use crate::layers::{BlockKind, Gelu, Interpolation, NormKind, Projections, QkNorm};

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
}

/// How a token knows its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// One learned vector for each patch, resampled for other grids.
    Learned,
    /// Fixed sines and cosines of row and column.
    SinCos2d,
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
    /// How a token knows its place.
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
    /// Probability, in [0, 1), that training drops the residual branches of the last block for
    /// an image; it grows linearly from 0 at the first block.
    #[config(default = 0.0)]
    pub stochastic_depth: f64,
    /// Probability, in [0, 1), that training drops an element of the embedding, the MLP's hidden
    /// layer or a residual branch.
    #[config(default = 0.0)]
    pub dropout: f64,
    /// Added to the variance in every norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Start value of the classifier's bias. −10 makes all classes unlikely at first, which the
    /// sigmoid loss over many classes needs; 0 suits a softmax.
    #[config(default = -10.0)]
    pub head_bias: f64,
    /// How the projections of a parallel block are executed.
    #[config(default = "Projections::Auto")]
    pub projections: Projections,
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
        usize::from(self.pool == Pool::ClassToken) + self.registers
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

    /// Checks every field; a config that passes makes a model.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("channels", self.channels),
            ("patch", self.patch),
            ("width", self.width),
            ("depth", self.depth),
            ("mlp_dim", self.mlp_dim),
            ("num_heads", self.num_heads),
        ] {
            check(field, value, value >= 1, || "at least 1".into(), || 1)?;
        }
        for (field, side) in [("image[0]", self.image[0]), ("image[1]", self.image[1])] {
            check(
                field,
                side,
                side >= 1 && side.is_multiple_of(self.patch),
                || format!("a positive multiple of patch = {}", self.patch),
                || nearest_multiple(side, self.patch),
            )?;
        }
        check(
            "num_heads",
            self.num_heads,
            self.width.is_multiple_of(self.num_heads),
            || format!("divides width = {}", self.width),
            || nearest_divisor(self.num_heads, self.width),
        )?;
        if self.positions == Positions::SinCos2d {
            check(
                "width",
                self.width,
                self.width.is_multiple_of(4) && self.width >= 8,
                || "a multiple of 4 from 8 on, for sine and cosine of row and column".into(),
                || nearest_multiple(self.width, 4).max(8),
            )?;
        }
        for (field, value) in
            [("stochastic_depth", self.stochastic_depth), ("dropout", self.dropout)]
        {
            check(
                field,
                value,
                (0.0..1.0).contains(&value),
                || "a probability in [0, 1)".into(),
                || if value >= 1.0 { 0.999 } else { 0.0 },
            )?;
        }
        check(
            "epsilon",
            self.epsilon,
            self.epsilon > 0.0 && self.epsilon.is_finite(),
            || "a finite number above 0".into(),
            || 1e-6,
        )?;
        for (field, value, nearest) in [
            ("layer_scale", self.layer_scale.unwrap_or(0.0), 1e-5),
            ("head_bias", self.head_bias, -10.0),
        ] {
            check(field, value, value.is_finite(), || "a finite number".into(), || nearest)?;
        }
        Ok(())
    }
}

fn check<T: core::fmt::Display>(
    field: &'static str,
    value: T,
    valid: bool,
    rule: impl FnOnce() -> String,
    nearest: impl FnOnce() -> T,
) -> Result<(), ConfigError> {
    if valid {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        field,
        value: value.to_string(),
        rule: rule(),
        nearest: nearest().to_string(),
    })
}

/// The positive multiple of `step` that is nearest to `value`.
pub(super) fn nearest_multiple(value: usize, step: usize) -> usize {
    let below = value / step * step;
    if below == 0 || value - below > step / 2 { below.saturating_add(step) } else { below }
}

fn nearest_divisor(value: usize, of: usize) -> usize {
    let divides = |n: &usize| of.is_multiple_of(*n);
    let below = (1..=value.min(of)).rev().find(divides).unwrap_or(1);
    let above = (value..=of).find(divides).unwrap_or(of);
    if above.abs_diff(value) < value.abs_diff(below) { above } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> ViT22BConfig {
        ViT22BConfig::new(10)
            .with_image([28, 42])
            .with_width(48)
            .with_depth(2)
            .with_mlp_dim(96)
            .with_num_heads(3)
    }

    #[test]
    fn the_default_is_vit_22b() {
        let config = ViT22BConfig::new(29_593);
        config.validate().unwrap();
        assert_eq!((config.tokens(), config.head_dim()), (256, 128));
    }

    #[test]
    fn json_round_trips() {
        let config = small().classic().with_layer_scale(Some(1e-5)).with_pool(Pool::Average);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ViT22BConfig>(&json).unwrap(), config);
    }

    #[test]
    fn every_invalid_field_is_named_and_its_nearest_value_is_valid() {
        type Case = (fn(ViT22BConfig) -> ViT22BConfig, &'static str);
        let cases: [Case; 15] = [
            (
                |c| c.with_channels(0),
                "channels = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_patch(0),
                "patch = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_width(0),
                "width = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_depth(0),
                "depth = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_mlp_dim(0),
                "mlp_dim = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_num_heads(0),
                "num_heads = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_num_heads(5),
                "num_heads = 5 is not valid: divides width = 48; the nearest valid value is 4",
            ),
            (
                |c| c.with_num_heads(90),
                "num_heads = 90 is not valid: divides width = 48; the nearest valid value is 48",
            ),
            (
                |c| c.with_image([30, 42]),
                "image[0] = 30 is not valid: a positive multiple of patch = 14; the nearest valid value is 28",
            ),
            (
                |c| c.with_image([28, 0]),
                "image[1] = 0 is not valid: a positive multiple of patch = 14; the nearest valid value is 14",
            ),
            (
                |c| c.with_width(6).with_num_heads(1).with_positions(Positions::SinCos2d),
                "width = 6 is not valid: a multiple of 4 from 8 on, for sine and cosine of row and column; the nearest valid value is 8",
            ),
            (
                |c| c.with_dropout(1.0),
                "dropout = 1 is not valid: a probability in [0, 1); the nearest valid value is 0.999",
            ),
            (
                |c| c.with_stochastic_depth(f64::NAN),
                "stochastic_depth = NaN is not valid: a probability in [0, 1); the nearest valid value is 0",
            ),
            (
                |c| c.with_epsilon(-1.0),
                "epsilon = -1 is not valid: a finite number above 0; the nearest valid value is 0.000001",
            ),
            (
                |c| c.with_layer_scale(Some(f64::INFINITY)),
                "layer_scale = inf is not valid: a finite number; the nearest valid value is 0.00001",
            ),
        ];
        for (change, message) in cases {
            assert_eq!(change(small()).validate().unwrap_err().to_string(), message);
        }
    }
}

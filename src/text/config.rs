//! The config of a text tower.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, check, check_counts, check_epsilon};
use crate::layers::{BlockConfig, Gelu, MapPoolConfig, NormConfig, NormKind};

/// Which tokens a token attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextAttention {
    /// All, padding too: SigLIP and LiT.
    Full,
    /// Itself and those before it: CLIP.
    Causal,
}

/// How the tokens of a text become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPool {
    /// The token at the last position, be it padding or not: SigLIP and LiT.
    Last,
    /// The token at the first position.
    First,
    /// The mean of all tokens.
    Mean,
    /// The first token whose id is [`TextConfig::end`]; the first of the text where there is none.
    End,
    /// The first token with the largest id of the text, which is the end where that is the largest of all: CLIP.
    LargestId,
    /// Attention pooling.
    Map,
}

impl core::fmt::Display for TextPool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Last => "the last position",
            Self::First => "the first position",
            Self::Mean => "all positions (mean)",
            Self::End => "the first end",
            Self::LargestId => "the largest id",
            Self::Map => "all positions (attention)",
        })
    }
}

/// Configuration of a [`TextTower`](super::TextTower): a classic transformer over the ids of a text.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use vit22b::text::TextConfig;
///
/// let device = Device::flex();
/// let tower = TextConfig::new(200, 16, 1).with_width(32).with_depth(2).with_mlp_dim(64)
///     .with_num_heads(4).with_output(Some(24)).init(&device)?;
/// assert_eq!(tower.forward(Tensor::<2, Int>::ones([3, 16], &device)).dims(), [3, 24]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct TextConfig {
    /// How many ids there are, at least 1.
    pub vocabulary: usize,
    /// Tokens of a text, padding included, at least 1.
    pub length: usize,
    /// The id that ends a text. It stands at the end of texts that are cut, too.
    pub end: usize,
    /// The id before a text; none for most towers.
    pub start: Option<usize>,
    /// The id behind the end, up to `length`.
    #[config(default = 0)]
    pub pad: usize,
    /// Whether texts are turned into lower case before they are cut into tokens.
    #[config(default = true)]
    pub lowercase: bool,
    /// Width of a token, a multiple of `num_heads`.
    #[config(default = 512)]
    pub width: usize,
    /// Number of blocks, at least 1.
    #[config(default = 12)]
    pub depth: usize,
    /// Hidden width of the MLP, at least 1.
    #[config(default = 2048)]
    pub mlp_dim: usize,
    /// Number of attention heads; it divides `width`.
    #[config(default = 8)]
    pub num_heads: usize,
    /// Which tokens a token attends to.
    #[config(default = "TextAttention::Full")]
    pub attention: TextAttention,
    /// How tokens become one vector.
    #[config(default = "TextPool::Last")]
    pub pool: TextPool,
    /// The activation of the MLPs.
    #[config(default = "Gelu::Tanh")]
    pub gelu: Gelu,
    /// Added to the variance in every norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Length of the vector that the head makes of the pooled one; none for a tower without a head.
    pub output: Option<usize>,
    /// Whether the head adds a bias.
    #[config(default = true)]
    pub head_bias: bool,
}

impl TextConfig {
    /// Checks every field; a config that passes makes a tower.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([
            ("vocabulary", self.vocabulary),
            ("length", self.length),
            ("depth", self.depth),
            ("output", self.output.unwrap_or(1)),
        ])?;
        let ids = [("end", Some(self.end)), ("start", self.start), ("pad", Some(self.pad))];
        for (field, id) in ids.into_iter().filter_map(|(field, id)| Some((field, id?))) {
            let rule = || format!("below vocabulary = {}", self.vocabulary);
            check(field, id, id < self.vocabulary, rule, || self.vocabulary - 1)?;
        }
        check_epsilon(self.epsilon)?;
        self.block_config().validate()
    }

    /// Length of the vector of a text.
    pub fn outputs(&self) -> usize {
        self.output.unwrap_or(self.width)
    }

    /// Width of a head.
    pub fn head_dim(&self) -> usize {
        self.width / self.num_heads
    }

    /// A block.
    pub fn block_config(&self) -> BlockConfig {
        BlockConfig::new(self.width, self.mlp_dim, self.num_heads)
            .classic()
            .with_gelu(self.gelu)
            .with_epsilon(self.epsilon)
    }

    /// The norm after the last block.
    pub fn norm_config(&self) -> NormConfig {
        let norm = NormConfig::new(self.width).with_kind(NormKind::Layer);
        norm.with_bias(true).with_epsilon(self.epsilon)
    }

    /// The attention pooling, whether the tower has it or not.
    pub fn map_pool_config(&self) -> MapPoolConfig {
        MapPoolConfig::new(self.width, self.mlp_dim, self.num_heads)
            .with_norm(NormKind::Layer)
            .with_gelu(self.gelu)
            .with_epsilon(self.epsilon)
            .with_norm_bias(true)
            .with_qkv_bias(true)
    }
}

//! Intermediates by name: the request, and the tensors.

use core::str::FromStr;
use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;
use burn::tensor::activation::{log_softmax, softmax};

use crate::error::ConfigError;
use crate::params::AnyTensor;

use super::config::ViT22BConfig;

/// The intermediates that a call of [`ViT22B::features`](super::ViT22B::features) returns.
/// Nothing else is computed: the model stops after the last block that is needed.
///
/// As text it is a list of names: `embedded`, `block0`, `attention0`, `attention_logits0`,
/// `encoded`, `pooled`, `projected`, `logits`.
///
/// ```
/// use vit22b::vit::FeatureRequest;
///
/// let by_call = FeatureRequest::new().block(3).attention(3).pooled();
/// let by_name: FeatureRequest = "block3, attention3, pooled".parse()?;
/// assert_eq!(by_call, by_name);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureRequest {
    pub(super) embedded: bool,
    pub(super) blocks: BTreeSet<usize>,
    pub(super) attention: BTreeSet<usize>,
    pub(super) attention_logits: BTreeSet<usize>,
    pub(super) encoded: bool,
    pub(super) pooled: bool,
    pub(super) projected: bool,
    pub(super) logits: bool,
}

impl FeatureRequest {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that a model of this depth has with a classifier and without a projection.
    pub fn all(depth: usize) -> Self {
        Self {
            embedded: true,
            blocks: (0..depth).collect(),
            attention: (0..depth).collect(),
            attention_logits: (0..depth).collect(),
            encoded: true,
            pooled: true,
            projected: false,
            logits: true,
        }
    }

    /// Also the tokens that enter the first block.
    pub fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    /// Also the output of block `index`, counted from 0.
    pub fn block(mut self, index: usize) -> Self {
        self.blocks.insert(index);
        self
    }

    /// Also the attention weights of block `index`, counted from 0.
    pub fn attention(mut self, index: usize) -> Self {
        self.attention.insert(index);
        self
    }

    /// Also the attention logits of block `index`, counted from 0: the input of its softmax. Where
    /// logits grow, attention weights become one-hot and training diverges, which the QK norm
    /// prevents.
    pub fn attention_logits(mut self, index: usize) -> Self {
        self.attention_logits.insert(index);
        self
    }

    /// Also the tokens that enter the pooling.
    pub fn encoded(mut self) -> Self {
        self.encoded = true;
        self
    }

    /// Also the pooled vector, which the classifier reads.
    pub fn pooled(mut self) -> Self {
        self.pooled = true;
        self
    }

    /// Also the projection of the pooled vector.
    pub fn projected(mut self) -> Self {
        self.projected = true;
        self
    }

    /// Also the logits.
    pub fn logits(mut self) -> Self {
        self.logits = true;
        self
    }

    pub(crate) fn validate(&self, config: &ViT22BConfig) -> Result<(), ConfigError> {
        let depth = config.depth;
        for (name, indices) in [
            ("block", &self.blocks),
            ("attention", &self.attention),
            ("attention_logits", &self.attention_logits),
        ] {
            if let Some(index) = indices.last().filter(|index| **index >= depth) {
                return Err(ConfigError::UnknownFeature {
                    got: format!("{name}{index}"),
                    hint: format!("the last one is {name}{}", depth - 1),
                });
            }
        }
        if self.projected && config.projection.is_none() {
            return Err(ConfigError::UnknownFeature {
                got: "projected".into(),
                hint: "the model has no projection; ask for pooled".into(),
            });
        }
        if self.logits && config.num_classes == 0 {
            return Err(ConfigError::UnknownFeature {
                got: "logits".into(),
                hint: "the model has no classifier (num_classes = 0); ask for pooled".into(),
            });
        }
        Ok(())
    }

    /// Whether the pooled vector is needed.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled || self.projected || self.logits
    }

    /// How many blocks have to run.
    pub(super) fn blocks_needed(&self, depth: usize) -> usize {
        if self.encoded || self.is_pooled() {
            return depth;
        }
        // The attention of a block follows from its input alone.
        let outputs = self.blocks.last().map_or(0, |index| index + 1);
        let inputs = self.attention.last().max(self.attention_logits.last());
        outputs.max(inputs.copied().unwrap_or(0))
    }
}

impl FromStr for FeatureRequest {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let index =
            |name: &str, prefix| name.strip_prefix(prefix).and_then(|n: &str| n.parse().ok());
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).try_fold(
            Self::new(),
            |request, name| match name {
                "embedded" => Ok(request.embedded()),
                "encoded" => Ok(request.encoded()),
                "pooled" => Ok(request.pooled()),
                "projected" => Ok(request.projected()),
                "logits" => Ok(request.logits()),
                _ => {
                    if let Some(index) = index(name, "block") {
                        Ok(request.block(index))
                    } else if let Some(index) = index(name, "attention") {
                        Ok(request.attention(index))
                    } else if let Some(index) = index(name, "attention_logits") {
                        Ok(request.attention_logits(index))
                    } else {
                        let hint = "names are embedded, block0, attention0, attention_logits0 (or \
                                    another index), encoded, pooled, projected, logits";
                        Err(ConfigError::UnknownFeature { got: name.into(), hint: hint.into() })
                    }
                }
            },
        )
    }
}

/// The requested intermediates.
///
/// # Shapes
///
/// `n` counts the prefix tokens (class token, registers) too; they come first.
#[derive(Debug, Clone)]
pub struct Features {
    /// The tokens that enter the first block, `[b, n, d]`.
    pub embedded: Option<Tensor<3>>,
    /// Outputs of blocks, `[b, n, d]`.
    pub blocks: BTreeMap<usize, Tensor<3>>,
    /// Attention weights of blocks, `[b, h, n, n]`.
    pub attention: BTreeMap<usize, Tensor<4>>,
    /// Scaled products of queries and keys of blocks, `[b, h, n, n]`.
    pub attention_logits: BTreeMap<usize, Tensor<4>>,
    /// The tokens that enter the pooling, `[b, n, d]`.
    pub encoded: Option<Tensor<3>>,
    /// The pooled vector, `[b, d]`.
    pub pooled: Option<Tensor<2>>,
    /// The projection of the pooled vector, `[b, p]`, where `p` is the config's `projection`.
    pub projected: Option<Tensor<2>>,
    /// The logits, `[b, c]`.
    pub logits: Option<Tensor<2>>,
    /// Rows and columns of patches in these images.
    pub grid: [usize; 2],
    /// Number of tokens before the patches.
    pub prefix_tokens: usize,
}

impl Features {
    /// Names and tensors in the order in which they are computed.
    pub fn in_order(&self) -> Vec<(String, AnyTensor)> {
        let mut out: Vec<(String, AnyTensor)> = Vec::new();
        out.extend(self.embedded.iter().map(|x| ("embedded".into(), AnyTensor::new(x.clone()))));
        let attention = self.attention.keys().chain(self.attention_logits.keys());
        let last = self.blocks.keys().chain(attention).max();
        for index in 0..last.map_or(0, |last| last + 1) {
            let logits = self.attention_logits.get(&index);
            let name = format!("attention_logits{index}");
            out.extend(logits.map(|x| (name, AnyTensor::new(x.clone()))));
            let weights = self.attention.get(&index);
            out.extend(weights.map(|x| (format!("attention{index}"), AnyTensor::new(x.clone()))));
            let block = self.blocks.get(&index);
            out.extend(block.map(|x| (format!("block{index}"), AnyTensor::new(x.clone()))));
        }
        out.extend(self.encoded.iter().map(|x| ("encoded".into(), AnyTensor::new(x.clone()))));
        out.extend(self.pooled.iter().map(|x| ("pooled".into(), AnyTensor::new(x.clone()))));
        let projected = self.projected.iter();
        out.extend(projected.map(|x| ("projected".into(), AnyTensor::new(x.clone()))));
        out.extend(self.logits.iter().map(|x| ("logits".into(), AnyTensor::new(x.clone()))));
        out
    }

    /// The largest attention logit by its size, of all blocks whose logits were asked for.
    ///
    /// # Shapes
    ///
    /// - output: `[1]`; none without attention logits
    pub fn largest_attention_logit(&self) -> Option<Tensor<1>> {
        let largest = self.attention_logits.values().map(|logits| logits.clone().abs().max());
        largest.reduce(Tensor::max_pair)
    }

    /// The entropy of the attention in nats, a mean over queries, heads and images, in the block where it is
    /// lowest, of all blocks whose attention logits were asked for. Even attention to `n` tokens has `ln(n)`,
    /// attention to single tokens has 0.
    ///
    /// # Shapes
    ///
    /// - output: `[1]`; none without attention logits
    pub fn lowest_attention_entropy(&self) -> Option<Tensor<1>> {
        let entropy = |logits: &Tensor<4>| {
            let (p, log_p) = (softmax(logits.clone(), 3), log_softmax(logits.clone(), 3));
            (p * log_p).sum_dim(3).neg().mean()
        };
        self.attention_logits.values().map(entropy).reduce(Tensor::min_pair)
    }

    /// The patch tokens as a map, without the prefix: `[b, n, d]` to `[b, gh, gw, d]`.
    ///
    /// # Panics
    ///
    /// If the tokens are not those of these images.
    pub fn patch_grid(&self, tokens: Tensor<3>) -> Tensor<4> {
        let [b, _, d] = tokens.dims();
        let [rows, columns] = self.grid;
        tokens.narrow(1, self.prefix_tokens, rows * columns).reshape([b, rows, columns, d])
    }
}

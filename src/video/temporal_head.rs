//! The transformer over frames.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::{Device, Tensor, assert_shape};

use crate::error::{ConfigError, check_counts, ensure_valid};
use crate::layers::linear::{linear, projection};
use crate::layers::{
    Block, BlockConfig, Draws, Gelu, Norm, NormConfig, NormKind, encode_at, mark_used,
};

/// Configuration of a [`TemporalHead`]. The defaults have 64 M parameters, as many as the paper's head.
///
/// ```
/// use vit22b::video::TemporalHeadConfig;
///
/// TemporalHeadConfig::new(6144, 32, 400).validate()?;
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct TemporalHeadConfig {
    /// Length of the vector of a frame, at least 1.
    pub feature_width: usize,
    /// Frames of a clip, at least 1.
    pub frames: usize,
    /// Number of classes, at least 1.
    pub classes: usize,
    /// Width of a token, a multiple of `num_heads`.
    #[config(default = 1152)]
    pub width: usize,
    /// Number of blocks, at least 1.
    #[config(default = 4)]
    pub depth: usize,
    /// Number of attention heads; it divides `width`.
    #[config(default = 16)]
    pub num_heads: usize,
    /// Hidden width of the MLPs; none for four times the width.
    pub mlp_dim: Option<usize>,
    /// The activation of the MLPs.
    #[config(default = "Gelu::Erf")]
    pub gelu: Gelu,
    /// Added to the variance in every norm; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// Whether the order of frames is known, by a learned vector for each place.
    #[config(default = true)]
    pub positions: bool,
}

impl TemporalHeadConfig {
    /// Checks every field; a config that passes makes a head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([
            ("feature_width", self.feature_width),
            ("frames", self.frames),
            ("classes", self.classes),
            ("depth", self.depth),
        ])?;
        self.block_config().validate()
    }

    /// A block.
    pub fn block_config(&self) -> BlockConfig {
        let mlp_dim = self.mlp_dim.unwrap_or(self.width.saturating_mul(4));
        BlockConfig::new(self.width, mlp_dim, self.num_heads)
            .classic()
            .with_gelu(self.gelu)
            .with_epsilon(self.epsilon)
    }

    /// A head with random parameters, whose classifier is zero at first.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> TemporalHead {
        ensure_valid(self.validate());
        let normal = Initializer::Normal { mean: 0.0, std: 0.02 };
        let places = self.frames + 1;
        let norm = NormConfig::new(self.width)
            .with_kind(NormKind::Layer)
            .with_bias(true)
            .with_epsilon(self.epsilon);
        let zeros = || Initializer::Zeros;
        TemporalHead {
            projection: projection([self.feature_width, self.width], true, device),
            class_token: Initializer::Zeros.init([1, self.width], device),
            positions: self.positions.then(|| normal.init([places, self.width], device)),
            blocks: self.block_config().stack(self.depth, device),
            norm: norm.init(device),
            head: linear([self.width, self.classes], zeros(), Some(zeros()), device),
            frames: self.frames,
        }
    }
}

/// Vectors of frames to logits of a clip: each is projected, a class token is put before them, their places
/// are added, and after the blocks the class token is classified. Made by [`TemporalHeadConfig::init`].
///
/// Order enters by the positions alone: without them a clip and its reverse have one answer.
///
/// # Reference
///
/// The factorised encoder of "ViViT: A Video Vision Transformer", which ViT-22B's video transfer follows.
#[derive(Module, Debug)]
pub struct TemporalHead {
    /// `[f, d]`, the vectors of frames to tokens.
    pub projection: Linear,
    /// `[1, d]`
    pub class_token: Param<Tensor<2>>,
    /// `[1 + frames, d]`
    pub positions: Option<Param<Tensor<2>>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub norm: Norm,
    /// The classifier.
    pub head: Linear,
    frames: usize,
}

burn_trace::impl_tensor_tree!(TemporalHead);

impl TemporalHead {
    /// Logits of each clip.
    ///
    /// # Shapes
    ///
    /// - features: `[b, frames, f]`, in the order of time
    /// - output: `[b, c]`
    ///
    /// # Panics
    ///
    /// If there are other than `frames` vectors, or they have another length.
    pub fn forward(&self, features: Tensor<3>) -> Tensor<2> {
        self.classify(self.run(features, None))
    }

    /// [`forward`](Self::forward) as in training: elements of tokens and of residual branches are dropped, as
    /// `draws` says.
    pub fn forward_train(&self, features: Tensor<3>, draws: &Draws) -> Tensor<2> {
        self.classify(self.run(features, Some(draws)))
    }

    /// The tokens that the classifier reads the first of: the class token's, then those of the frames.
    ///
    /// # Shapes
    ///
    /// - features: `[b, frames, f]`
    /// - output: `[b, 1 + frames, d]`
    pub fn encode(&self, features: Tensor<3>) -> Tensor<3> {
        self.run(features, None)
    }

    /// Frames of a clip.
    pub fn frames(&self) -> usize {
        self.frames
    }

    fn run(&self, features: Tensor<3>, draws: Option<&Draws>) -> Tensor<3> {
        let (frames, width) = (self.frames, self.projection.weight.dims()[0]);
        assert_shape!(features, [_, frames, width]);
        let b = features.dims()[0];
        let projection = mark_used(self.projection.clone(), "projection");
        let tokens = projection.forward(features);
        let d = tokens.dims()[2];
        let class = self.class_token.val().unsqueeze::<3>().expand([b, 1, d]);
        let tokens = Tensor::cat(vec![class, tokens], 1);
        let tokens = match &self.positions {
            Some(positions) => tokens + positions.val().unsqueeze(),
            None => tokens,
        };
        let tokens = match draws {
            Some(Draws { key, dropout, .. }) => key.fold_in(0).dropout(tokens, *dropout),
            None => tokens,
        };
        self.norm.forward(encode_at("blocks", &self.blocks, tokens, None, draws))
    }

    fn classify(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, _, d] = tokens.dims();
        self.head.forward(tokens.narrow(1, 0, 1).reshape([b, d]))
    }
}

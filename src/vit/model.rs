//! The model: stem, blocks, norm, pooling, classifier.

use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_trace::constrain_as;

use crate::error::ConfigError;
use crate::layers::linear::linear;
use crate::layers::{
    Block, Draws, MapPool, Norm, PatchEmbed, Projections, activation, encode, mark_used, resample,
    sin_cos_2d,
};

use super::config::{Pool, Positions, ViT22BConfig};
use super::features::{FeatureRequest, Features};

/// A vision transformer of the ViT-22B family. Made by [`ViT22BConfig::init`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::vit::{FeatureRequest, ViT22BConfig};
///
/// let device = Device::flex();
/// let model = ViT22BConfig::new(10)
///     .with_image([32, 32]).with_patch(8)
///     .with_width(64).with_depth(2).with_mlp_dim(256).with_num_heads(4)
///     .init(&device)?;
///
/// let images = Tensor::<4>::zeros([1, 3, 32, 32], &device); // values in [-1, 1]
/// assert_eq!(model.forward(images.clone()).dims(), [1, 10]);
///
/// let features = model.features(images, &FeatureRequest::new().block(0).attention(1))?;
/// assert_eq!(features.patch_grid(features.blocks[&0].clone()).dims(), [1, 4, 4, 64]);
/// assert_eq!(features.attention[&1].dims(), [1, 4, 16, 16]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct ViT22B {
    /// Images to patch tokens.
    pub embedding: PatchEmbed,
    /// Learned positions `[gh * gw, d]`.
    pub pos_embedding: Option<Param<Tensor<2>>>,
    /// The class token `[1, d]`.
    pub class_token: Option<Param<Tensor<2>>>,
    /// Register tokens `[r, d]`.
    pub registers: Option<Param<Tensor<2>>>,
    /// The norm after the embedding, where the config has it.
    pub embedding_norm: Option<Norm>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub norm: Norm,
    /// The attention pooling head.
    pub map: Option<MapPool>,
    /// The classifier.
    pub head: Option<Linear>,
    #[module(skip)]
    config: ViT22BConfig,
}

burn_trace::impl_tensor_tree!(ViT22B);

impl ViT22BConfig {
    /// A model with random parameters. Each is drawn when it is first used, so that `init` allocates
    /// nothing; [`params::initialize`](crate::params::initialize) draws them all.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init(&self, device: &Device) -> Result<ViT22B, ConfigError> {
        self.validate()?;
        let norm = || self.norm_config().init(device);
        let learned = |count: usize| {
            let normal = Initializer::Normal { mean: 0.0, std: 1.0 / (self.width as f64).sqrt() };
            (count > 0).then(|| normal.init([count, self.width], device))
        };
        let head = || {
            let bias = Initializer::Constant { value: self.head_bias };
            let bias = self.biases.head.then_some(bias);
            linear([self.width, self.num_classes], Initializer::Zeros, bias, device)
        };
        Ok(ViT22B {
            embedding: self.patch_embed_config().init(device),
            pos_embedding: match self.positions {
                Positions::Learned => learned(self.patches()),
                Positions::SinCos2d => None,
            },
            class_token: (self.pool == Pool::ClassToken)
                .then(|| Initializer::Zeros.init([1, self.width], device)),
            registers: learned(self.registers),
            embedding_norm: self.norm_embedding.then(norm),
            blocks: self.block_config().stack(self.depth, device),
            norm: norm(),
            map: (self.pool == Pool::Map).then(|| self.map_pool_config().init(device)),
            head: (self.num_classes > 0).then(head),
            config: self.clone(),
        })
    }
}

impl ViT22B {
    /// The config that made the model.
    pub fn config(&self) -> &ViT22BConfig {
        &self.config
    }

    /// Sets how the projections of parallel blocks are executed. It changes no parameter, and no
    /// result beyond rounding.
    #[must_use]
    pub fn with_projections(mut self, projections: Projections) -> Self {
        let blocks = self.blocks.into_iter();
        self.blocks = blocks.map(|block| block.with_projections(projections)).collect();
        self
    }

    /// Logits, or the pooled vector of a model without a classifier.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, values in [−1, 1]; any size that the patch divides
    /// - output: `[b, c]`, or `[b, d]` where `num_classes` is 0
    ///
    /// # Panics
    ///
    /// If the images do not have these axes; the text names the axis.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.output(images, None)
    }

    /// [`forward`](Self::forward) as in training: elements of the embedding, of hidden layers and
    /// of residual branches are dropped, and residual branches of images, as `draws` says.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::RandomKey;
    /// use vit22b::vit::{Draws, Variant};
    ///
    /// let device = Device::flex();
    /// let model = Variant::parse("mu/16")?.config(10).with_image([32, 32]).init(&device)?;
    /// let draws = Draws::new(RandomKey::new(7, &device)).with_dropout(0.1);
    /// assert_eq!(model.forward_train(Tensor::zeros([1, 3, 32, 32], &device), &draws).dims(), [1, 10]);
    /// # Ok::<(), vit22b::ConfigError>(())
    /// ```
    pub fn forward_train(&self, images: Tensor<4>, draws: &Draws) -> Tensor<2> {
        self.output(images, Some(draws))
    }

    /// The pooled vector `[b, d]`: the representation that frozen-feature evaluations use.
    pub fn pooled(&self, images: Tensor<4>) -> Tensor<2> {
        let features = self.run(images, &FeatureRequest::new().pooled(), None);
        features.pooled.expect("pooled was asked for")
    }

    /// The requested intermediates; others are not computed.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownFeature`] for a block that the model does not have.
    pub fn features(
        &self,
        images: Tensor<4>,
        request: &FeatureRequest,
    ) -> Result<Features, ConfigError> {
        request.validate(self.blocks.len(), self.head.is_some())?;
        Ok(self.run(images, request, None))
    }

    fn output(&self, images: Tensor<4>, draws: Option<&Draws>) -> Tensor<2> {
        let request = match self.head {
            Some(_) => FeatureRequest::new().logits(),
            None => FeatureRequest::new().pooled(),
        };
        let features = self.run(images, &request, draws);
        features.logits.or(features.pooled).expect("one of the two was asked for")
    }

    fn run(&self, images: Tensor<4>, request: &FeatureRequest, draws: Option<&Draws>) -> Features {
        let depth = self.blocks.len();
        let (mut x, grid) = self.embed(images, draws);
        let mut out = Features {
            embedded: request.embedded.then(|| x.clone()),
            blocks: Default::default(),
            attention: Default::default(),
            attention_logits: Default::default(),
            encoded: None,
            pooled: None,
            logits: None,
            grid,
            prefix_tokens: self.config.prefix_tokens(),
        };
        let needed = request.blocks_needed(depth);
        let is_whole = request.blocks.is_empty()
            && request.attention.is_empty()
            && request.attention_logits.is_empty();
        if is_whole {
            x = encode(&self.blocks[..needed], x, None, draws);
        } else {
            for (index, block) in self.blocks.iter().enumerate() {
                let weights = request.attention.contains(&index);
                if weights || request.attention_logits.contains(&index) {
                    let logits = block.attention_logits(x.clone());
                    if weights {
                        out.attention.insert(index, softmax(logits.clone(), 3));
                    }
                    if request.attention_logits.contains(&index) {
                        out.attention_logits.insert(index, logits);
                    }
                }
                if index >= needed {
                    break;
                }
                x = block.forward(x, None, None);
                if request.blocks.contains(&index) {
                    out.blocks.insert(index, x.clone());
                }
            }
        }
        if !(request.encoded || request.pooled || request.logits) {
            return out;
        }
        if !self.config.norm_pooled {
            x = self.norm.forward(x);
        }
        out.encoded = request.encoded.then(|| x.clone());
        if request.pooled || request.logits {
            let pooled = self.pool(x);
            out.logits = self
                .head
                .as_ref()
                .filter(|_| request.logits)
                .map(|head| head.forward(pooled.clone()));
            out.pooled = request.pooled.then_some(pooled);
        }
        out
    }

    /// The tokens that enter the first block, and the grid of the patches: class token, registers,
    /// then patches with their positions.
    fn embed(&self, images: Tensor<4>, draws: Option<&Draws>) -> (Tensor<3>, [usize; 2]) {
        let (x, grid) = self.embedding.forward(images);
        let [b, _, d] = x.dims();
        let positions = match &self.pos_embedding {
            Some(learned) => {
                resample(learned.val(), self.config.grid(), grid, self.config.interpolation)
            }
            None => sin_cos_2d(grid, d, &x.device()).cast(x.dtype()),
        };
        let x = x + positions.unsqueeze();
        let prefix = [&self.class_token, &self.registers].into_iter().flatten();
        let mut parts: Vec<_> = prefix
            .map(|tokens| tokens.val().unsqueeze::<3>().expand([b, tokens.dims()[0], d]))
            .collect();
        parts.push(x);
        let x = if parts.len() > 1 { Tensor::cat(parts, 1) } else { parts.remove(0) };
        let x = match &self.embedding_norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let x = match draws {
            Some(Draws { key, dropout, .. }) => key.fold_in(0).dropout(x, *dropout),
            None => x,
        };
        (constrain_as(x, activation::RESIDUAL), grid)
    }

    /// One vector of the tokens of each image.
    fn pool(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, n, d] = tokens.dims();
        let prefix = self.config.prefix_tokens();
        let patches = |tokens: Tensor<3>| match prefix {
            0 => tokens,
            _ => tokens.narrow(1, prefix, n - prefix),
        };
        let pooled = match (&self.map, self.config.pool) {
            (Some(map), _) => mark_used(map.clone(), "map").forward(patches(tokens)),
            (None, Pool::ClassToken) => tokens.narrow(1, 0, 1).reshape([b, d]),
            (None, _) => patches(tokens).mean_dim(1).reshape([b, d]),
        };
        if self.config.norm_pooled { self.norm.forward(pooled) } else { pooled }
    }
}

impl ModuleDisplay for ViT22B {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_show_num_parameters(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        self.config
            .describe()
            .into_iter()
            .fold(content, |content, (name, text)| content.add(name, &text))
            .optional()
    }
}

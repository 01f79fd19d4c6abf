//! The model: stem, blocks, norm, pooling, classifier.

use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_trace::constrain_as;

use crate::error::ConfigError;
use crate::layers::linear::{linear, projection};
use crate::layers::{
    Block, Draws, MapPool, Norm, PatchEmbed, Projections, QueryPool, TokenGrid, activation,
    encode_on, mark_used, resample, sin_cos_2d, sin_cos_2d_mae,
};

use super::config::{HeadInput, Pool, Positions, ViT22BConfig};
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
    /// The distillation token `[1, d]`.
    pub distillation_token: Option<Param<Tensor<2>>>,
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
    /// The attention pooling by a learned query.
    pub query_pool: Option<QueryPool>,
    /// The classifier.
    pub head: Option<Linear>,
    /// The classifier of the distillation token.
    pub distillation_head: Option<Linear>,
    /// The projection `[d, p]` of the pooled vector, without a bias.
    pub projection: Option<Linear>,
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
            linear([self.head_width(), self.num_classes], Initializer::Zeros, bias, device)
        };
        let token = || Initializer::Zeros.init([1, self.width], device);
        let distilled = self.pool.has_distillation_token();
        Ok(ViT22B {
            embedding: self.patch_embed_config().init(device),
            pos_embedding: match self.positions {
                Positions::Learned => learned(self.patches()),
                _ => None,
            },
            class_token: self.pool.has_class_token().then(token),
            distillation_token: distilled.then(token),
            registers: learned(self.registers),
            embedding_norm: self.norm_embedding.then(norm),
            blocks: self.block_config().stack(self.depth, device),
            norm: norm(),
            map: (self.pool == Pool::Map).then(|| self.map_pool_config().init(device)),
            query_pool: (self.pool == Pool::Query).then(|| self.query_pool_config().init(device)),
            head: (self.num_classes > 0).then(head),
            distillation_head: (distilled && self.num_classes > 0).then(head),
            projection: self.projection.map(|width| projection([self.width, width], false, device)),
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
        request.validate(&self.config)?;
        Ok(self.run(images, request, None))
    }

    /// [`features`](Self::features) as in training: what [`forward_train`](Self::forward_train) drops is dropped.
    ///
    /// # Errors
    ///
    /// As [`features`](Self::features).
    pub fn features_train(
        &self,
        images: Tensor<4>,
        request: &FeatureRequest,
        draws: &Draws,
    ) -> Result<Features, ConfigError> {
        request.validate(&self.config)?;
        Ok(self.run(images, request, Some(draws)))
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
            projected: None,
            logits: None,
            grid,
            prefix_tokens: self.config.prefix_tokens(),
        };
        let tokens = self.token_grid(grid, &x.device());
        let needed = request.blocks_needed(depth);
        let is_whole = request.blocks.is_empty()
            && request.attention.is_empty()
            && request.attention_logits.is_empty();
        if is_whole {
            x = encode_on("blocks", &self.blocks[..needed], x, &tokens, None, draws);
        } else {
            for (index, block) in self.blocks.iter().enumerate() {
                let weights = request.attention.contains(&index);
                if weights || request.attention_logits.contains(&index) {
                    let logits = block.attention_logits_on(x.clone(), &tokens);
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
                let draws = draws.map(|draws| draws.of_place(index, depth, &x.device()));
                x = block.forward_on(x, &tokens, None, draws.as_ref());
                if request.blocks.contains(&index) {
                    out.blocks.insert(index, x.clone());
                }
            }
        }
        if !(request.encoded || request.is_pooled()) {
            return out;
        }
        if !self.config.norm_pooled {
            x = self.norm.forward(x);
        }
        out.encoded = request.encoded.then(|| x.clone());
        if request.is_pooled() {
            let pooled = self.pool(x.clone());
            if request.logits {
                out.logits = self.logits(x, pooled.clone());
            }
            let projection = self.projection.as_ref().filter(|_| request.projected);
            out.projected = projection.map(|projection| projection.forward(pooled.clone()));
            out.pooled = request.pooled.then_some(pooled);
        }
        out
    }

    /// Where the tokens of images with this grid of patches stand.
    fn token_grid(&self, grid: [usize; 2], device: &Device) -> TokenGrid {
        let tokens = TokenGrid::new(grid, self.config.prefix_tokens());
        match &self.config.rotary {
            Some(rotary) => tokens.with_rotary(rotary, self.config.head_dim(), device),
            None => tokens,
        }
    }

    /// The tokens that enter the first block, and the grid of the patches: class token, distillation
    /// token, registers, then patches with their positions.
    fn embed(&self, images: Tensor<4>, draws: Option<&Draws>) -> (Tensor<3>, [usize; 2]) {
        let (x, grid) = self.embedding.forward(images);
        let [b, _, d] = x.dims();
        let positions = match (&self.pos_embedding, self.config.positions) {
            (Some(learned), _) => {
                let (from, by) = (self.config.grid(), self.config.interpolation);
                Some(resample(learned.val(), from, grid, by))
            }
            (None, Positions::SinCos2d) => Some(sin_cos_2d(grid, d, &x.device())),
            (None, Positions::SinCos2dMae) => Some(sin_cos_2d_mae(grid, d, &x.device())),
            (None, _) => None,
        };
        let x = match positions {
            Some(positions) => {
                let positions = positions.cast(x.dtype()).unsqueeze::<3>();
                x + positions
            }
            None => x,
        };
        let prefix = [&self.class_token, &self.distillation_token, &self.registers];
        let mut parts: Vec<_> = prefix
            .into_iter()
            .flatten()
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
        let reads_prefix = self.config.map_head.is_some_and(|head| head.reads_prefix);
        let pooled = match self.config.pool {
            Pool::Map => {
                let tokens = if reads_prefix { tokens } else { self.patches(tokens) };
                let map = self.map.clone().expect("the pool is a Map");
                mark_used(map, "map").forward(tokens)
            }
            Pool::Query => {
                let pool = self.query_pool.clone().expect("the pool is a Query");
                mark_used(pool, "query_pool").forward(tokens)
            }
            Pool::Average => self.mean(tokens),
            Pool::ClassToken | Pool::ClassBesideDistillation => token(&tokens, 0),
            Pool::Distilled => (token(&tokens, 0) + token(&tokens, 1)).div_scalar(2.0),
        };
        if self.config.norm_pooled { self.norm.forward(pooled) } else { pooled }
    }

    /// The logits, if there is a classifier: its own, or the mean of both classifiers'.
    fn logits(&self, tokens: Tensor<3>, pooled: Tensor<2>) -> Option<Tensor<2>> {
        let head = self.head.as_ref()?;
        if let Some(distillation) = &self.distillation_head {
            let class = head.forward(token(&tokens, 0));
            let distilled = distillation.forward(token(&tokens, 1));
            return Some((class + distilled).div_scalar(2.0));
        }
        let input = match self.config.head_input {
            Some(HeadInput::PooledAndMean) => Tensor::cat(vec![pooled, self.mean(tokens)], 1),
            Some(HeadInput::Pooled) | None => pooled,
        };
        Some(head.forward(input))
    }

    /// The tokens behind the prefix.
    fn patches(&self, tokens: Tensor<3>) -> Tensor<3> {
        let count = tokens.dims()[1];
        match self.config.prefix_tokens() {
            0 => tokens,
            prefix => tokens.narrow(1, prefix, count - prefix),
        }
    }

    fn mean(&self, tokens: Tensor<3>) -> Tensor<2> {
        let [b, _, d] = tokens.dims();
        self.patches(tokens).mean_dim(1).reshape([b, d])
    }
}

/// One token of each image.
fn token(tokens: &Tensor<3>, index: usize) -> Tensor<2> {
    let [b, _, d] = tokens.dims();
    tokens.clone().narrow(1, index, 1).reshape([b, d])
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

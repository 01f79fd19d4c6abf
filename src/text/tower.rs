//! The text tower: embedding, positions, blocks, norm, pooling, head.

use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::{Bool, Device, Int, Tensor};
use burn_trace::constrain_as;

use crate::error::ConfigError;
use crate::layers::linear::projection;
use crate::layers::{Block, Draws, MapPool, Norm, activation, encode_at};

use super::config::{TextAttention, TextConfig, TextPool};

/// A transformer from the ids of texts to one vector each. Made by [`TextConfig::init`].
///
/// # Reference
///
/// "LiT: Zero-Shot Transfer with Locked-image text Tuning" (arXiv 2111.07991); the choices of its config are those of
/// SigLIP, LiT and CLIP.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct TextTower {
    /// The vectors of the ids, `[v, d]`.
    pub token_embedding: Param<Tensor<2>>,
    /// Learned positions `[n, d]`.
    pub pos_embedding: Param<Tensor<2>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub norm: Norm,
    /// The attention pooling, where the config has it.
    pub map: Option<MapPool>,
    /// The layer from the pooled vector to the output.
    pub head: Option<Linear>,
    #[module(skip)]
    config: TextConfig,
}

burn_trace::impl_tensor_tree!(TextTower);

impl TextConfig {
    /// A tower with random parameters, which are drawn when they are first used.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init(&self, device: &Device) -> Result<TextTower, ConfigError> {
        self.validate()?;
        let normal = Initializer::Normal { mean: 0.0, std: 1.0 / (self.width as f64).sqrt() };
        let table = |rows| normal.init([rows, self.width], device);
        let map = (self.pool == TextPool::Map).then(|| self.map_pool_config().init(device));
        let head = |output| projection([self.width, output], self.head_bias, device);
        Ok(TextTower {
            token_embedding: table(self.vocabulary),
            pos_embedding: table(self.length),
            blocks: self.block_config().stack(self.depth, device),
            norm: self.norm_config().init(device),
            map,
            head: self.output.map(head),
            config: self.clone(),
        })
    }
}

impl TextTower {
    /// The config that made the tower.
    pub fn config(&self) -> &TextConfig {
        &self.config
    }

    /// One vector for each text, of any length: [`TwoTower`](crate::contrast::TwoTower) divides it by its norm.
    ///
    /// # Shapes
    ///
    /// - ids: `[b, n]`, `n` being [`TextConfig::length`]
    /// - output: `[b, e]`, `e` being [`TextConfig::outputs`]
    ///
    /// # Panics
    ///
    /// If the texts have another length. Ids that are not below the vocabulary are a mistake of the caller, which a
    /// device may answer with any vector; [`TextEncoder`](super::TextEncoder) makes none.
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        self.output(ids, None)
    }

    /// [`forward`](Self::forward) as in training: what `draws` says is dropped.
    pub fn forward_train(&self, ids: Tensor<2, Int>, draws: &Draws) -> Tensor<2> {
        self.output(ids, Some(draws))
    }

    /// The tokens behind the last norm.
    ///
    /// # Shapes
    ///
    /// - ids: `[b, n]`
    /// - output: `[b, n, d]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn encoded(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.encode(ids, None)
    }

    fn encode(&self, ids: Tensor<2, Int>, draws: Option<&Draws>) -> Tensor<3> {
        let ([b, n], d) = (ids.dims(), self.config.width);
        let length = self.config.length;
        assert!(n == length, "ids: axis 1 (tokens) expected {length}, got {n}");
        let x = self.token_embedding.val().select(0, ids.reshape([b * n])).reshape([b, n, d]);
        let x = x + self.pos_embedding.val().unsqueeze::<3>();
        let x = match draws {
            Some(Draws { key, dropout, .. }) => key.fold_in(0).dropout(x, *dropout),
            None => x,
        };
        let mask = match self.config.attention {
            TextAttention::Full => None,
            TextAttention::Causal => {
                let later = Tensor::<2, Bool>::tril_mask([n, n], 0, &x.device());
                Some(later.bool_not().unsqueeze())
            }
        };
        let x = constrain_as(x, activation::RESIDUAL);
        self.norm.forward(encode_at("text.blocks", &self.blocks, x, mask, draws))
    }

    fn output(&self, ids: Tensor<2, Int>, draws: Option<&Draws>) -> Tensor<2> {
        let tokens = self.encode(ids.clone(), draws);
        let [b, n, d] = tokens.dims();
        let at = |place| tokens.clone().narrow(1, place, 1).reshape([b, d]);
        let pooled = match (self.config.pool, &self.map) {
            (TextPool::Map, Some(map)) => map.forward(tokens),
            (TextPool::First, _) => at(0),
            (TextPool::Mean, _) => tokens.mean_dim(1).reshape([b, d]),
            (TextPool::End, _) => {
                let end = self.config.end as i64;
                first(ids.equal_elem(end), tokens)
            }
            (TextPool::LargestId, _) => {
                let largest = ids.clone().max_dim(1).expand([b, n]);
                first(ids.equal(largest), tokens)
            }
            (TextPool::Last | TextPool::Map, _) => at(n - 1),
        };
        match &self.head {
            Some(head) => head.forward(pooled),
            None => pooled,
        }
    }
}

/// The first token of each text for which `is_it` is true, or the text's first one.
///
/// It is chosen by a product with zeros and a one, whose gradient is a product too.
fn first(is_it: Tensor<2, Bool>, tokens: Tensor<3>) -> Tensor<2> {
    let [b, n, d] = tokens.dims();
    let device = tokens.device();
    let places = Tensor::<1, Int>::arange(0..n as i64, &device).unsqueeze::<2>().expand([b, n]);
    let place = places.clone().mask_fill(is_it.bool_not(), n as i64).min_dim(1);
    let place = place.clone().mask_fill(place.equal_elem(n as i64), 0).expand([b, n]);
    let chosen = places.equal(place).float().cast(tokens.dtype());
    chosen.unsqueeze_dim::<3>(1).matmul(tokens).reshape([b, d])
}

impl ModuleDisplay for TextTower {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_show_num_parameters(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let TextConfig { vocabulary, length, width, depth, .. } = &self.config;
        let size = format!("{vocabulary} ids, {length} tokens, width {width}, depth {depth}");
        content.add("text", &size).optional()
    }
}

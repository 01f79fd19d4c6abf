//! The layers of the family, for models of any make.
//!
//! Each layer has a config, whose defaults are those of ViT-22B: `BlockConfig::new(…)`, `with_…` for
//! what shall differ, [`validate`](BlockConfig::validate), and `init(&device)` for a layer with
//! random parameters, which are drawn when they are first used. A layer knows no model. It is a
//! module of Burn, and as a [`TensorTree`](burn_trace::TensorTree) it can be bound to a
//! [`Runtime`](crate::Runtime) as it is.
//!
//! | config | layer | of |
//! | --- | --- | --- |
//! | [`PatchEmbedConfig`] | [`PatchEmbed`] | images, to tokens |
//! | [`BlockConfig`] | [`Block`] | tokens; [`encode`] runs all blocks of a model |
//! | [`AttentionConfig`] | [`Attention`] | tokens and other tokens |
//! | [`MlpConfig`] | [`Mlp`] | tokens |
//! | [`NormConfig`] | [`Norm`] | tensors of any rank |
//! | [`MapPoolConfig`] | [`MapPool`] | tokens, to a vector |
//! | [`QueryPoolConfig`] | [`QueryPool`] | tokens, to a vector |
//!
//! Positions are added to tokens ([`sin_cos_2d`], learned ones by [`resample`]), or queries and keys
//! are turned by them ([`RotaryConfig`]), or they are a bias of attention ([`RelativeBias`]): for the
//! last two a [`TokenGrid`] says where tokens stand, and methods whose name ends in `_on` take it.
//!
//! [`Draws`] is all that a forward pass in training draws from: without it nothing is dropped.
//! [`activation`] has the names under which layers mark their activations for compilers.
//!
//! Letters of shapes, the same in the whole crate: `b` batch, `n` tokens, `d` width, `h` heads,
//! `k` head dimension, `f` MLP dimension, `c` classes or channels, `p` patch, `gh × gw` grid.
//!
//! ```
//! use burn::nn::{Linear, LinearConfig};
//! use burn::module::Module;
//! use burn::tensor::{Device, Tensor};
//! use vit22b::layers::{Block, BlockConfig, PatchEmbed, PatchEmbedConfig, encode};
//!
//! #[derive(Module, Debug)]
//! struct Tiny {
//!     embedding: PatchEmbed,
//!     blocks: Vec<Block>,
//!     head: Linear,
//! }
//!
//! impl Tiny {
//!     fn forward(&self, images: Tensor<4>) -> Tensor<2> {
//!         let (tokens, _) = self.embedding.forward(images);
//!         let tokens = encode(&self.blocks, tokens, None, None);
//!         self.head.forward(tokens.mean_dim(1).squeeze_dim(1))
//!     }
//! }
//!
//! let device = Device::flex();
//! let model = Tiny {
//!     embedding: PatchEmbedConfig::new(32, 8).init(&device),
//!     blocks: BlockConfig::new(32, 64, 4).stack(2, &device),
//!     head: LinearConfig::new(32, 10).init(&device),
//! };
//! assert_eq!(model.forward(Tensor::zeros([1, 3, 32, 32], &device)).dims(), [1, 10]);
//! ```

pub mod activation;
mod attention;
mod block;
mod draws;
mod fused;
pub(crate) mod interpolation;
mod kinds;
pub(crate) mod linear;
mod map_pool;
mod mlp;
mod norm;
mod patch_embed;
mod positions;
mod query_pool;
mod relative_bias;
mod rotary;
mod stack;
mod token_grid;

pub use attention::{Attention, AttentionConfig};
pub use block::{Block, BlockConfig};
pub use draws::Draws;
pub use kinds::{BlockKind, Gate, Gelu, Interpolation, NormKind, Projections, QkNorm, SubNorm};
pub use map_pool::{MapPool, MapPoolConfig};
pub use mlp::{Mlp, MlpConfig};
pub use norm::{Norm, NormConfig};
pub use patch_embed::{PatchEmbed, PatchEmbedConfig};
pub(crate) use positions::check_sin_cos_width;
pub use positions::{resample, sin_cos_2d, sin_cos_2d_mae};
pub use query_pool::{QueryPool, QueryPoolConfig};
pub(crate) use relative_bias::relative_bias_rows;
pub use relative_bias::{RelativeBias, resample_relative_bias};
pub use rotary::{Coordinates, RotaryConfig, RotaryPairs};
pub use stack::{encode, encode_at, encode_on, mark_used};
pub use token_grid::TokenGrid;

//! The model family.
//!
//! A model is read from [`ViT22BConfig`] downwards: [`ViT22B`] holds the stem ([`PatchEmbed`],
//! positions), the [`Block`]s with [`Attention`] and [`Mlp`], the final [`Norm`], the pooling
//! head ([`MapPool`]) and the classifier. Images are `[b, c, height, width]` in [−1, 1].
//!
//! Letters of shapes, the same in the whole crate: `b` batch, `n` tokens, `d` width, `h` heads,
//! `k` head dimension, `f` MLP dimension, `c` classes or channels, `p` patch, `gh × gw` grid.

mod attention;
mod block;
mod config;
mod cost;
mod features;
mod linear;
mod mlp;
mod model;
mod norm;
mod patch_embed;
pub mod place;
mod pool;
mod pos_embed;
mod variant;

pub use attention::Attention;
pub use block::Block;
pub use config::{
    Biases, BlockKind, Gelu, Interpolation, NormKind, Pool, Positions, Projections, QkNorm,
    ViT22BConfig,
};
pub use cost::ParameterCount;
pub use features::{FeatureRequest, Features};
pub use mlp::Mlp;
pub use model::ViT22B;
pub use norm::Norm;
pub use patch_embed::PatchEmbed;
pub use pool::MapPool;
pub use pos_embed::{resample, sin_cos_2d};
pub use variant::{SIZES, Size, Variant};

//! The model family.
//!
//! A model is read from [`ViT22BConfig`] downwards: [`ViT22B`] holds the stem ([`PatchEmbed`],
//! positions), the [`Block`]s with [`Attention`] and [`Mlp`], the final [`Norm`], the pooling
//! head ([`MapPool`]) and the classifier. Images are `[b, c, height, width]` in [−1, 1].
//!
//! Letters of shapes, the same in the whole crate: `b` batch, `n` tokens, `d` width, `h` heads,
//! `k` head dimension, `f` MLP dimension, `c` classes or channels, `p` patch, `gh × gw` grid.

mod check;
mod config;
mod cost;
mod families;
mod features;
mod model;
mod saved;
mod transfer;
mod variant;

pub use crate::layers::{
    Attention, Block, BlockKind, Draws, Gate, Gelu, Interpolation, MapPool, Mlp, Norm, NormKind,
    PatchEmbed, Projections, QkNorm, QueryPool, RotaryConfig, SubNorm, resample, sin_cos_2d,
};
pub use config::{Biases, HeadInput, MapHead, Pool, Positions, ViT22BConfig};
pub use cost::ParameterCount;
pub use features::{FeatureRequest, Features};
pub use model::ViT22B;
pub(crate) use saved::{add_missing, complete, read_config};
pub use variant::{SIZES, Size, Variant};

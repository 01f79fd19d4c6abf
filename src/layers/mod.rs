//! The layers of the family, for models of any make.

pub mod activation;
pub(crate) mod attention;
pub(crate) mod block;
pub(crate) mod kinds;
pub(crate) mod linear;
pub(crate) mod map_pool;
pub(crate) mod mlp;
pub(crate) mod norm;
pub(crate) mod patch_embed;
pub(crate) mod positions;

pub use attention::Attention;
pub use block::Block;
pub use kinds::{BlockKind, Gelu, Interpolation, NormKind, Projections, QkNorm};
pub use map_pool::MapPool;
pub use mlp::Mlp;
pub use norm::Norm;
pub use patch_embed::PatchEmbed;
pub use positions::{resample, sin_cos_2d};

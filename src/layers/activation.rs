//! Names of the activations that a sharding can constrain, or rolled blocks keep.
//!
//! The model gives them by [`constrain_as`](burn_trace::constrain_as) and
//! [`checkpoint_name`](burn_trace::checkpoint_name). Where nothing is compiled they mean nothing.

/// What goes from block to block, `[b, n, d]`: behind the embedding and behind each block.
pub const RESIDUAL: &str = "residual";
/// What the norm of a block sees, `[b, n, d]`. With tokens cut here, each device of the model
/// axis norms its own tokens only, where it would norm all of them otherwise.
pub const NORM: &str = "norm";
/// What the first products of a block read, `[b, n, d]`, behind its norm; and those of the attention
/// pooling.
pub const ENTRANCE: &str = "entrance";
/// Queries, keys and values, `[b, n, h, k]`.
pub const HEADS: &str = "heads";
/// Between the layers of an MLP, `[b, n, f]`, before the activation; can be kept.
pub const HIDDEN: &str = "hidden";
/// Queries, `[b, n, d]`, before their norm; can be kept.
pub const QUERY: &str = "query";
/// Keys, `[b, n, d]`, before their norm; can be kept.
pub const KEY: &str = "key";
/// Values, `[b, n, d]`; can be kept.
pub const VALUE: &str = "value";
/// Scaled products of queries and keys, `[b, h, n, n]`; can be kept.
pub const SCORES: &str = "scores";
/// What attention takes from the values, `[b, n, d]`, before the output projection; can be kept.
pub const ATTENDED: &str = "attended";

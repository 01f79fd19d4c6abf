//! Names of activations: by them a layout shards a tensor, and rolled blocks keep one for the
//! backward pass.
//!
//! The layers mark tensors with them by [`constrain_as`](burn_trace::constrain_as) and
//! [`checkpoint_name`](burn_trace::checkpoint_name). Where nothing is compiled the marks do nothing.

/// The tokens between blocks, `[b, n, d]`: after the embedding and after each block.
pub const RESIDUAL: &str = "residual";
/// The input of a block's norm, `[b, n, d]`. Where its tokens are sharded over the model axis, each
/// device normalises its own tokens alone; otherwise each normalises all of them.
pub const NORM: &str = "norm";
/// The input of a block's first products, `[b, n, d]`, after its norm; and the tokens that the
/// attention pooling reads.
pub const ENTRANCE: &str = "entrance";
/// Queries, keys and values, `[b, n, h, k]`.
pub const HEADS: &str = "heads";
/// The hidden layer of an MLP, `[b, n, f]`, before the activation function. It can be kept.
pub const HIDDEN: &str = "hidden";
/// Queries, `[b, n, d]`, before their norm. They can be kept.
pub const QUERY: &str = "query";
/// Keys, `[b, n, d]`, before their norm. They can be kept.
pub const KEY: &str = "key";
/// Values, `[b, n, d]`. They can be kept.
pub const VALUE: &str = "value";
/// Scaled products of queries and keys, `[b, h, n, n]`. They can be kept.
pub const SCORES: &str = "scores";
/// The sums of values that queries take, `[b, n, d]`, before the output projection. They can be kept.
pub const ATTENDED: &str = "attended";

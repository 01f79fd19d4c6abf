//! Names of the activations that a sharding can constrain.
//!
//! The model gives them by [`constrain_as`](burn_xla::mesh::constrain_as). Where it does not run over
//! a mesh they mean nothing.

/// What goes from block to block, `[b, n, d]`: behind the embedding and behind each block.
pub const RESIDUAL: &str = "residual";
/// What the norm of a block sees, `[b, n, d]`. With tokens cut here, each device of the model
/// axis norms its own tokens only, where it would norm all of them otherwise.
pub const NORM: &str = "norm";
/// Queries, keys and values, `[b, n, h, k]`.
pub const HEADS: &str = "heads";
/// Between the layers of an MLP, `[b, n, f]`.
pub const HIDDEN: &str = "hidden";

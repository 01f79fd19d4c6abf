//! Functions of `burn-xla-kernels` that programs call where tensors are in the memory of this process: their
//! names, and what they read and write.
//!
//! A name ends with the version of what it stands for, since compiled programs may be kept.

/// Attention, forward. Reads a scalar `scale` of f32, queries `[b, m, h, k]`, keys and values `[b, n, h, k]`; writes the
/// result `[b, m, h, k]`.
pub const ATTENTION: &str = "burn_xla.attention.1";

/// Its gradient. Reads what [`ATTENTION`] reads, and the gradient by the result; writes those by queries, keys and
/// values.
pub const ATTENTION_BACKWARD: &str = "burn_xla.attention_backward.1";

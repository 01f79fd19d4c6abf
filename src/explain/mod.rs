//! What in an image an answer comes from.
//!
//! - [`PathGradients`]: integrated gradients, how much each value of an image adds to a logit
//! - [`attention_rollout`]: from which patches each token's content comes, by the attention of all blocks;
//!   [`pooled_rollout`] the same for a pooling head
//!
//! Both are functions of tensors; [`report`](crate::report) draws maps over images.

mod path_gradients;
mod quadrature;
mod rollout;

pub use path_gradients::{Attribution, ExplainError, PathGradients};
pub use quadrature::PathRule;
pub use rollout::{attention_rollout, pooled_rollout};

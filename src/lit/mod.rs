//! Locked-image tuning: a text tower learns to match the vectors of an image model that stays as it is.
//!
//! The image model is asked once: [`ImageViews`] are its vectors of a few views of each image, kept on disk. [`Pairs`] join
//! them to the ids of the images' texts, [`Lit`] is the task of learning from these, and [`TextHalf`] is what is learned. With
//! the image model it makes a [`TwoTower`](crate::contrast::TwoTower), which names images of classes that it was not trained on.
//!
//! ```text
//! images   ─▶ Embedder  ─▶ ImageViews ─┐
//! captions ─▶ TextEncoder ─────────────┴▶ Pairs ─▶ Trainer of Lit ─▶ TextHalf ─▶ TwoTower
//! ```
//!
//! # Reference
//!
//! "LiT: Zero-Shot Transfer with Locked-image text Tuning" (arXiv 2111.07991), as ViT-22B got its text tower; "Sigmoid Loss for Language
//! Image Pre-Training" (arXiv 2303.15343), which does so on vectors that are computed once.

mod error;
mod pairs;
mod task;
mod text_half;
mod views;

pub use error::LitError;
pub use pairs::Pairs;
pub use task::{Contrast, Lit, LitBatch};
pub use text_half::TextHalf;
pub use views::ImageViews;

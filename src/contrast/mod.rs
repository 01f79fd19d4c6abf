//! Images beside texts: the model of two towers, and what zero-shot classification asks of it.
//!
//! A [`TwoTower`] is an image model and a text tower whose vectors are compared by their angle. [`Prompts`] put names of
//! classes into sentences, a [`TextEmbedder`] makes vectors of texts, [`ClassVectors`] are the classifier that follows.
//! [`eval`](crate::eval) measures it: [`Ranks`](crate::eval::Ranks), [`Retrieval`](crate::eval::Retrieval).

mod classes;
mod embedder;
mod error;
mod prompts;
mod two_tower;

pub use classes::{ClassVectors, cosines};
pub use embedder::{TextEmbedder, TextVectors};
pub use error::ContrastError;
pub use prompts::{PromptError, Prompts, canonical_name, check_names, first_name};
pub use two_tower::{TwoTower, embedding};
pub(crate) use two_tower::{embedding_width, unit};

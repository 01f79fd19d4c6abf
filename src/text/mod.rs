//! Texts for towers that were trained beside an image model: tokenizers and text towers.
//!
//! A [`Tokenizer`] makes ids of text, as the file of a published tokenizer says. A [`TextEncoder`] joins it to a tower: its
//! ids have the lengths, ends and padding that the tower was trained with, and a tokenizer that is not the tower's is
//! refused. A [`TextTower`] makes one vector of the ids of a text. [`contrast`](crate::contrast) compares it with images.

mod config;
mod encoder;
mod error;
mod tokenizer;
mod tower;

pub use config::{TextAttention, TextConfig, TextPool};
pub use encoder::{TextEncoder, TextIds};
pub use error::TokenizerError;
pub use tokenizer::{Tokenizer, TokenizerKind, words_json};
pub use tower::TextTower;

//! What can go wrong between a text and its ids.

use thiserror::Error;

/// A tokenizer that cannot be read, or that is not the one of a tower.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The operating system's answer.
    #[error("{file}: {reason}")]
    Io {
        /// The path.
        file: String,
        /// What happened.
        reason: std::io::Error,
    },
    /// A folder without a tokenizer.
    #[error("{folder}: expected a tokenizer ({expected}), got none of these; name the file")]
    Folder {
        /// The folder.
        folder: String,
        /// The names that are looked for.
        expected: String,
    },
    /// The file is no tokenizer, or a broken one.
    #[error(
        "{file}: no tokenizer can be read: {problem}; a SentencePiece model, CLIP's merges or a tokenizer.json are"
    )]
    Damaged {
        /// The path, or the name given with bytes.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The file describes a tokenizer that is not computed here.
    #[error(
        "{file}: {what} is not computed here, and other ids would come out without it; take the origin's own file, such as a SentencePiece model or CLIP's merges"
    )]
    Unsupported {
        /// The path, or the name given with bytes.
        file: String,
        /// What the file asks for.
        what: String,
    },
    /// A tokenizer whose ids mean something else to the tower.
    #[error(
        "{file} is not the tokenizer of this text tower: {what} is {got}, expected {expected}; take the file that was published with the weights"
    )]
    NotTheTowers {
        /// The tokenizer's file.
        file: String,
        /// What tells them apart.
        what: &'static str,
        /// What the tokenizer has.
        got: String,
        /// What the tower was trained with.
        expected: String,
    },
}

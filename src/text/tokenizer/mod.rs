//! Tokenizers: from text to the ids that a text tower was trained on.
//!
//! | file | tokenizer | towers |
//! | --- | --- | --- |
//! | SentencePiece's model, unigram | the likeliest split into pieces | SigLIP, LiT |
//! | SentencePiece's model, BPE | pieces merged by score, unknown characters as bytes | SigLIP 2 |
//! | CLIP's list of merges, plain or gzipped | bytes merged by rank, after cleaning | CLIP, OpenCLIP |
//! | `tokenizer.json` of any of the three | the same | |
//!
//! [`Tokenizer::read`] tells them apart by what is in the file.

mod character_map;
mod clean;
mod clip;
mod html;
mod json;
mod merges;
mod merging;
mod normaliser;
mod parts;
mod piece;
mod problem;
mod protobuf;
mod sentencepiece;
mod sentencepiece_pairs;
mod specials;
mod unigram;
mod words;

use core::fmt;
use std::path::Path;

use super::error::TokenizerError;
use parts::{Model, Parts};
use problem::TokenizerProblem;
use specials::Specials;

pub use words::words_json;

/// Names that tokenizers have in the folder of a model, the origin's own file first.
const NAMES: [&str; 7] = [
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.model",
    "tokenizer.json",
    "bpe_simple_vocab_16e6.txt.gz",
    "bpe_simple_vocab_16e6.txt",
    "merges.txt",
];
/// A larger file is no tokenizer.
const LARGEST: u64 = 1 << 28;

/// Text to ids, by the file of a published tokenizer.
///
/// ```
/// use vit22b::text::{Tokenizer, TokenizerKind};
///
/// let tokenizer = Tokenizer::read("tests/fixtures/parts/tokenizers/unigram.model")?;
/// assert_eq!(tokenizer.kind(), TokenizerKind::Unigram);
/// assert_eq!(tokenizer.encode("red cat"), [52, 12, 86]);
/// assert_eq!((tokenizer.vocabulary(), tokenizer.end()), (200, Some(1)));
/// # Ok::<(), vit22b::text::TokenizerError>(())
/// ```
#[derive(Debug)]
pub struct Tokenizer {
    file: String,
    model: Model,
    specials: Specials,
    vocabulary: usize,
    start: Option<u32>,
    end: Option<u32>,
    usual_name: &'static str,
}

/// How a tokenizer cuts text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenizerKind {
    /// SentencePiece's unigram model.
    Unigram,
    /// SentencePiece's BPE, with bytes for characters that it does not know.
    SentencePieceBpe,
    /// CLIP's BPE over bytes.
    ClipBpe,
}

impl fmt::Display for TokenizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unigram => "SentencePiece's unigram model",
            Self::SentencePieceBpe => "SentencePiece's BPE",
            Self::ClipBpe => "CLIP's BPE",
        })
    }
}

impl Tokenizer {
    /// Reads a tokenizer's file, or the one in the folder of a model.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] for a file that cannot be read, is damaged, or describes a tokenizer of another kind.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let path = path.as_ref();
        let io = |reason| TokenizerError::Io { file: path.display().to_string(), reason };
        if path.is_dir() {
            let found = NAMES.iter().map(|name| path.join(name)).find(|path| path.is_file());
            let none = || TokenizerError::Folder {
                folder: path.display().to_string(),
                expected: NAMES.join(", "),
            };
            return Self::read(found.ok_or_else(none)?);
        }
        let size = std::fs::metadata(path).map_err(io)?.len();
        let file = path.display().to_string();
        if size > LARGEST {
            let problem = format!("it has {size} bytes, more than any tokenizer");
            return Err(TokenizerError::Damaged { file, problem });
        }
        Self::from_bytes(&file, &std::fs::read(path).map_err(io)?)
    }

    /// The same for the bytes of a file; `name` stands for it in error texts.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, TokenizerError> {
        let of_file = |problem: TokenizerProblem| problem.of(name);
        let (usual_name, parts) = if bytes.starts_with(&[0x1f, 0x8b]) {
            let text = merges::unpacked(bytes).map_err(of_file)?;
            ("bpe_simple_vocab_16e6.txt.gz", merges::read(&text))
        } else {
            match core::str::from_utf8(bytes) {
                Ok(text) if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') => {
                    ("tokenizer.json", json::read(text))
                }
                Ok(text) if merges::is_merges(text) => ("merges.txt", merges::read(text)),
                _ => ("spiece.model", sentencepiece::read(bytes)),
            }
        };
        let Parts { model, specials, vocabulary, start, end } = parts.map_err(of_file)?;
        Ok(Self { file: name.into(), model, specials, vocabulary, start, end, usual_name })
    }

    /// The ids of a text, without those of start and end. A text without anything that the tokenizer keeps has none.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        match &self.model {
            Model::Unigram(normaliser, unigram) => {
                self.specials.split(text, &mut ids, |text, ids| {
                    unigram.encode(&normaliser.apply(text), ids);
                });
            }
            Model::Pairs(normaliser, pairs) => self.specials.split(text, &mut ids, |text, ids| {
                pairs.encode(&normaliser.apply(text), ids);
            }),
            Model::Clip(pairs) => {
                let cleaned = pairs.cleaned(text);
                self.specials.split(&cleaned, &mut ids, |text, ids| pairs.encode(text, ids));
            }
        }
        ids
    }

    /// How the tokenizer cuts text.
    pub fn kind(&self) -> TokenizerKind {
        match self.model {
            Model::Unigram(..) => TokenizerKind::Unigram,
            Model::Pairs(..) => TokenizerKind::SentencePieceBpe,
            Model::Clip(_) => TokenizerKind::ClipBpe,
        }
    }

    /// How many ids there are.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The id before a text, if the tokenizer has one.
    pub fn start(&self) -> Option<u32> {
        self.start
    }

    /// The id behind a text, if the tokenizer has one.
    pub fn end(&self) -> Option<u32> {
        self.end
    }

    /// A name under which [`read`](Self::read) finds this kind of file in the folder of a model.
    pub fn usual_name(&self) -> &'static str {
        self.usual_name
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }
}

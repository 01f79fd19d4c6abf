//! What the reader of each format makes of a file.

use super::clip::ClipPairs;
use super::normaliser::Normaliser;
use super::sentencepiece_pairs::SentencePiecePairs;
use super::specials::Specials;
use super::unigram::Unigram;

#[derive(Debug)]
pub(super) enum Model {
    Unigram(Normaliser, Unigram),
    Pairs(Normaliser, SentencePiecePairs),
    Clip(Box<ClipPairs>),
}

/// What a reader of one of the formats makes of a file.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) model: Model,
    pub(super) specials: Specials,
    pub(super) vocabulary: usize,
    pub(super) start: Option<u32>,
    pub(super) end: Option<u32>,
}

//! SentencePiece's BPE: characters are joined to pieces, those of the greatest score first; what is no piece is
//! written as its bytes.

use std::collections::HashMap;

use super::merging::{Symbol, merge};
use super::piece::{Piece, PieceType};
use super::specials::Specials;

#[derive(Debug)]
pub(super) struct SentencePiecePairs {
    pieces: HashMap<String, u32>,
    order: Order,
    /// Unused pieces serve as steps to longer ones, and are cut again where they are left.
    unused: HashMap<u32, ()>,
    unknown: u32,
    bytes: Option<Box<[u32; 256]>>,
    kept: Specials,
}

/// Which pair is joined first.
#[derive(Debug)]
pub(super) enum Order {
    /// That whose piece has the greatest score, by id: SentencePiece's own files.
    Scores(Vec<f32>),
    /// That which is first in the list of merges, by the ids of both parts: `tokenizer.json`.
    Merges(HashMap<(u32, u32), u32>),
}

/// A score or a negated place in a list, as a number that is compared as a whole.
fn by_score(score: f32) -> i64 {
    let bits = i64::from(score.to_bits() as i32);
    if bits < 0 { -(bits & 0x7fff_ffff) } else { bits }
}

impl SentencePiecePairs {
    pub(super) fn new(
        pieces: &[Piece],
        order: Order,
        unknown: u32,
        bytes: Option<Box<[u32; 256]>>,
        kept: Specials,
    ) -> Self {
        let mut by_text = HashMap::new();
        let mut unused = HashMap::new();
        for (id, piece) in pieces.iter().enumerate() {
            match piece.of {
                PieceType::Normal | PieceType::UserDefined => {}
                PieceType::Unused => drop(unused.insert(id as u32, ())),
                PieceType::Reserved => continue,
            }
            by_text.entry(piece.text.clone()).or_insert(id as u32);
        }
        Self { pieces: by_text, order, unused, unknown, bytes, kept }
    }

    /// Adds the ids of a normalised text. A run of unknown characters without bytes is one id.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let mut symbols = Vec::new();
        let mut start = 0;
        while let Some(first) = text[start..].chars().next() {
            let kept = self.kept.longest(&text[start..]);
            let length = kept.map_or(first.len_utf8(), |(length, _)| length);
            symbols.push(Symbol { place: start..start + length, is_frozen: kept.is_some() });
            start += length;
        }
        let rank = |left: &core::ops::Range<usize>, right: &core::ops::Range<usize>| {
            let whole = self.pieces.get(&text[left.start..right.end])?;
            match &self.order {
                Order::Scores(scores) => scores.get(*whole as usize).map(|score| by_score(*score)),
                Order::Merges(merges) => {
                    let id =
                        |place: &core::ops::Range<usize>| self.pieces.get(&text[place.clone()]);
                    let rank = merges.get(&(*id(left)?, *id(right)?))?;
                    Some(-i64::from(*rank))
                }
            }
        };
        let mut after_unknown = false;
        for place in merge(symbols, rank) {
            self.push(&text[place], ids, &mut after_unknown);
        }
    }

    fn push(&self, piece: &str, ids: &mut Vec<u32>, after_unknown: &mut bool) {
        let id = self.pieces.get(piece);
        if let Some(halves) = id.filter(|id| self.unused.contains_key(id)).and(self.halves(piece)) {
            halves.into_iter().for_each(|half| self.push(half, ids, after_unknown));
            return;
        }
        match (id, &self.bytes) {
            (Some(id), _) => ids.push(*id),
            (None, Some(bytes)) => {
                ids.extend(piece.bytes().map(|byte| bytes[usize::from(byte)]));
            }
            (None, None) if *after_unknown => {}
            (None, None) => ids.push(self.unknown),
        }
        *after_unknown = id.is_none();
    }

    /// The two pieces of which an unused one was joined: those of the greatest scores.
    fn halves<'a>(&self, piece: &'a str) -> Option<[&'a str; 2]> {
        let score = |part: &str| match (&self.order, self.pieces.get(part)) {
            (Order::Scores(scores), Some(id)) => scores.get(*id as usize).map(|s| by_score(*s)),
            (_, id) => id.map(|_| 0).or((part.chars().count() == 1).then_some(i64::MIN)),
        };
        let cuts = piece.char_indices().map(|(at, _)| piece.split_at(at)).skip(1);
        let cuts =
            cuts.filter_map(|(one, other)| Some((score(one)?.min(score(other)?), [one, other])));
        cuts.max_by_key(|(score, _)| *score).map(|(_, halves)| halves)
    }
}

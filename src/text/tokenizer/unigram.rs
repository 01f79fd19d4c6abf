//! SentencePiece's unigram model: the split of a text whose pieces have the greatest sum of scores.

use std::collections::HashMap;

use super::piece::{Piece, PieceType};
use super::problem::{TokenizerProblem, damaged};

/// How much less than the least score a character without a piece counts.
const UNKNOWN: f32 = 10.0;

#[derive(Debug)]
pub(super) struct Unigram {
    /// Score and id of each piece that text may be cut into.
    pieces: HashMap<String, (f64, u32)>,
    /// The length of the longest piece in bytes.
    longest: usize,
    unknown: u32,
    unknown_score: f32,
    /// The ids of bytes, where unknown characters are written as their bytes.
    bytes: Option<Box<[u32; 256]>>,
}

/// The best way to a place in the text.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    id: u32,
    from: usize,
}

impl Unigram {
    pub(super) fn new(
        pieces: &[Piece],
        unknown: u32,
        bytes: Option<Box<[u32; 256]>>,
    ) -> Result<Self, TokenizerProblem> {
        let normal = pieces.iter().filter(|piece| piece.of == PieceType::Normal);
        let scores = || normal.clone().map(|piece| piece.score);
        let (least, greatest) =
            scores().fold((f32::MAX, f32::MIN_POSITIVE), |(a, b), x| (a.min(x), b.max(x)));
        let mut by_text = HashMap::new();
        for (id, piece) in pieces.iter().enumerate() {
            // Pieces that users define are taken wherever they fit.
            let score = match piece.of {
                PieceType::Normal => f64::from(piece.score),
                PieceType::UserDefined => piece.text.len() as f64 * f64::from(greatest) - 0.1,
                _ => continue,
            };
            by_text.entry(piece.text.clone()).or_insert((score, id as u32));
        }
        let longest = by_text.keys().map(String::len).max();
        let longest = longest.ok_or_else(|| damaged("it has no pieces"))?;
        let unknown_score = least - UNKNOWN;
        Ok(Self { pieces: by_text, longest, unknown, unknown_score, bytes })
    }

    /// Adds the ids of a normalised text. A run of unknown characters is one id, or its bytes.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let mut ends: Vec<Option<Best>> = vec![None; text.len() + 1];
        ends[0] = Some(Best { score: 0.0, id: self.unknown, from: 0 });
        for (start, first) in text.char_indices() {
            let Some(here) = ends[start].map(|best| best.score) else { continue };
            let mut offer = |end: usize, score: f64, id: u32| {
                let score = score + f64::from(here);
                if ends[end].is_none_or(|best| score > f64::from(best.score)) {
                    ends[end] = Some(Best { score: score as f32, id, from: start });
                }
            };
            let mut is_known = false;
            let rest = &text[start..];
            let cuts = rest.char_indices().map(|(at, _)| at).skip(1).chain([rest.len()]);
            for end in cuts.take_while(|end| *end <= self.longest) {
                if let Some((score, id)) = self.pieces.get(&rest[..end]) {
                    offer(start + end, *score, *id);
                    is_known |= end == first.len_utf8();
                }
            }
            if !is_known {
                offer(start + first.len_utf8(), f64::from(self.unknown_score), self.unknown);
            }
        }
        let mut pieces = Vec::new();
        let mut end = text.len();
        while let Some(best) = ends[end].filter(|_| end > 0) {
            pieces.push((best.id, best.from..end));
            end = best.from;
        }
        let mut after_unknown = false;
        for (id, place) in pieces.into_iter().rev() {
            let is_unknown = id == self.unknown;
            match &self.bytes {
                Some(bytes) if is_unknown => {
                    ids.extend(text[place].bytes().map(|byte| bytes[usize::from(byte)]));
                }
                _ if is_unknown && after_unknown => {}
                _ => ids.push(id),
            }
            after_unknown = is_unknown;
        }
    }
}

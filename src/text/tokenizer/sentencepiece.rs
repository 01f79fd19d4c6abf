//! SentencePiece's model files.

use std::collections::HashMap;

use super::character_map::CharacterMap;
use super::normaliser::Normaliser;
use super::parts::{Model, Parts};
use super::piece::{Piece, PieceType, byte_table};
use super::problem::{TokenizerProblem, damaged, unsupported};
use super::protobuf::{Value, fields};
use super::sentencepiece_pairs::{Order, SentencePiecePairs};
use super::specials::Specials;
use super::unigram::Unigram;

/// Reads a model file.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, TokenizerProblem> {
    let broken = || damaged("it is no model of SentencePiece");
    let file = fields(bytes).ok_or_else(broken)?;
    let mut pieces = Vec::new();
    let mut byte_ids = HashMap::new();
    let mut trainer = Vec::new();
    let mut normaliser = Vec::new();
    for (number, value) in &file {
        match number {
            1 => {
                let fields = fields(value.bytes().ok_or_else(broken)?).ok_or_else(broken)?;
                let (piece, is_byte) = piece(&fields).ok_or_else(broken)?;
                if is_byte {
                    byte_ids.insert(piece.text.clone(), pieces.len() as u32);
                }
                pieces.push(piece);
            }
            2 => trainer.extend(fields(value.bytes().ok_or_else(broken)?).ok_or_else(broken)?),
            3 => normaliser.extend(fields(value.bytes().ok_or_else(broken)?).ok_or_else(broken)?),
            _ => {}
        }
    }
    if pieces.is_empty() {
        return Err(broken());
    }
    let count = pieces.len();
    let id = |number, usual| {
        let id = last(&trainer, number).and_then(Value::number).unwrap_or(usual);
        u32::try_from(id).ok().filter(|id| (*id as usize) < count)
    };
    let unknown = id(40, 0).ok_or_else(|| damaged("it names no piece for unknown characters"))?;
    let flag = |from: &[(u64, Value<'_>)], number, usual| {
        last(from, number).and_then(Value::number).map_or(usual, |value| value != 0)
    };
    let bytes = match flag(&trainer, 35, false) {
        true => Some(byte_table(&byte_ids)?),
        false => None,
    };
    let defined = pieces.iter().enumerate().filter(|(_, piece)| piece.of == PieceType::UserDefined);
    let kept = Specials::new(defined.map(|(id, p)| (p.text.clone(), id as u32)).collect());
    let map = match last(&normaliser, 2).and_then(Value::bytes).filter(|map| !map.is_empty()) {
        Some(map) => {
            Some(CharacterMap::read(map).ok_or_else(|| damaged("its character map is damaged"))?)
        }
        None => None,
    };
    let normaliser = Normaliser {
        map,
        dummy_prefix: flag(&normaliser, 3, true),
        collapse_blanks: flag(&normaliser, 4, true),
        escape_blanks: flag(&normaliser, 5, true),
        blanks_behind: flag(&trainer, 24, false),
        lowercase: false,
        is_metaspace: false,
        kept: kept.clone(),
    };
    let model = match last(&trainer, 3).and_then(Value::number).unwrap_or(1) {
        1 => Model::Unigram(normaliser, Unigram::new(&pieces, unknown, bytes)?),
        2 => {
            let scores = pieces.iter().map(|piece| piece.score).collect();
            let order = Order::Scores(scores);
            let pairs = SentencePiecePairs::new(&pieces, order, unknown, bytes, kept);
            Model::Pairs(normaliser, pairs)
        }
        3 => return Err(unsupported("SentencePiece's model of whole words")),
        4 => return Err(unsupported("SentencePiece's model of characters")),
        other => return Err(damaged(format!("its type of model is {other}"))),
    };
    let specials = Specials::default();
    Ok(Parts { model, specials, vocabulary: count, start: id(41, 1), end: id(42, 2) })
}

fn piece(fields: &[(u64, Value<'_>)]) -> Option<(Piece, bool)> {
    let text = last(fields, 1)?.text()?.to_string();
    let score = last(fields, 2).and_then(Value::float).unwrap_or(0.0);
    let number = last(fields, 3).and_then(Value::number).unwrap_or(1);
    let of = match number {
        1 => PieceType::Normal,
        4 => PieceType::UserDefined,
        5 => PieceType::Unused,
        2 | 3 | 6 => PieceType::Reserved,
        _ => return None,
    };
    let usable = score.is_finite() && !(text.is_empty() && of != PieceType::Reserved);
    usable.then_some((Piece { text, score, of }, number == 6))
}

/// Of a field that is there several times the last counts.
fn last<'a, 'v>(fields: &'a [(u64, Value<'v>)], number: u64) -> Option<&'a Value<'v>> {
    fields.iter().rev().find(|(other, _)| *other == number).map(|(_, value)| value)
}

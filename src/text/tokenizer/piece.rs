//! The pieces of a vocabulary.

use std::collections::HashMap;

use super::problem::{TokenizerProblem, damaged};

/// A piece of the vocabulary; its id is its place.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) score: f32,
    pub(super) of: PieceType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceType {
    Normal,
    /// Taken wherever it stands in the text.
    UserDefined,
    Unused,
    /// Unknown, control and byte pieces, which no text is compared with.
    Reserved,
}

/// The ids of all bytes, from pieces with names such as `<0x0A>`.
pub(super) fn byte_table(ids: &HashMap<String, u32>) -> Result<Box<[u32; 256]>, TokenizerProblem> {
    let mut table = Box::new([0; 256]);
    for (byte, place) in table.iter_mut().enumerate() {
        let name = format!("<0x{byte:02X}>");
        let id = ids.get(&name).ok_or_else(|| damaged(format!("it has no piece {name}")))?;
        *place = *id;
    }
    Ok(table)
}

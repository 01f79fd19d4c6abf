//! SentencePiece's compiled character map: which characters, or sequences of them, become what.
//!
//! The map is a trie as a double array ("Darts"), then the replacements, each with a zero byte at its end. A unit of
//! the array has 32 bits: the byte that leads to it, whether a key ends there, and the offset of its children; a
//! unit with the highest bit holds the value of a key, which is where its replacement begins.

#[derive(Debug)]
pub(super) struct CharacterMap {
    units: Vec<u32>,
    replacements: Vec<u8>,
}

impl CharacterMap {
    /// Reads the map; none if the lengths contradict each other or a replacement is no text.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (trie, replacements) = rest.split_at_checked(length)?;
        core::str::from_utf8(replacements).ok()?;
        let (units, []) = trie.as_chunks::<4>() else { return None };
        let units = units.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        Some(Self { units, replacements: replacements.to_vec() })
    }

    /// The replacement of the longest key at the beginning of a text, and the key's length in bytes.
    pub(super) fn longest(&self, text: &str) -> Option<(&str, usize)> {
        let mut position = offset(*self.units.first()?);
        let mut found = None;
        for (index, byte) in text.bytes().enumerate() {
            position ^= usize::from(byte);
            let Some(unit) = self.units.get(position) else { break };
            if unit & 0x8000_00ff != u32::from(byte) {
                break;
            }
            position ^= offset(*unit);
            if unit >> 8 & 1 == 1 {
                let value = self.units.get(position)? & 0x7fff_ffff;
                found = Some((value as usize, index + 1));
            }
        }
        let (start, length) = found?;
        let rest = self.replacements.get(start..)?;
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        // A key of a damaged map may end inside of a character of the text.
        let whole = text.is_char_boundary(length);
        Some((core::str::from_utf8(&rest[..end]).ok().filter(|_| whole)?, length))
    }
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

//! SentencePiece's normalisation: the character map of the model file, and its rules for blanks.

use super::character_map::CharacterMap;
use super::specials::Specials;

/// What SentencePiece writes for a blank.
pub(super) const BLANK: char = '\u{2581}';

#[derive(Debug, Default)]
pub(super) struct Normaliser {
    pub(super) map: Option<CharacterMap>,
    /// Whether a blank is put before the text, or behind it if `blanks_behind`.
    pub(super) dummy_prefix: bool,
    /// Whether blanks at both ends are removed, and runs of them become one.
    pub(super) collapse_blanks: bool,
    /// Whether blanks become [`BLANK`].
    pub(super) escape_blanks: bool,
    pub(super) blanks_behind: bool,
    pub(super) lowercase: bool,
    /// Whether a text that begins with [`BLANK`] itself gets no other, and keeps one at its end, as `tokenizer.json`
    /// has it.
    pub(super) is_metaspace: bool,
    /// Pieces that stand for themselves, whatever the map says.
    pub(super) kept: Specials,
}

impl Normaliser {
    pub(super) fn apply(&self, text: &str) -> String {
        let lower: String;
        let mut rest = text;
        if self.lowercase {
            lower = text.chars().flat_map(char::to_lowercase).collect();
            rest = &lower;
        }
        let blank = if self.escape_blanks { BLANK } else { ' ' };
        let mut out = String::with_capacity(rest.len() + 4);
        if self.collapse_blanks {
            while let Some((" ", length)) = self.first(rest) {
                rest = &rest[length..];
            }
        }
        if rest.is_empty() {
            return out;
        }
        let has_prefix = self.is_metaspace && rest.starts_with(BLANK);
        if self.dummy_prefix && !self.blanks_behind && !has_prefix {
            out.push(blank);
        }
        let mut after_blank = self.collapse_blanks;
        let mut kept = 0;
        while let Some((mut piece, length)) = self.first(rest) {
            if after_blank {
                piece = piece.trim_start_matches(' ');
            }
            for character in piece.chars() {
                out.push(if character == ' ' { blank } else { character });
                kept = if character == ' ' { kept } else { out.len() };
            }
            if !piece.is_empty() {
                after_blank = piece.ends_with(' ');
            }
            after_blank &= self.collapse_blanks;
            rest = &rest[length..];
        }
        if self.collapse_blanks {
            let trimmed = out.trim_end_matches(blank).len();
            out.truncate(if self.is_metaspace { kept } else { trimmed });
        }
        if self.dummy_prefix && self.blanks_behind {
            out.push(blank);
        }
        out
    }

    /// What the beginning of a text becomes, and how many bytes of it that is; none at the end.
    fn first<'a>(&'a self, text: &'a str) -> Option<(&'a str, usize)> {
        let first = text.chars().next()?;
        if let Some((kept, _)) = self.kept.longest(text) {
            return Some((&text[..kept], kept));
        }
        let mapped = self.map.as_ref().and_then(|map| map.longest(text));
        Some(mapped.unwrap_or((&text[..first.len_utf8()], first.len_utf8())))
    }
}

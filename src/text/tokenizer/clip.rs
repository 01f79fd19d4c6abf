//! CLIP's tokenizer: cleaned text is cut into words, numbers and signs, and their bytes are joined by a list of merges.

use std::collections::HashMap;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::clean;
use super::merging::{Symbol, merge};

/// What stands behind the last byte of a word.
pub(super) const WORD_END: &str = "</w>";
/// Endings that are words of their own behind an apostrophe, as the expression tries them.
const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// How text is cleaned before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleaning {
    /// CLIP's own: text is repaired, HTML is unescaped, runs of blanks become one, letters become lower case.
    Clip,
    /// transformers' `tokenizer.json`: characters are composed, runs of blanks become one, letters become lower case.
    Composed,
}

#[derive(Debug)]
pub(super) struct ClipPairs {
    /// Ids by the characters that stand for bytes.
    ids: HashMap<String, u32>,
    ranks: HashMap<(String, String), u32>,
    byte_characters: [char; 256],
    unknown: u32,
    cleaning: Cleaning,
}

impl ClipPairs {
    pub(super) fn new(
        ids: HashMap<String, u32>,
        merges: Vec<(String, String)>,
        unknown: u32,
        cleaning: Cleaning,
    ) -> Self {
        let ranks = merges.into_iter().zip(0..).collect();
        Self { ids, ranks, byte_characters: byte_characters(), unknown, cleaning }
    }

    pub(super) fn cleaned(&self, text: &str) -> String {
        match self.cleaning {
            Cleaning::Clip => clean::cleaned(text),
            Cleaning::Composed => clean::composed(text),
        }
    }

    /// Adds the ids of a cleaned text.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        words(text).for_each(|word| self.word(word, ids));
    }

    fn word(&self, word: &str, ids: &mut Vec<u32>) {
        let characters = word.bytes().map(|byte| self.byte_characters[usize::from(byte)]);
        let mut text: String = characters.collect();
        let mut symbols: Vec<Symbol> = text
            .char_indices()
            .map(|(at, character)| at..at + character.len_utf8())
            .map(|place| Symbol { place, is_frozen: false })
            .collect();
        text.push_str(WORD_END);
        if let Some(last) = symbols.last_mut() {
            last.place.end = text.len();
        }
        let merged = merge(symbols, |left, right| {
            let pair = (text[left.clone()].to_string(), text[right.clone()].to_string());
            self.ranks.get(&pair).map(|rank| -i64::from(*rank))
        });
        ids.extend(merged.into_iter().map(|place| {
            let id = self.ids.get(&text[place]);
            id.copied().unwrap_or(self.unknown)
        }));
    }
}

/// The words of a cleaned text: an apostrophe's ending, a run of letters, a single digit, or a run of other
/// characters that are no blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_blank);
        let first = rest.chars().next()?;
        let ending = ENDINGS.iter().find(|ending| {
            let start = rest.get(..ending.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(ending))
        });
        let length = match ending {
            Some(ending) => ending.len(),
            None if is_letter(first) => run(rest, is_letter),
            None if first.is_numeric() => first.len_utf8(),
            None => run(rest, |character| {
                !(is_blank(character) || is_letter(character) || character.is_numeric())
            }),
        };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        Some(word)
    })
}

fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|character| !of(character)).unwrap_or(text.len())
}

fn is_letter(character: char) -> bool {
    character.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_blank(character: char) -> bool {
    character.is_whitespace()
}

/// The character that stands for each byte: itself where it can be seen, and one from U+0100 on elsewhere.
fn byte_characters() -> [char; 256] {
    let mut next = 0x100;
    core::array::from_fn(|byte| match byte as u8 {
        byte @ (b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) => char::from(byte),
        _ => {
            next += 1;
            char::from_u32(next - 1).unwrap_or_default()
        }
    })
}

/// The characters of bytes in the order of their ids: those that are seen first.
pub(super) fn ordered_characters() -> Vec<char> {
    let mut characters = byte_characters().to_vec();
    characters.sort_by_key(|character| *character as u32);
    characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_words_digits_and_signs() {
        let cut = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            cut("don't 12 a-b!'s x"),
            ["don", "'t", "1", "2", "a", "-", "b", "!'", "s", "x"]
        );
        assert_eq!(cut("नमस्ते ½"), ["नमस", "्", "त", "े", "½"]);
        assert_eq!(cut(" \u{3000} ").len(), 0);
    }

    #[test]
    fn bytes_have_the_ids_of_clip() {
        let order = ordered_characters();
        assert_eq!((order[0], order[93], order[94], order[187]), ('!', '~', '¡', 'ÿ'));
        assert_eq!((order[188], order[255]), ('Ā', 'Ń'));
    }
}

//! CLIP's cleaning of text before it is cut into tokens: text that went through a wrong encoding is repaired, as the Python package
//! ftfy does it, references of HTML are unescaped, runs of blanks become one, letters become lower case.
//!
//! Repairing is done by these rules, until they change nothing more:
//!
//! - References of HTML that end in a semicolon are unescaped, unless a `<` stands in the same or an earlier line.
//! - Mojibake: a run of characters that, as bytes of windows-1252, is one character of UTF-8 becomes that character.
//!   Sequences of two are taken where they begin with `Â` or `Ã`, or where at least two such sequences follow each other;
//!   ftfy weighs the whole text instead, and knows more encodings.
//! - Controls from U+0080 to U+009F are taken for windows-1252; ligatures of Latin letters are taken apart; full-width
//!   and half-width characters get their usual width; curly quotes become straight; escapes of terminals and control
//!   characters go; the rest is composed (NFC).

use unicode_normalization::UnicodeNormalization;

use super::html::{References, unescaped, windows_1252, windows_1252_byte};

/// Ligatures and digraphs that Unicode has as one character, and their letters.
const LIGATURES: [(char, &str); 19] = [
    ('Ĳ', "IJ"),
    ('ĳ', "ij"),
    ('ŉ', "ʼn"),
    ('Ǳ', "DZ"),
    ('ǲ', "Dz"),
    ('ǳ', "dz"),
    ('Ǆ', "DŽ"),
    ('ǅ', "Dž"),
    ('ǆ', "dž"),
    ('Ǉ', "LJ"),
    ('ǈ', "Lj"),
    ('ǉ', "lj"),
    ('Ǌ', "NJ"),
    ('ǋ', "Nj"),
    ('ǌ', "nj"),
    ('ﬀ', "ff"),
    ('ﬁ', "fi"),
    ('ﬂ', "fl"),
    ('ﬃ', "ffi"),
];
const MORE_LIGATURES: [(char, &str); 3] = [('ﬄ', "ffl"), ('ﬅ', "ſt"), ('ﬆ', "st")];
/// How often a text is repaired again; each time undoes one wrong encoding.
const MOST_ROUNDS: usize = 16;

/// A text as CLIP's tokenizer takes it.
pub(super) fn cleaned(text: &str) -> String {
    let repaired = repaired(text);
    let plain = unescaped(&unescaped(&repaired, References::All), References::All);
    with_single_blanks(&plain).to_lowercase()
}

/// A text as transformers' tokenizer of CLIP takes it: composed, with single blanks, each letter in lower case by itself.
pub(super) fn composed(text: &str) -> String {
    let composed: String = text.nfc().collect();
    with_single_blanks(&composed).chars().flat_map(char::to_lowercase).collect()
}

fn with_single_blanks(text: &str) -> String {
    // Python takes the four separators of ASCII for blanks too.
    let is_blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn repaired(text: &str) -> String {
    let mut is_html = false;
    let lines = text.split_inclusive('\n').map(|line| {
        is_html |= line.contains('<');
        let mut line = line.to_string();
        for _ in 0..MOST_ROUNDS {
            let again = repaired_once(&line, is_html);
            if again == line {
                break;
            }
            line = again;
        }
        line
    });
    lines.collect()
}

fn repaired_once(line: &str, is_html: bool) -> String {
    let plain = match is_html {
        true => line.to_string(),
        false => unescaped(line, References::Ended),
    };
    let mut out = String::with_capacity(plain.len());
    for character in without_escapes(&decoded(&plain)).chars() {
        let ligatures = LIGATURES.iter().chain(&MORE_LIGATURES);
        let ligature = ligatures.clone().find(|(ligature, _)| *ligature == character);
        match character {
            '\u{80}'..='\u{9f}' => out.extend(windows_1252(character as u32)),
            '\u{3000}' => out.push(' '),
            '\u{ff01}'..='\u{ffef}' => out.extend(core::iter::once(character).nfkc()),
            '\u{2bc}' | '\u{2018}'..='\u{201b}' => out.push('\''),
            '\u{201c}'..='\u{201f}' => out.push('"'),
            '\r' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' => {}
            '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' => {}
            _ => match ligature {
                Some((_, letters)) => out.push_str(letters),
                None => out.push(character),
            },
        }
    }
    out.nfc().collect()
}

/// The text without the escapes that set a terminal's colours.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let behind = &rest[at + 2..];
        let length =
            behind.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(behind.len());
        let is_escape = behind[length..].starts_with(|c: char| c.is_ascii_alphabetic());
        out.push_str(&rest[..at]);
        rest = match is_escape {
            true => &behind[length + 1..],
            false => {
                out.push_str("\u{1b}[");
                behind
            }
        };
    }
    out + rest
}

/// The text with mojibake decoded.
fn decoded(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        // A run of sequences, one behind the other.
        let (mut run, mut end) = (Vec::new(), at);
        while let Some((character, length)) = sequence(&characters[end..]) {
            run.push((character, length));
            end += length;
        }
        let is_sure = run.len() > 1
            || run.first().is_some_and(|(_, length)| *length > 2)
            || matches!(characters[at], 'Â' | 'Ã');
        match run.is_empty() || !is_sure {
            true => {
                out.push(characters[at]);
                at += 1;
            }
            false => {
                out.extend(run.into_iter().map(|(character, _)| character));
                at = end;
            }
        }
    }
    out
}

/// The character that the first of these are the bytes of, and how many they are; none for a single byte.
fn sequence(characters: &[char]) -> Option<(char, usize)> {
    let lead = windows_1252_byte(*characters.first()?)?;
    let length = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes: Option<Vec<u8>> =
        characters.get(..length)?.iter().map(|character| windows_1252_byte(*character)).collect();
    let decoded = String::from_utf8(bytes?).ok()?;
    Some((decoded.chars().next()?, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right sides are what open_clip 3.3 with ftfy 6.3 makes of the left ones.
    #[test]
    fn broken_text_is_repaired() {
        for (text, expected) in [
            ("schÃ¶n", "schön"),
            ("âœ” No problems", "✔ no problems"),
            ("l\u{2019}humanitÃ©", "l'humanité"),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "привет"),
            ("Ã‚Â£5 ðŸ™‚", "£5 🙂"),
            ("É“ À la « É »", "é\" à la « é »"),
            ("\u{1b}[36;44mred\u{1b}[0m", "red"),
            ("&EACUTE; &eacute;<b> &eacute;", "&eacute; é<b> é"),
            ("\u{ff33}\u{ff10}\u{ff0e}\u{3000}ﬃ", "s0. ffi"),
        ] {
            assert_eq!(cleaned(text), expected, "{text:?}");
        }
        assert_eq!(composed("ΟΔΟΣ\u{a0}\n e\u{301} “&amp;”"), "οδοσ é “&amp;”");
    }
}

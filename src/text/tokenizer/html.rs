//! Character references of HTML, unescaped as Python's `html.unescape` does it, and so browsers.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The named references of HTML: name and code points on each line. Old names stand there without a semicolon too.
const TABLE: &str = include_str!("entities.txt");
/// The most characters of a name.
const LONGEST: usize = 32;
/// What the bytes 0x80 to 0x9f are in windows-1252; those that are nothing there stay what they are.
const WINDOWS: [u32; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
    0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
    0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
];

static NAMES: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, points) = line.split_once(' ')?;
        let point = |point| char::from_u32(u32::from_str_radix(point, 16).ok()?);
        Some((name, points.split(' ').map(point).collect::<Option<String>>()?))
    };
    TABLE.lines().filter_map(line).collect()
});

/// Which references are replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    /// All that browsers take, also old names without a semicolon.
    All,
    /// Those that end in a semicolon.
    Ended,
}

/// The text with characters in place of their references.
pub(super) fn unescaped(text: &str, which: References) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(&rest[1..], which) {
            Some((characters, length)) => {
                out.push_str(&characters);
                rest = &rest[1 + length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// The character that windows-1252 has for a code point from 0x80 to 0x9f.
pub(super) fn windows_1252(point: u32) -> Option<char> {
    let index = usize::try_from(point.checked_sub(0x80)?).ok()?;
    char::from_u32(*WINDOWS.get(index)?)
}

/// The byte that is this character in windows-1252.
pub(super) fn windows_1252_byte(character: char) -> Option<u8> {
    let point = character as u32;
    let listed = WINDOWS.iter().position(|other| *other == point);
    match (listed, point) {
        (Some(index), _) => Some(0x80 + index as u8),
        (None, 0..=0xff) => Some(point as u8),
        _ => None,
    }
}

/// What the reference behind an ampersand stands for, and its length.
fn reference(text: &str, which: References) -> Option<(String, usize)> {
    if let Some(number) = text.strip_prefix('#') {
        let (digits, radix, before) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 2),
            None => (number, 10, 1),
        };
        let count = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let is_ended = digits[count..].starts_with(';');
        if count == 0 || which == References::Ended && !is_ended {
            return None;
        }
        let point = u32::from_str_radix(&digits[..count], radix).unwrap_or(u32::MAX);
        return Some((of_number(point), before + count + usize::from(is_ended)));
    }
    let ends = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
    let mut ends_at = text.char_indices().map(|(at, c)| (at, ends(c))).take(LONGEST + 1);
    let stop = ends_at.find(|(_, ends)| *ends).map(|(at, _)| at);
    let within = || text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    let name = &text[..stop.unwrap_or_else(within)];
    if stop.is_some_and(|stop| text[stop..].starts_with(';')) {
        let ended = &text[..name.len() + 1];
        if let Some(characters) = NAMES.get(ended) {
            return Some((characters.clone(), ended.len()));
        }
    }
    if which == References::Ended {
        return None;
    }
    // The longest old name that the text begins with.
    let lengths = name.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
    lengths.filter(|length| *length > 1).find_map(|length| {
        let characters = NAMES.get(&name[..length])?;
        Some((characters.clone(), length))
    })
}

fn of_number(point: u32) -> String {
    let character = match point {
        0 => Some('\u{fffd}'),
        0xd => Some('\r'),
        0x80..=0x9f => windows_1252(point),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if point & 0xfffe == 0xfffe && point <= 0x10_ffff => None,
        _ => Some(char::from_u32(point).unwrap_or('\u{fffd}')),
    };
    character.map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right sides are Python's.
    #[test]
    fn references_are_those_of_python() {
        for (text, expected) in [
            ("&amp;lt;b&gt; &quot;", "&lt;b> \""),
            ("&eacute;t&eacute &notit; &notin;", "été ¬it; ∉"),
            (
                "&#39;&#x27;&#0;&#x80;&#129;&#xD800;&#99999999999;",
                "''\u{fffd}€\u{81}\u{fffd}\u{fffd}",
            ),
            ("&#1;&#xfffe;&#65 &#; &#x; &; & &unknown;", "A &#; &#x; &; & &unknown;"),
            ("&NotEqualTilde; a&ampb &hellip", "≂̸ a&b &hellip"),
        ] {
            assert_eq!(unescaped(text, References::All), expected, "{text}");
        }
        assert_eq!(unescaped("&eacute &amp;", References::Ended), "&eacute &");
    }
}

//! JSON as other programs write it.

use serde_json::Value;

/// Parses JSON, also as Python and Windows write it: a byte order mark before it is skipped, and
/// `NaN`, `Infinity` and `-Infinity`, which JSON does not have, become null.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).or_else(|error| match without_infinities(text) {
        Some(text) => serde_json::from_str(&text),
        None => Err(error),
    })
}

/// The text with null in place of Python's names of numbers outside of strings; none without them.
fn without_infinities(text: &str) -> Option<String> {
    let (mut out, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            _ => match ["-Infinity", "Infinity", "NaN"].iter().find(|name| rest.starts_with(*name))
            {
                Some(name) => {
                    found = true;
                    out.push_str("null");
                    rest = &rest[name.len()..];
                    continue;
                }
                None => first.len_utf8(),
            },
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    found.then_some(out)
}

/// The length of the string in quotes at the start of a text, or of all of it if the string does
/// not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_byte_order_mark_and_the_infinities_of_python_are_read() {
        let text = "\u{feff}{\"rate\": NaN, \"most\": [Infinity, -Infinity], \"a\": \"NaN \\\" Infinity\"}";
        let expected = json!({"rate": null, "most": [null, null], "a": "NaN \" Infinity"});
        assert_eq!(parse(text).unwrap(), expected);
        assert!(parse("{\"a\": NaN, }").is_err());
        assert!(parse("{\"a\": \"NaN").is_err());
    }
}

//! The header of a NumPy array: `\x93NUMPY`, a version, a length, and a Python dictionary with the
//! element type, the order of the axes and the shape.

use super::element::ElementType;
use super::error::Damage;

/// The contents of a header.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) element: ElementType,
    pub(super) shape: Vec<usize>,
    pub(super) column_major: bool,
    /// Where the elements start.
    pub(super) length: usize,
}

/// The largest length of a header of version 1. Real headers have some hundred bytes.
pub(super) const LONGEST: usize = 10 + 65_535;

/// Reads the header from the first bytes of `entry`.
pub(super) fn header(entry: &str, bytes: &[u8]) -> Result<Header, Damage> {
    let invalid = |problem: &str| Damage::Header {
        part: format!("NumPy header of {entry}"),
        at: 0,
        problem: problem.into(),
    };
    if bytes.first() == Some(&0x80) {
        return Err(Damage::Pickle { entry: entry.into() });
    }
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or_else(|| invalid("it does not start with \"\\x93NUMPY\""))?;
    let short = || invalid("it ends within the header");
    let ([major, _minor], rest) = rest.split_first_chunk().ok_or_else(short)?;
    let (text_length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return Err(invalid("its version is none of 1, 2 and 3")),
    };
    let text = rest.get(..text_length).ok_or_else(short)?;
    let length = bytes.len() - rest.len() + text_length;
    let text = core::str::from_utf8(text).map_err(|_| invalid("it is not text"))?;
    let fields = Fields::parse(text)
        .ok_or_else(|| invalid("it is no dictionary of 'descr', 'fortran_order' and 'shape'"))?;
    let element = element(fields.descr).ok_or_else(|| match fields.descr.contains('O') {
        true => Damage::Pickle { entry: entry.into() },
        false => Damage::ElementType {
            tensor: entry.into(),
            got: fields.descr.into(),
            expected: "little-endian numbers and bfloat16 (|V2) can be read",
        },
    })?;
    Ok(Header { element, shape: fields.shape, column_major: fields.fortran_order, length })
}

/// The element type by NumPy's name. JAX writes bfloat16 as `|V2`, two bytes without a type.
fn element(descr: &str) -> Option<ElementType> {
    ElementType::named(match descr {
        "<f8" => "F64",
        "<f4" => "F32",
        "<f2" => "F16",
        "|V2" | "<V2" => "BF16",
        "<i8" => "I64",
        "<i4" => "I32",
        "<i2" => "I16",
        "|i1" => "I8",
        "<u8" => "U64",
        "<u4" => "U32",
        "<u2" => "U16",
        "|u1" => "U8",
        "|b1" => "BOOL",
        _ => return None,
    })
}

/// NumPy's name of an element type; the inverse of [`element`].
fn descr(element: ElementType) -> Option<&'static str> {
    ["<f8", "<f4", "<f2", "|V2"].into_iter().find(|descr| self::element(descr) == Some(element))
}

struct Fields<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl<'a> Fields<'a> {
    /// Parses the dictionary that NumPy writes: three keys in any order.
    fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?;
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        loop {
            rest = rest.trim_start();
            if let Some(end) = rest.strip_prefix('}') {
                end.trim().is_empty().then_some(())?;
                break;
            }
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            rest = match key {
                "descr" if descr.is_none() => {
                    // A list describes a record of several fields; its text is kept for the error.
                    let (value, after) = match rest.strip_prefix('[') {
                        Some(list) => list.split_once(']')?,
                        None => quoted(rest)?,
                    };
                    descr = Some(value);
                    after
                }
                "fortran_order" if fortran_order.is_none() => {
                    let (value, after) = match rest.strip_prefix("True") {
                        Some(after) => (true, after),
                        None => (false, rest.strip_prefix("False")?),
                    };
                    fortran_order = Some(value);
                    after
                }
                "shape" if shape.is_none() => {
                    let (list, after) = rest.strip_prefix('(')?.split_once(')')?;
                    let lengths = list.trim().trim_end_matches(',').split(',');
                    // Python 2 wrote long integers with an L.
                    let lengths = lengths.map(|length| length.trim().trim_end_matches('L').parse());
                    let lengths: Result<Vec<usize>, _> =
                        if list.trim().is_empty() { Ok(vec![]) } else { lengths.collect() };
                    shape = Some(lengths.ok()?);
                    after
                }
                _ => return None,
            };
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after,
                None if rest.starts_with('}') => rest,
                None => return None,
            };
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }
}

/// Splits off a quoted text without escapes.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// The bytes of a header, padded to 64 bytes as NumPy pads it.
pub(super) fn write(element: ElementType, shape: &[usize]) -> Option<Vec<u8>> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}",
        descr(element)?,
        lengths.join(", ")
    );
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
    bytes.extend(text.bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![48], vec![14, 14, 3, 48]] {
            let element = ElementType::named("BF16").unwrap();
            let bytes = write(element, &shape).unwrap();
            let length = bytes.len();
            assert_eq!(length % 64, 0);
            let expected = Header { element, shape, column_major: false, length };
            assert_eq!(header("a.npy", &bytes).unwrap(), expected);
        }
    }

    #[test]
    fn numpys_variations_are_read() {
        let text = "{\"shape\":(3L, 4L), 'fortran_order': True,'descr':'<f2'} \n";
        let got = header("a.npy", &array(text)).unwrap();
        assert_eq!((got.element.name, got.shape, got.column_major), ("F16", vec![3, 4], true));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let message = |text: &str| header("a.npy", &array(text)).unwrap_err().to_string();
        assert!(
            message("{'descr': '|O', 'fortran_order': False, 'shape': (), }")
                .starts_with("a.npy is a Python pickle")
        );
        assert_eq!(
            message("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }"),
            "tensor \"a.npy\" has elements of type >f4; little-endian numbers and bfloat16 (|V2) can \
             be read"
        );
        for text in [
            "",
            "{",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } more",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        ] {
            assert!(message(text).contains("no dictionary of"), "{text}: {}", message(text));
        }
        let cut = &array("{'descr': '<f4'}")[..12];
        assert!(header("a.npy", cut).unwrap_err().to_string().contains("ends within the header"));
    }
}

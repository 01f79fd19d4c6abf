//! The header of a safetensors file: a length, JSON, then the data of the tensors without gaps.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::element::ElementType;
use super::entry::Entry;
use super::error::{Bytes, Damage};

/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// The tensors, and the text entries beside them.
type Contents = (BTreeMap<String, Entry>, BTreeMap<String, String>);

pub(super) fn entries(bytes: &[u8]) -> Result<Contents, Damage> {
    let length = bytes.len() as u64;
    let truncated =
        |what: &str, at, needed| Damage::Truncated { what: what.into(), at, needed, length };
    let Some((prefix, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(truncated("the length of the header", 0, 8));
    };
    let header_length = u64::from_le_bytes(*prefix);
    let invalid =
        |problem: String| Damage::Header { part: "safetensors header".into(), at: 8, problem };
    if header_length > LONGEST_HEADER {
        return Err(invalid(format!(
            "it is said to be {header_length} bytes long, and {LONGEST_HEADER} are the limit; \
             this is no safetensors file, or a damaged one"
        )));
    }
    // In range: the limit is far below any `usize`.
    let Some((header, data)) = rest.split_at_checked(header_length as usize) else {
        return Err(truncated("the header", 8, header_length));
    };
    let header: Header =
        serde_json::from_slice(header).map_err(|error| invalid(error.to_string()))?;

    let start = 8 + header_length as usize;
    let mut entries = BTreeMap::new();
    let mut by_place = Vec::with_capacity(header.tensors.len());
    for (name, info) in header.tensors {
        let [from, to] = info.data_offsets;
        let element = ElementType::named(&info.dtype).ok_or_else(|| Damage::ElementType {
            tensor: name.clone(),
            got: info.dtype.clone(),
            expected: "that is no type of safetensors",
        })?;
        let offsets = |problem: String| Damage::Offsets {
            tensor: name.clone(),
            start: from,
            end: to,
            problem,
        };
        let Some(size) = to.checked_sub(from) else {
            return Err(offsets("it ends before it starts".into()));
        };
        if to > data.len() as u64 {
            return Err(truncated(
                &format!("tensor \"{name}\""),
                (start as u64).saturating_add(from),
                size,
            ));
        }
        let expected = element.bytes(&info.shape);
        if expected != Bytes::Whole(size) {
            return Err(Damage::Size {
                tensor: name,
                dtype: info.dtype,
                shape: info.shape,
                expected,
                got: size,
            });
        }
        by_place.push((from, to, name.clone()));
        let range = start + from as usize..start + to as usize;
        let entry =
            Entry { element, shape: info.shape, column_major: false, file: 0, range, packed: None };
        entries.insert(name, entry);
    }

    by_place.sort();
    let (mut end, mut before) = (0, None);
    for (from, to, name) in by_place {
        let problem = match (from.cmp(&end), &before) {
            (std::cmp::Ordering::Equal, _) => None,
            (std::cmp::Ordering::Less, Some(before)) => {
                Some(format!("it overlaps \"{before}\", which ends at {end}"))
            }
            _ => Some(format!("bytes {end} to {from} before it belong to no tensor")),
        };
        if let Some(problem) = problem {
            return Err(Damage::Offsets { tensor: name, start: from, end: to, problem });
        }
        (end, before) = (to, Some(name));
    }
    let end = start as u64 + end;
    if end != length {
        return Err(Damage::Trailing { end, extra: length - end });
    }
    Ok((entries, header.metadata))
}

struct Header {
    tensors: Vec<(String, Info)>,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// Written by hand, because a map would silently keep the last of two tensors of one name.
impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;

        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of tensors by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
                let mut header = Header { tensors: vec![], metadata: BTreeMap::new() };
                let mut seen = std::collections::BTreeSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(name.clone()) {
                        return Err(M::Error::custom(format!("the name \"{name}\" occurs twice")));
                    }
                    if name == "__metadata__" {
                        header.metadata = map.next_value()?;
                    } else {
                        header.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(Tensors)
    }
}

//! NumPy's archives: a zip file with an array in each entry. Nothing is ever unpacked to disk.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::entry::Entry;
use super::error::{Bytes, Damage};
use super::npy;
use super::packed::Packed;

/// The largest ratio of Deflate. An entry that declares a larger one is refused before memory is
/// reserved for it.
const DEFLATE_LIMIT: u64 = 1_032;

pub(super) fn entries(bytes: &[u8]) -> Result<BTreeMap<String, Entry>, Damage> {
    let directory = |problem: String| Damage::Archive { entry: "directory".into(), problem };
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| directory(error.to_string()))?;
    let mut entries = BTreeMap::new();
    let mut places = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|error| directory(error.to_string()))?;
        let name = file.name().to_string();
        if file.enclosed_name().is_none() || name.contains('\\') || name.starts_with('/') {
            return Err(Damage::UnsafeName { entry: name });
        }
        if name.ends_with(".pkl") {
            return Err(Damage::Pickle { entry: name });
        }
        let failed = |problem: &str| Damage::Archive {
            entry: format!("entry \"{name}\""),
            problem: problem.into(),
        };
        let tensor = name.strip_suffix(".npy").ok_or_else(|| failed("it is no NumPy array"))?;
        if file.encrypted() {
            return Err(failed("it is encrypted"));
        }
        let deflated = match file.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            _ => return Err(failed("it is packed by neither \"stored\" nor \"deflated\"")),
        };
        let start = file.data_start().ok_or_else(|| failed("its bytes are not to be found"))?;
        let end = start.saturating_add(file.compressed_size());
        if end > bytes.len() as u64 {
            return Err(Damage::Truncated {
                what: format!("entry \"{name}\""),
                at: start,
                needed: file.compressed_size(),
                length: bytes.len() as u64,
            });
        }
        if !deflated && file.size() != file.compressed_size() {
            return Err(failed("its two sizes differ although it is not compressed"));
        }
        if file.size() > file.compressed_size().saturating_mul(DEFLATE_LIMIT) {
            return Err(failed("it declares more bytes than its compressed ones can make"));
        }
        places.push((start, end, name.clone()));
        let range = start as usize..end as usize;
        let packed = &bytes[range.clone()];
        let mut first = Vec::new();
        let head: &[u8] = if deflated {
            DeflateDecoder::new(packed)
                .take(npy::LONGEST as u64)
                .read_to_end(&mut first)
                .map_err(|error| failed(&error.to_string()))?;
            &first
        } else {
            packed
        };
        let header = npy::header(&name, head)?;
        let expected = header.element.bytes(&header.shape);
        let got = file.size().checked_sub(header.length as u64);
        if got.map(Bytes::Whole) != Some(expected) {
            return Err(Damage::Size {
                tensor: tensor.into(),
                dtype: header.element.name.into(),
                shape: header.shape,
                expected,
                got: got.unwrap_or(0),
            });
        }
        let entry = Entry {
            element: header.element,
            shape: header.shape,
            column_major: header.column_major,
            file: 0,
            range,
            packed: Some(Packed {
                entry: format!("entry \"{name}\""),
                deflated,
                crc: file.crc32(),
                header: header.length,
                length: file.size() as usize,
            }),
        };
        if entries.insert(tensor.to_string(), entry).is_some() {
            return Err(Damage::Duplicate { name });
        }
    }
    places.sort();
    for pair in places.windows(2) {
        let [(start, end, first), (next, _, second)] = pair else { continue };
        if next < end {
            return Err(Damage::Offsets {
                tensor: first.clone(),
                start: *start,
                end: *end,
                problem: format!("it overlaps \"{second}\", which starts at {next}"),
            });
        }
    }
    Ok(entries)
}

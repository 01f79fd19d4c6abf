//! The members of a tar file, also of one that is cut or damaged.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::file_names::shown_bytes;
use super::remarks::Remarks;
use crate::data::error::DataError;
use crate::files::open_plain;

/// Bytes of a header, and what every member fills up to a multiple of.
const BLOCK: u64 = 512;

/// Where a shard ends within a member, or has something else where a header should be.
const DAMAGED: &str =
    "shards that are cut or damaged, of which all members that can be read are taken";

/// A file in a tar file.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    /// Its first byte in the tar file.
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) bytes: &'a mut dyn Read,
}

/// Hands on all files of a tar file that are whole. Of one that is cut or damaged, these are the files in front of the
/// damage and, from the next header on, those behind it. What is not read is told.
pub(super) fn members(
    path: &Path,
    remarks: &mut Remarks,
    mut each: impl FnMut(Member<'_>, &mut Remarks),
) -> Result<(), DataError> {
    let shown_path = path.display().to_string();
    let opened = open_plain(path).and_then(|(mut file, metadata)| {
        let is_compressed = is_compressed(&mut file)?;
        Ok((metadata.len(), file, is_compressed))
    });
    let (length, mut file) = match opened {
        Ok((_, _, true)) => {
            remarks.name("compressed shards are not read; unpack them", shown_path);
            return Ok(());
        }
        Ok((length, file, false)) => (length, file),
        Err(reason) if reason.kind() == ErrorKind::NotFound => {
            return Err(DataError::Io { path: path.into(), reason });
        }
        Err(reason) => {
            remarks.name("shards that cannot be opened", format!("{shown_path}: {reason}"));
            return Ok(());
        }
    };
    // Where the headers begin that are read now, and the last member before them.
    let (mut start, mut last) = (0, None);
    loop {
        let piece = piece(&mut file, [start, length], &mut last, remarks, &mut each);
        let (read_to, damage) =
            piece.map_err(|reason| DataError::Io { path: path.into(), reason })?;
        let Some(damage) = damage else {
            if length <= read_to {
                let what = "shards end without the zeros of a tar file's end and may have been cut";
                remarks.name(what, shown_path);
            } else if !is_zeros_from(&mut file, read_to).unwrap_or(false) {
                remarks.name("what follows the end of a shard is not read", shown_path);
            }
            return Ok(());
        };
        remarks.name(DAMAGED, format!("{shown_path}: {damage}"));
        match next_header(&mut file, read_to) {
            Some(next) => start = next,
            None => return Ok(()),
        }
    }
}

/// Hands on files from the header at `start` on, up to the end or to what is no header. Returns where that is, and what
/// is wrong there.
fn piece(
    file: &mut File,
    [start, length]: [u64; 2],
    last: &mut Option<String>,
    remarks: &mut Remarks,
    each: &mut impl FnMut(Member<'_>, &mut Remarks),
) -> io::Result<(u64, Option<String>)> {
    let mut archive = tar::Archive::new(FromByte::new(file, start)?);
    let mut read_to = start;
    for entry in archive.entries_with_seek()? {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(_) => {
                let after =
                    last.as_ref().map_or("at its start".into(), |name| format!("after {name}"));
                let damage = match length < read_to + BLOCK {
                    true => format!("its end is within the header {after}"),
                    false => format!("there is no header {after}"),
                };
                return Ok((read_to, Some(damage)));
            }
        };
        let name = shown_bytes(&entry.path_bytes());
        let (offset, len) = (start + entry.raw_file_position(), entry.size());
        let end = offset.checked_add(len).filter(|end| *end <= length);
        let Some(end) = end else {
            return Ok((length, Some(format!("its end is within {name}"))));
        };
        read_to = end.next_multiple_of(BLOCK);
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            remarks.add("links in shards are not followed", &*name);
        } else if kind.is_file() || kind.is_contiguous() {
            each(Member { name: &name, offset, len, bytes: &mut entry }, remarks);
        } else if !kind.is_dir() && !kind.is_pax_global_extensions() {
            remarks.add("members of shards that are no plain files are left out", &*name);
        }
        *last = Some(name);
    }
    Ok((read_to, None))
}

/// A file from a byte on, which counts as its first.
struct FromByte<'a> {
    file: &'a mut File,
    start: u64,
}

impl<'a> FromByte<'a> {
    fn new(file: &'a mut File, start: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file, start })
    }
}

impl Read for FromByte<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.read(bytes)
    }
}

impl Seek for FromByte<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => {
                self.file.seek(SeekFrom::Start(self.start.saturating_add(at)))?
            }
            other => self.file.seek(other)?,
        };
        Ok(at.saturating_sub(self.start))
    }
}

/// Whether a file begins as gzip, zstd, bzip2, xz or zip files do.
fn is_compressed(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.take(6).read_to_end(&mut begin)?;
    let marks: [&[u8]; 5] =
        [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04"];
    Ok(marks.iter().any(|mark| begin.starts_with(mark)))
}

/// Whether a file holds nothing but zeros from a byte on, as tar files do behind their last member.
fn is_zeros_from(file: &mut File, start: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(true),
            count if bytes[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

/// Where the first header behind a byte is that is none: a block with the mark of a tar file and the right sum.
fn next_header(file: &mut File, damaged: u64) -> Option<u64> {
    let mut at = damaged + BLOCK;
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut blocks = Vec::new();
    loop {
        blocks.clear();
        file.take(BLOCK << 11).read_to_end(&mut blocks).ok()?;
        let (whole, _) = blocks.as_chunks::<{ BLOCK as usize }>();
        match whole.iter().position(is_header) {
            Some(block) => return Some(at + block as u64 * BLOCK),
            None if whole.is_empty() => return None,
            None => at += whole.len() as u64 * BLOCK,
        }
    }
}

fn is_header(block: &[u8; BLOCK as usize]) -> bool {
    let header = tar::Header::from_byte_slice(block);
    let is_marked = header.as_ustar().is_some() || header.as_gnu().is_some();
    // The sum counts its own field as spaces.
    let bytes = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte));
    is_marked && header.cksum().is_ok_and(|sum| sum == bytes.sum::<u32>() + 8 * u32::from(b' '))
}

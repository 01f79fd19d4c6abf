//! Where the frames of an MP4 or QuickTime file are.
//!
//! Boxes are read with all their bounds checked. The kept demuxer `re_mp4` (0.5) does not end on a damaged file whose box
//! has the size 0.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use crate::data::image::ImageError;

/// Kinds of the first box of a file.
pub(super) const FIRST: [&[u8]; 6] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"];

/// The most bytes of tables that are read.
const MOST_TABLES: u64 = 1 << 28;

/// How a frame is turned to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "video"), allow(dead_code, reason = "pixels are not decoded"))]
pub(super) enum Turn {
    None,
    Right,
    Half,
    Left,
}

/// The first track of video of a file.
#[derive(Debug)]
#[cfg_attr(not(feature = "video"), allow(dead_code, reason = "pixels are not decoded"))]
pub(super) struct Track {
    /// The four characters that name the codec.
    pub(super) codec: String,
    /// What the decoder is set up with: the box `avcC`.
    pub(super) config: Vec<u8>,
    /// The bytes of each coded frame in the file, in the order of decoding.
    pub(super) samples: Vec<Range<u64>>,
    pub(super) turn: Turn,
    id: u32,
}

/// What is wrong, for [`ImageError::Broken`].
type Broken = &'static str;

impl Track {
    /// Reads the tables of a file of so many bytes.
    pub(super) fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Self, ImageError> {
        let broken = |reason: Broken| ImageError::Broken { format: "MP4", reason: reason.into() };
        let io =
            |error: std::io::Error| ImageError::Broken { format: "MP4", reason: error.to_string() };
        let (mut track, mut defaults, mut at) = (None, Vec::new(), 0);
        while at + 8 <= length {
            file.seek(SeekFrom::Start(at)).map_err(io)?;
            let mut header = [0; 16];
            let here = (length - at).min(16) as usize;
            file.read_exact(&mut header[..here]).map_err(io)?;
            let (kind, head, size) = head(&header[..here], length - at).map_err(broken)?;
            if size > length - at {
                return Err(broken("the file ends early"));
            }
            if [*b"moov", *b"moof"].contains(&kind) {
                if size > MOST_TABLES {
                    return Err(broken("its tables are larger than 256 MiB"));
                }
                let mut bytes = vec![0; (size - head) as usize];
                file.seek(SeekFrom::Start(at + head)).map_err(io)?;
                file.read_exact(&mut bytes).map_err(io)?;
                match (&kind, &mut track) {
                    (b"moov", none @ None) => {
                        *none = movie(&bytes, length).map_err(broken)?;
                        defaults = default_sizes(&bytes).map_err(broken)?;
                    }
                    (b"moof", Some(track)) => {
                        fragment(&bytes, at, length, &defaults, track).map_err(broken)?;
                    }
                    _ => {}
                }
            }
            at += size;
        }
        let track = track.ok_or_else(|| broken("it has no track of video"))?;
        match track.samples.is_empty() {
            true => Err(broken("it has no frames")),
            false => Ok(track),
        }
    }
}

/// Kind, bytes of the header and bytes in all of a box that begins here, with `rest` bytes to the end of what holds it.
fn head(bytes: &[u8], rest: u64) -> Result<([u8; 4], u64, u64), Broken> {
    let mut at = Cursor(bytes);
    let size = u64::from(at.u32()?);
    let kind = at.array()?;
    let (head, size) = match size {
        0 => (8, rest),
        1 => (16, at.u64()?),
        size => (8, size),
    };
    if size < head { Err("a box is smaller than its header") } else { Ok((kind, head, size)) }
}

/// Bytes that are read from the front.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (front, rest) = self.0.split_at_checked(count).ok_or("a box ends early")?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, Broken> {
        self.array().map(u64::from_be_bytes)
    }

    /// Numbers of four bytes behind their count.
    fn table<const N: usize>(&mut self) -> Result<Vec<[u32; N]>, Broken> {
        let count = self.u32()? as usize;
        let bytes = count.checked_mul(4 * N).ok_or("a table is too long")?;
        let rows = self.take(bytes)?.chunks_exact(4 * N).map(|row| {
            let mut row = Cursor(row);
            let mut values = [0; N];
            for value in &mut values {
                *value = row.u32()?;
            }
            Ok(values)
        });
        rows.collect()
    }

    /// The box that comes next.
    fn next_box(&mut self) -> Result<Option<([u8; 4], Cursor<'a>)>, Broken> {
        // Four zeros end a list in QuickTime.
        if self.0.len() < 8 {
            return Ok(None);
        }
        let (kind, header, size) = head(self.0, self.0.len() as u64)?;
        let size = usize::try_from(size).map_err(|_| "a box ends early")?;
        let mut content = Cursor(self.take(size)?);
        content.take(header as usize)?;
        Ok(Some((kind, content)))
    }

    /// The first box of a kind.
    fn find(mut self, wanted: &[u8; 4]) -> Result<Option<Cursor<'a>>, Broken> {
        while let Some((kind, content)) = self.next_box()? {
            if kind == *wanted {
                return Ok(Some(content));
            }
        }
        Ok(None)
    }

    fn needed(self, wanted: &[u8; 4]) -> Result<Cursor<'a>, Broken> {
        self.find(wanted)?.ok_or("a box is missing")
    }
}

/// The first track of video.
fn movie(bytes: &[u8], length: u64) -> Result<Option<Track>, Broken> {
    let mut boxes = Cursor(bytes);
    while let Some((kind, content)) = boxes.next_box()? {
        if kind != *b"trak" {
            continue;
        }
        let media = content.needed(b"mdia")?;
        let mut handler = media.needed(b"hdlr")?;
        handler.take(8)?;
        if handler.array()? == *b"vide" {
            return track(content, media, length).map(Some);
        }
    }
    Ok(None)
}

fn track(content: Cursor<'_>, media: Cursor<'_>, length: u64) -> Result<Track, Broken> {
    let mut header = content.needed(b"tkhd")?;
    let version = header.u32()? >> 24;
    header.take(if version == 1 { 16 } else { 8 })?;
    let id = header.u32()?;
    header.take(if version == 1 { 12 } else { 8 } + 16)?;
    let turn = match [header.u32()?, header.u32()?] {
        [0, 0x0001_0000] => Turn::Right,
        [0xffff_0000, 0] => Turn::Half,
        [0, 0xffff_0000] => Turn::Left,
        _ => Turn::None,
    };
    let tables = media.needed(b"minf")?.needed(b"stbl")?;
    let mut descriptions = tables.needed(b"stsd")?;
    descriptions.take(8)?;
    let (codec, mut entry) = descriptions.next_box()?.ok_or("its codec is not named")?;
    let codec = codec.escape_ascii().to_string();
    let mut config = Vec::new();
    if codec.starts_with("avc") {
        entry.take(78)?;
        config = entry.needed(b"avcC")?.0.to_vec();
    }
    Ok(Track { codec, config, samples: samples(tables, length)?, turn, id })
}

/// The bytes of each sample, by the tables of chunks and sizes.
fn samples(tables: Cursor<'_>, length: u64) -> Result<Vec<Range<u64>>, Broken> {
    let Some(mut sizes) = tables.find(b"stsz")? else {
        return match tables.find(b"stz2")? {
            Some(_) => Err("sizes of less than four bytes are not read"),
            None => Ok(vec![]),
        };
    };
    sizes.take(4)?;
    let size = u64::from(sizes.u32()?);
    let sizes: Vec<u64> = match size {
        0 => sizes.table()?.into_iter().map(|[size]| size.into()).collect(),
        size => {
            let count = u64::from(sizes.u32()?);
            if count.checked_mul(size).is_none_or(|bytes| bytes > length) {
                return Err("its frames are larger than the file");
            }
            vec![size; count as usize]
        }
    };
    let offsets: Vec<u64> = match (tables.find(b"stco")?, tables.find(b"co64")?) {
        (Some(mut offsets), _) => {
            offsets.take(4)?;
            offsets.table()?.into_iter().map(|[offset]| offset.into()).collect()
        }
        (None, Some(mut offsets)) => {
            offsets.take(4)?;
            let pairs = offsets.table()?.into_iter();
            pairs.map(|[high, low]| u64::from(high) << 32 | u64::from(low)).collect()
        }
        (None, None) => return Err("it does not say where its frames are"),
    };
    let mut runs = tables.needed(b"stsc")?;
    runs.take(4)?;
    let runs: Vec<[u32; 3]> = runs.table()?;
    let mut sizes = sizes.into_iter().peekable();
    let mut samples = Vec::with_capacity(sizes.len());
    let mut run = 0;
    for (chunk, offset) in (1u32..).zip(offsets) {
        while runs.get(run + 1).is_some_and(|[first, ..]| *first <= chunk) {
            run += 1;
        }
        let [_, in_chunk, _] = *runs.get(run).ok_or("a table of its chunks is empty")?;
        let mut at = offset;
        for size in sizes.by_ref().take(in_chunk as usize) {
            samples.push(range(at, size, length)?);
            at += size;
        }
    }
    match sizes.peek() {
        None => Ok(samples),
        Some(_) => Err("it does not say where all of its frames are"),
    }
}

fn range(at: u64, size: u64, length: u64) -> Result<Range<u64>, Broken> {
    let end = at.checked_add(size).filter(|end| *end <= length);
    Ok(at..end.ok_or("a frame lies behind the end of the file")?)
}

/// The sizes of samples of fragments that say none: of each track.
fn default_sizes(movie: &[u8]) -> Result<Vec<(u32, u64)>, Broken> {
    let mut sizes = Vec::new();
    let Some(mut extends) = Cursor(movie).find(b"mvex")? else { return Ok(sizes) };
    while let Some((kind, mut content)) = extends.next_box()? {
        if kind == *b"trex" {
            content.take(4)?;
            let track = content.u32()?;
            content.take(8)?;
            sizes.push((track, content.u32()?.into()));
        }
    }
    Ok(sizes)
}

/// Adds the samples of a fragment that begins at a byte of the file.
fn fragment(
    bytes: &[u8],
    start: u64,
    length: u64,
    defaults: &[(u32, u64)],
    track: &mut Track,
) -> Result<(), Broken> {
    let mut boxes = Cursor(bytes);
    while let Some((kind, content)) = boxes.next_box()? {
        if kind != *b"traf" {
            continue;
        }
        let mut header = content.needed(b"tfhd")?;
        let flags = header.u32()?;
        if header.u32()? != track.id {
            continue;
        }
        let base = if flags & 1 == 0 { start } else { header.u64()? };
        header.take([2, 8].map(|flag| if flags & flag == 0 { 0 } else { 4 }).iter().sum())?;
        let usual = match flags & 0x10 {
            0 => defaults.iter().find(|(id, _)| *id == track.id).map_or(0, |(_, size)| *size),
            _ => header.u32()?.into(),
        };
        let (mut runs, mut at) = (content, base);
        while let Some((kind, mut run)) = runs.next_box()? {
            if kind != *b"trun" {
                continue;
            }
            let flags = run.u32()?;
            let count = run.u32()?;
            if flags & 1 != 0 {
                let offset = i64::from(run.u32()? as i32);
                at = base.checked_add_signed(offset).ok_or("a fragment begins before the file")?;
            }
            run.take(if flags & 4 == 0 { 0 } else { 4 })?;
            for _ in 0..count {
                run.take(if flags & 0x100 == 0 { 0 } else { 4 })?;
                let size = if flags & 0x200 == 0 { usual } else { run.u32()?.into() };
                run.take(
                    [0x400, 0x800].map(|flag| if flags & flag == 0 { 0 } else { 4 }).iter().sum(),
                )?;
                if size == 0 {
                    return Err("a frame has no bytes");
                }
                if track.samples.len() as u64 > length {
                    return Err("it has more frames than bytes");
                }
                track.samples.push(range(at, size, length)?);
                at += size;
            }
        }
    }
    Ok(())
}

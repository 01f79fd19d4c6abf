//! Animated GIF and WebP.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageDecoder, Limits};

use super::out::Sender;
use crate::data::image::{DecodeOptions, Image, ImageError};

/// Frames of a GIF, found by its blocks. One without the last block is whole if it ends behind another.
pub(super) fn count_gif(mut file: impl Read + Seek) -> io::Result<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3u64 << ((flags & 7) + 1) };
    let mut screen = [0; 13];
    file.read_exact(&mut screen)?;
    discard(&mut file, table(screen[10]))?;
    let mut frames = 0;
    loop {
        let mut kind = [0];
        if file.read(&mut kind)? == 0 {
            return Ok(frames);
        }
        match kind[0] {
            0x21 => discard(&mut file, 1)?,
            0x2c => {
                let mut place = [0; 9];
                file.read_exact(&mut place)?;
                discard(&mut file, table(place[8]) + 1)?;
                frames += 1;
            }
            0x3b => return Ok(frames),
            // Some writers leave zeros between blocks.
            0 => continue,
            other => {
                let what = format!("there is no block 0x{other:02x}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        loop {
            let mut length = [0];
            file.read_exact(&mut length)?;
            match length[0] {
                0 => break,
                length => discard(&mut file, length.into())?,
            }
        }
    }
}

/// Reads over bytes that must be there.
fn discard(file: &mut impl Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut file.take(bytes), &mut io::sink())? == bytes {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Frames of a WebP, found by its chunks; one of an image that does not move.
pub(super) fn count_webp(file: &mut (impl Read + Seek), length: u64) -> io::Result<usize> {
    let mut at = 12;
    let mut frames = 0;
    let mut is_animated = false;
    while at + 8 <= length {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; 8];
        file.read_exact(&mut header)?;
        let [name @ .., a, b, c, d] = header;
        let size = u64::from(u32::from_le_bytes([a, b, c, d]));
        let end = at + 8 + size;
        is_animated |= name == *b"ANIM";
        if end > length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        frames += usize::from(name == *b"ANMF");
        at = end.next_multiple_of(2);
    }
    Ok(if is_animated { frames } else { 1 })
}

pub(super) fn decode_gif(
    bytes: &[u8],
    options: DecodeOptions,
    out: &Sender<'_>,
) -> Result<(), ImageError> {
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(error("GIF"))?;
    send("GIF", limited("GIF", decoder, options)?, out)
}

pub(super) fn decode_webp(
    bytes: &[u8],
    options: DecodeOptions,
    out: &Sender<'_>,
) -> Result<(), ImageError> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(error("WebP"))?;
    if !decoder.has_animation() {
        out.send(Image::decode(bytes, options)?);
        return Ok(());
    }
    send("WebP", limited("WebP", decoder, options)?, out)
}

/// A decoder of frames that are not too large.
fn limited<D: ImageDecoder>(
    format: &'static str,
    mut decoder: D,
    options: DecodeOptions,
) -> Result<D, ImageError> {
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > options.max_pixels {
        return Err(ImageError::TooLarge { width, height, limit: options.max_pixels });
    }
    let mut limits = Limits::no_limits();
    // A canvas and a frame of four channels, and 64 MiB for tables and compressed data.
    limits.max_alloc = Some(options.max_pixels.saturating_mul(8).saturating_add(1 << 26));
    decoder.set_limits(limits).map_err(error(format))?;
    Ok(decoder)
}

/// Hands on the frames as they are shown: each on the ones before it, where it covers a part alone. Alpha is dropped.
fn send<'a>(
    format: &'static str,
    decoder: impl AnimationDecoder<'a>,
    out: &Sender<'_>,
) -> Result<(), ImageError> {
    for frame in decoder.into_frames() {
        let rgba = frame.map_err(error(format))?.into_buffer();
        let (width, height) = rgba.dimensions();
        let rgb = rgba.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        if !out.send(Image::new(width as usize, height as usize, rgb)?) {
            break;
        }
    }
    Ok(())
}

fn error(format: &'static str) -> impl Fn(image::ImageError) -> ImageError {
    move |error| ImageError::Broken { format, reason: error.to_string().trim_end().into() }
}

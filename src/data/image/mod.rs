//! An image in memory, and decoding into it.

mod float_image;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

pub use float_image::FloatImage;

/// Bytes that cannot be decoded as an image, or values that form none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes belong to no format that is read.
    #[error("expected JPEG, PNG, WebP or BMP, got {got}")]
    Format {
        /// The first bytes.
        got: String,
    },
    /// The file ends early or contradicts itself.
    #[error("broken {format}: {reason}")]
    Broken {
        /// The format.
        format: &'static str,
        /// The decoder's error.
        reason: String,
    },
    /// A valid image of a kind that the decoder does not read.
    #[error("{format} of an unsupported kind: {reason}; save it as plain 8-bit {format}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// The decoder's error.
        reason: String,
    },
    /// The header announces more pixels than the limit allows.
    #[error(
        "{width} × {height} pixels exceed the limit of {limit}; raise DecodeLimit if they are meant"
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The most pixels that are allowed.
        limit: u64,
    },
    /// The number of values is not that of an image of this size.
    #[error("expected 3 × {width} × {height} values of a non-empty image, got {got}")]
    Size {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The number of values.
        got: usize,
    },
    /// A value is NaN.
    #[error("a pixel is NaN; expected values in [0, 1]")]
    NotANumber,
}

/// The most pixels that an image may announce in its header before any memory is taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimit {
    /// Width times height; above 0. Default: 178,956,970, beyond which Pillow refuses an image too.
    pub max_pixels: u64,
}

impl Default for DecodeLimit {
    fn default() -> Self {
        Self { max_pixels: 178_956_970 }
    }
}

/// An image of 8-bit red, green and blue.
///
/// ```
/// use vit22b::data::{DecodeLimit, Image};
///
/// let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg"));
/// let image = Image::decode(bytes, DecodeLimit::default())?;
/// assert_eq!([image.width(), image.height()], [75, 50]);
/// # Ok::<(), vit22b::data::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// An image of `[height, width, 3]` bytes, row by row.
    ///
    /// # Errors
    ///
    /// [`ImageError::Size`] if the bytes do not fill a non-empty image.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, ImageError> {
        let got = pixels.len();
        let expected = width.checked_mul(height).and_then(|n| n.checked_mul(3));
        if got == 0 || expected != Some(got) {
            return Err(ImageError::Size { width, height, got });
        }
        Ok(Self { width, height, pixels })
    }

    /// Decodes JPEG, PNG, WebP or BMP, recognised by the first bytes, and turns the image upright
    /// by its EXIF orientation.
    ///
    /// Grey becomes equal red, green and blue, palettes are looked up, 16-bit values are rounded to
    /// 8 bits, CMYK is converted without a colour profile, and alpha is dropped, all as Pillow's
    /// `Image.convert("RGB")` does. Of an animation, the first frame is read.
    ///
    /// # Errors
    ///
    /// [`ImageError`]. A file that ends early is an error, even if its decoder would fill in the rest.
    pub fn decode(bytes: &[u8], limit: DecodeLimit) -> Result<Self, ImageError> {
        let format = image::guess_format(bytes).ok().and_then(|format| {
            let known = [
                (ImageFormat::Jpeg, "JPEG"),
                (ImageFormat::Png, "PNG"),
                (ImageFormat::WebP, "WebP"),
                (ImageFormat::Bmp, "BMP"),
            ];
            known.into_iter().find(|(known, _)| *known == format)
        });
        let Some((format, name)) = format else {
            return Err(ImageError::Format { got: beginning(bytes) });
        };
        // A decoder that panics on a malicious file must not end a training run.
        catch_unwind(AssertUnwindSafe(|| decode(bytes, format, name, limit))).unwrap_or_else(|_| {
            Err(ImageError::Broken { format: name, reason: "its decoder panicked".into() })
        })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The `[height, width, 3]` bytes, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }
}

fn decode(
    bytes: &[u8],
    format: ImageFormat,
    name: &'static str,
    limit: DecodeLimit,
) -> Result<Image, ImageError> {
    let error = |error: image::ImageError| match error {
        image::ImageError::Unsupported(error) => {
            ImageError::Unsupported { format: name, reason: error.to_string().trim_end().into() }
        }
        error => ImageError::Broken { format: name, reason: error.to_string().trim_end().into() },
    };
    if format == ImageFormat::Jpeg && !has_end(bytes) {
        return Err(ImageError::Broken { format: name, reason: "the file ends early".into() });
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    // Four channels of 16 bits a pixel, and 64 MiB for the decoder's tables and compressed data.
    limits.max_alloc = Some(limit.max_pixels.saturating_mul(8).saturating_add(1 << 26));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(error)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limit.max_pixels {
        return Err(ImageError::TooLarge { width, height, limit: limit.max_pixels });
    }
    // An orientation that cannot be read is ignored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(error)?;
    decoded.apply_orientation(orientation);
    let rgb = decoded.into_rgb8();
    Image::new(rgb.width() as usize, rgb.height() as usize, rgb.into_raw())
}

/// Whether the end marker of a JPEG comes after its last start of a scan. Without this check a truncated
/// file would pass: the decoder fills the missing pixels with grey and reports nothing.
fn has_end(jpeg: &[u8]) -> bool {
    let position = |marker: [u8; 2]| jpeg.windows(2).rposition(|pair| pair == marker);
    match (position([0xff, 0xda]), position([0xff, 0xd9])) {
        (Some(scan), Some(end)) => end > scan,
        _ => false,
    }
}

/// The first bytes, for an error text.
fn beginning(bytes: &[u8]) -> String {
    match bytes {
        [] => "an empty file".into(),
        bytes => {
            format!("bytes that begin with \"{}\"", bytes[..bytes.len().min(8)].escape_ascii())
        }
    }
}

//! An image in memory, and decoding into it.

mod float_image;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

pub use float_image::FloatImage;

/// Bytes that are no image that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes are of no known format.
    #[error("expected JPEG, PNG, WebP or BMP, got {got}")]
    Format {
        /// What the bytes begin with.
        got: String,
    },
    /// The bytes end early or contradict themselves.
    #[error("broken {format}: {reason}")]
    Broken {
        /// The format.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// A valid image of a kind that no decoder here reads.
    #[error("{format} of an unsupported kind: {reason}; save it as plain 8-bit {format}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// The header announces more pixels than the limit allows.
    #[error(
        "{width} × {height} pixels exceed the limit of {limit}; raise DecodeLimit if they are meant"
    )]
    TooLarge {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Pixels that the limit allows.
        limit: u64,
    },
    /// Pixels that do not fill the stated size.
    #[error("expected 3 × {width} × {height} values of a non-empty image, got {got}")]
    Size {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Values that came.
        got: usize,
    },
    /// A pixel of floats without a value.
    #[error("a pixel is NaN; expected values in [0, 1]")]
    NotANumber,
}

/// The most pixels that an image may announce in its header before any memory is taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimit {
    /// Width times height; above 0. Default 178,956,970, where Pillow too refuses to go on.
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

    /// Decodes JPEG, PNG, WebP or BMP, which the first bytes tell apart, and turns the image
    /// upright by its EXIF orientation.
    ///
    /// Grey becomes equal red, green and blue, palettes are looked up, 16-bit values are rounded
    /// to 8 bits, CMYK is converted without a colour profile, and alpha is dropped, as
    /// `Image.convert("RGB")` of Pillow does. Of an animation, the first frame is read.
    ///
    /// # Errors
    ///
    /// [`ImageError`]. A file that ends early is broken, also where its decoder would fill in the rest.
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

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `[height, width, 3]` bytes, row by row.
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
    // Four channels of 16 bits, and as much again for tables and what is compressed.
    limits.max_alloc = Some(limit.max_pixels.saturating_mul(8).saturating_add(1 << 26));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(error)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limit.max_pixels {
        return Err(ImageError::TooLarge { width, height, limit: limit.max_pixels });
    }
    // A broken note on the orientation does not break the image.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(error)?;
    decoded.apply_orientation(orientation);
    let rgb = decoded.into_rgb8();
    Image::new(rgb.width() as usize, rgb.height() as usize, rgb.into_raw())
}

/// Whether the marker that ends a JPEG stands behind the one that starts its first scan. The
/// decoder fills what is missing of a file with grey and says nothing.
fn has_end(jpeg: &[u8]) -> bool {
    let position = |marker: [u8; 2]| jpeg.windows(2).rposition(|pair| pair == marker);
    match (position([0xff, 0xda]), position([0xff, 0xd9])) {
        (Some(scan), Some(end)) => end > scan,
        _ => false,
    }
}

/// The first bytes for an error text.
fn beginning(bytes: &[u8]) -> String {
    match bytes {
        [] => "an empty file".into(),
        bytes => {
            format!("bytes that begin with \"{}\"", bytes[..bytes.len().min(8)].escape_ascii())
        }
    }
}

//! An image in memory, and decoding into it.

mod float_image;
mod jpeg;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

pub use float_image::FloatImage;

/// Endings of the names of files that are read as images, in lower case.
pub(super) const ENDINGS: [&str; 16] = [
    "bmp", "gif", "jfif", "jpe", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "qoi", "tif",
    "tiff", "webp", "dib",
];

/// Whether files with this ending, in any case, are read as images.
pub(super) fn is_image(ending: &str) -> bool {
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Bytes that cannot be decoded as an image, or values that form none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes belong to no format that is read.
    #[error("expected JPEG, PNG, WebP, BMP, GIF, TIFF, QOI or PNM, got {got}")]
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
        "{width} × {height} pixels exceed the limit of {limit}; raise `DecodeOptions::max_pixels` if they are meant"
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The most pixels that are allowed.
        limit: u64,
    },
    /// A video that is not read, or a part of the format that its decoder lacks.
    #[error("{what} is not read; {remedy}")]
    Video {
        /// What the file holds.
        what: String,
        /// What to do.
        remedy: &'static str,
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

/// How images are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// The most pixels that an image may announce in its header before any memory is taken for it, above 0.
    /// Default: 178,956,970, beyond which Pillow refuses an image too.
    pub max_pixels: u64,
    /// Whether images are turned upright by their EXIF orientation, which is the default. Loaders of timm,
    /// torchvision and `tf.io` do not turn them.
    pub exif_orientation: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_pixels: 178_956_970, exif_orientation: true }
    }
}

/// An image of 8-bit red, green and blue.
///
/// ```
/// use vit22b::data::{DecodeOptions, Image};
///
/// let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg"));
/// let image = Image::decode(bytes, DecodeOptions::default())?;
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

    /// Decodes JPEG, PNG, WebP, BMP, GIF, TIFF, QOI or PNM, recognised by the first bytes, and turns the image
    /// upright by its EXIF orientation, unless the options say otherwise.
    ///
    /// Grey becomes equal red, green and blue, palettes are looked up, 16-bit values are rounded to
    /// 8 bits, CMYK is converted without a colour profile, and alpha is dropped, all as Pillow's
    /// `Image.convert("RGB")` does. Of an animation, the first frame is read; of a JPEG, the first image and
    /// not what may follow it in the file. AVIF, HEIC, JPEG XL and the like are named in the error; TIFF with a palette
    /// or of floating-point numbers is of an unsupported kind.
    ///
    /// # Errors
    ///
    /// [`ImageError`]. A file that ends early is an error, even if its decoder would fill in the rest.
    pub fn decode(bytes: &[u8], options: DecodeOptions) -> Result<Self, ImageError> {
        let is_large_tiff = bytes.starts_with(b"II+\0") || bytes.starts_with(b"MM\0+");
        let guessed = image::guess_format(bytes).ok();
        let format = if is_large_tiff { Some(ImageFormat::Tiff) } else { guessed };
        let format = format.and_then(|format| {
            let known = [
                (ImageFormat::Jpeg, "JPEG"),
                (ImageFormat::Png, "PNG"),
                (ImageFormat::WebP, "WebP"),
                (ImageFormat::Bmp, "BMP"),
                (ImageFormat::Gif, "GIF"),
                (ImageFormat::Tiff, "TIFF"),
                (ImageFormat::Qoi, "QOI"),
                (ImageFormat::Pnm, "PNM"),
            ];
            known.into_iter().find(|(known, _)| *known == format)
        });
        let Some((format, name)) = format else {
            return Err(ImageError::Format { got: beginning(bytes) });
        };
        // A decoder that panics on a malicious file must not end a training run.
        catch_unwind(AssertUnwindSafe(|| decode(bytes, format, name, options))).unwrap_or_else(
            |_| Err(ImageError::Broken { format: name, reason: "its decoder panicked".into() }),
        )
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
    options: DecodeOptions,
) -> Result<Image, ImageError> {
    let error = |error: image::ImageError| match error {
        image::ImageError::Unsupported(error) => {
            ImageError::Unsupported { format: name, reason: error.to_string().trim_end().into() }
        }
        error => ImageError::Broken { format: name, reason: error.to_string().trim_end().into() },
    };
    let bytes = match format {
        ImageFormat::Jpeg => jpeg::first_image(bytes).ok_or_else(|| ImageError::Broken {
            format: name,
            reason: "the file ends early".into(),
        })?,
        _ => bytes,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    // Four channels of 16 bits a pixel, and 64 MiB for the decoder's tables and compressed data.
    limits.max_alloc = Some(options.max_pixels.saturating_mul(8).saturating_add(1 << 26));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(error)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > options.max_pixels {
        return Err(ImageError::TooLarge { width, height, limit: options.max_pixels });
    }
    // An orientation that cannot be read is ignored.
    let orientation = match options.exif_orientation {
        true => decoder.orientation().unwrap_or(Orientation::NoTransforms),
        false => Orientation::NoTransforms,
    };
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(error)?;
    if matches!(decoded, DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_)) {
        // Their range is not known: 0 to 1, to 255, or light without a limit.
        let reason = "pixels are floating-point numbers".into();
        return Err(ImageError::Unsupported { format: name, reason });
    }
    decoded.apply_orientation(orientation);
    let rgb = decoded.into_rgb8();
    Image::new(rgb.width() as usize, rgb.height() as usize, rgb.into_raw())
}

/// What a file is, for an error text: its format if that is known, else its first bytes.
fn beginning(bytes: &[u8]) -> String {
    let brand = bytes.get(4..12).unwrap_or_default();
    match bytes {
        [] => "an empty file".into(),
        _ if [&b"ftypavif"[..], b"ftypavis"].contains(&brand) => "AVIF".into(),
        _ if [&b"ftypheic"[..], b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"]
            .contains(&brand) =>
        {
            "HEIC".into()
        }
        _ if bytes.starts_with(b"\xff\x0a") || bytes.starts_with(b"\0\0\0\x0cJXL ") => {
            "JPEG XL".into()
        }
        _ if bytes.starts_with(b"\0\0\0\x0cjP  ") => "JPEG 2000".into(),
        _ if bytes.trim_ascii_start().starts_with(b"<svg") => "SVG".into(),
        _ if bytes.starts_with(b"%PDF") => "PDF".into(),
        _ if bytes.starts_with(b"version https://git-lfs") => {
            "a pointer of Git LFS; fetch the file itself".into()
        }
        _ if bytes.trim_ascii_start().starts_with(b"<!") => "a web page".into(),
        bytes => {
            format!("bytes that begin with \"{}\"", bytes[..bytes.len().min(8)].escape_ascii())
        }
    }
}

//! Classes of pixels in PNG files, as numbers: grey ones, and those with a palette.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};
use thiserror::Error;

/// A class for each pixel, row by row.
///
/// Pascal VOC's masks have a palette, whose numbers are the classes, and ADE20k's are grey. Other programs make
/// colours of the first; here both are read as numbers.
///
/// ```
/// use vit22b::data::LabelMask;
///
/// let mask = LabelMask::new(1, 3, vec![0, 15, 255])?;
/// let path = std::env::temp_dir().join("vit22b-doc-mask.png");
/// mask.write_palette(&path)?;
/// assert_eq!(LabelMask::read(&path)?, mask);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMask {
    height: usize,
    width: usize,
    labels: Vec<u8>,
}

/// A mask that cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelMaskError {
    /// A file that cannot be read or written, or that is no mask.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// Labels that form no mask.
    #[error("expected {height} × {width} labels of a mask that is not empty, got {got}")]
    Size {
        /// Rows of the mask.
        height: usize,
        /// Columns of the mask.
        width: usize,
        /// The number of labels.
        got: usize,
    },
}

/// The most bytes that a mask takes to be read.
const LIMIT: usize = 1 << 30;

impl LabelMask {
    /// A mask of these labels, row by row.
    ///
    /// # Errors
    ///
    /// [`LabelMaskError::Size`] if there are other than `height * width` labels, or none.
    pub fn new(height: usize, width: usize, labels: Vec<u8>) -> Result<Self, LabelMaskError> {
        let got = labels.len();
        match height.checked_mul(width) {
            Some(count) if count == got && count > 0 => Ok(Self { height, width, labels }),
            _ => Err(LabelMaskError::Size { height, width, got }),
        }
    }

    /// Rows of the mask.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of the mask.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All labels, row by row.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The colour of a class in Pascal VOC's palette: its bits, spread over red, green and blue.
    pub fn colour(label: u8) -> [u8; 3] {
        let mut colour = [0u8; 3];
        for bit in 0..8 {
            // Bits 0, 3 and 6 are red, from the highest of the colour downwards; those beside them green and
            // blue.
            colour[bit % 3] |= (label >> bit & 1) << (7 - bit / 3);
        }
        colour
    }

    /// Writes a PNG whose palette is [`colour`](Self::colour): the numbers are the classes, and a picture to look at
    /// is what people see.
    ///
    /// # Errors
    ///
    /// [`LabelMaskError::File`] with the system's error.
    pub fn write_palette(&self, path: &Path) -> Result<(), LabelMaskError> {
        self.write(path, Some((0..=255).flat_map(Self::colour).collect()))
    }

    /// The same with other colours, at most 256; the first is that of the number 0.
    ///
    /// # Errors
    ///
    /// [`LabelMaskError::File`] with the system's error, or if a number has no colour.
    pub fn write_colours(&self, path: &Path, colours: &[[u8; 3]]) -> Result<(), LabelMaskError> {
        if let Some(label) = self.labels.iter().find(|label| usize::from(**label) >= colours.len())
        {
            let problem = format!("the number {label} has none of the {} colours", colours.len());
            return Err(LabelMaskError::File { file: path.display().to_string(), problem });
        }
        self.write(path, Some(colours.iter().take(256).flatten().copied().collect()))
    }

    /// Writes a grey PNG of 8 bits.
    ///
    /// # Errors
    ///
    /// [`LabelMaskError::File`] with the system's error.
    pub fn write_grey(&self, path: &Path) -> Result<(), LabelMaskError> {
        self.write(path, None)
    }

    fn write(&self, path: &Path, palette: Option<Vec<u8>>) -> Result<(), LabelMaskError> {
        let failed =
            |problem: String| LabelMaskError::File { file: path.display().to_string(), problem };
        let file = File::create(path).map_err(|error| failed(error.to_string()))?;
        let mut encoder = Encoder::new(BufWriter::new(file), self.width as u32, self.height as u32);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_color(if palette.is_some() {
            ColorType::Indexed
        } else {
            ColorType::Grayscale
        });
        if let Some(palette) = palette {
            encoder.set_palette(palette);
        }
        let mut writer = encoder.write_header().map_err(|error| failed(error.to_string()))?;
        writer.write_image_data(&self.labels).map_err(|error| failed(error.to_string()))?;
        writer.finish().map_err(|error| failed(error.to_string()))
    }

    /// Reads the numbers of a PNG with a palette, or of a grey one of up to 8 bits.
    ///
    /// # Errors
    ///
    /// [`LabelMaskError::File`] for a file that is no such PNG, and with the system's errors.
    pub fn read(path: &Path) -> Result<Self, LabelMaskError> {
        let failed =
            |problem: String| LabelMaskError::File { file: path.display().to_string(), problem };
        let file = File::open(path).map_err(|error| failed(error.to_string()))?;
        let mut decoder = Decoder::new(BufReader::new(file));
        decoder.set_limits(png::Limits { bytes: LIMIT });
        decoder.set_transformations(Transformations::IDENTITY);
        let mut reader = decoder.read_info().map_err(|error| failed(error.to_string()))?;
        let size = reader.output_buffer_size().filter(|size| *size <= LIMIT);
        let mut bytes = vec![0; size.ok_or_else(|| failed("it is too large".into()))?];
        let info = reader.next_frame(&mut bytes).map_err(|error| failed(error.to_string()))?;
        let bits = match (info.color_type, info.bit_depth) {
            (ColorType::Indexed | ColorType::Grayscale, BitDepth::One) => 1,
            (ColorType::Indexed | ColorType::Grayscale, BitDepth::Two) => 2,
            (ColorType::Indexed | ColorType::Grayscale, BitDepth::Four) => 4,
            (ColorType::Indexed | ColorType::Grayscale, BitDepth::Eight) => 8,
            (colour, depth) => {
                return Err(failed(format!(
                    "expected a PNG with a palette, or a grey one of up to 8 bits, got {colour:?} of {depth:?} \
                     bits"
                )));
            }
        };
        let (height, width) = (info.height as usize, info.width as usize);
        let labels = bytes[..info.buffer_size()].chunks_exact(info.line_size).flat_map(|line| {
            // The first pixel has the highest bits of a byte.
            (0..width).map(move |x| {
                let place = x * bits;
                (line[place / 8] >> (8 - bits - place % 8)) & (u8::MAX >> (8 - bits))
            })
        });
        let labels = labels.collect();
        Self::new(height, width, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("vit22b-{}-{name}", std::process::id()))
    }

    #[test]
    fn masks_are_read_as_they_were_written() {
        let labels: Vec<u8> = (0..=255).chain(0..14).collect();
        let mask = LabelMask::new(27, 10, labels).unwrap();
        let path = temporary("mask.png");
        mask.write_palette(&path).unwrap();
        assert_eq!(LabelMask::read(&path).unwrap(), mask);
        // Other programs see the colours.
        let colours = image::open(&path).unwrap().into_rgb8();
        assert_eq!(colours.get_pixel(5, 1).0, LabelMask::colour(15));
        mask.write_grey(&path).unwrap();
        assert_eq!(LabelMask::read(&path).unwrap(), mask);
        std::fs::remove_file(&path).unwrap();
    }

    /// Aeroplane, person and the edge of Pascal VOC.
    #[test]
    fn colours_are_those_of_pascal_voc() {
        assert_eq!(LabelMask::colour(0), [0, 0, 0]);
        assert_eq!(LabelMask::colour(1), [128, 0, 0]);
        assert_eq!(LabelMask::colour(15), [192, 128, 128]);
        assert_eq!(LabelMask::colour(255), [224, 224, 192]);
    }

    #[test]
    fn pixels_of_few_bits_are_unpacked() {
        let path = temporary("few.png");
        for (depth, bits) in [(BitDepth::One, 1), (BitDepth::Two, 2), (BitDepth::Four, 4)] {
            let file = File::create(&path).unwrap();
            let mut encoder = Encoder::new(file, 5, 2);
            encoder.set_depth(depth);
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette([0u8; 3 * 16].to_vec());
            let line = [0b1011_0010u8, 0b1001_0000, 0b0111_0000];
            let line = &line[..(5 * bits as usize).div_ceil(8)];
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&[line, line].concat()).unwrap();
            writer.finish().unwrap();
            let expected: &[u8] = match bits {
                1 => &[1, 0, 1, 1, 0],
                2 => &[2, 3, 0, 2, 2],
                _ => &[11, 2, 9, 0, 7],
            };
            assert_eq!(LabelMask::read(&path).unwrap().labels(), [expected, expected].concat());
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        assert!(LabelMask::new(2, 2, vec![0; 3]).is_err() && LabelMask::new(0, 2, vec![]).is_err());
        let path = temporary("colour.png");
        image::RgbImage::new(2, 2).save(&path).unwrap();
        let error = LabelMask::read(&path).unwrap_err().to_string();
        assert!(error.contains("expected a PNG with a palette"), "{error}");
        std::fs::write(&path, b"no PNG").unwrap();
        assert!(LabelMask::read(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(LabelMask::read(&path).is_err());
    }
}

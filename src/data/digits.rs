//! Real handwritten digits, the test data of the examples.

use std::path::{Path, PathBuf};

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor, TensorData};
use thiserror::Error;

/// Side of a digit's image in pixels.
pub const SIDE: usize = 8;

/// A file of digits that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DigitsError {
    /// The file cannot be opened or unpacked.
    #[error("{}: {reason}; expected a gzip file of digits", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        reason: std::io::Error,
    },
    /// A line that is no image with its class.
    #[error("{}, line {line}: expected {expected}, got {got}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What a line should hold.
        expected: &'static str,
        /// What this line holds.
        got: String,
    },
}

/// Images of handwritten digits with their classes.
///
/// The [handwritten digits](Self::handwritten) are the test part of "Optical Recognition of Handwritten Digits"
/// (E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, doi 10.24432/C50P49, CC BY 4.0).
#[derive(Debug, Clone, PartialEq)]
pub struct Digits {
    /// 8 × 8 values from 0 (paper) to 1 (ink), row by row, for each image.
    pub images: Vec<[f32; SIDE * SIDE]>,
    /// The digit, 0 to 9, of each image.
    pub classes: Vec<usize>,
}

/// The file of `examples/data`, 53 kB.
const HANDWRITTEN: &[u8] = include_bytes!("../../examples/data/digits.csv.gz");

impl Digits {
    /// How many of the [handwritten digits](Self::handwritten) train classifiers in the examples; the others
    /// test them.
    pub const TRAIN: usize = 1_200;

    /// The names of the classes, `0` to `9`.
    pub fn names() -> Vec<String> {
        (0..10).map(|digit| digit.to_string()).collect()
    }

    /// The 1,797 digits that come with the library.
    ///
    /// ```
    /// use vit22b::data::Digits;
    ///
    /// assert_eq!(Digits::handwritten().classes.len(), 1_797);
    /// ```
    pub fn handwritten() -> Self {
        Self::unpack(HANDWRITTEN, Path::new("digits.csv.gz")).expect("the library's file is whole")
    }

    /// Reads a gzip file with a digit on each line: 64 values from 0 to 16, then the class.
    ///
    /// # Errors
    ///
    /// [`DigitsError`] that names the line.
    pub fn read(path: &Path) -> Result<Self, DigitsError> {
        let io = |reason| DigitsError::Io { path: path.into(), reason };
        Self::unpack(std::fs::File::open(path).map_err(io)?, path)
    }

    /// Reads what a file holds; errors name its path.
    fn unpack(packed: impl std::io::Read, path: &Path) -> Result<Self, DigitsError> {
        let io = |reason| DigitsError::Io { path: path.into(), reason };
        let text = std::io::read_to_string(flate2::read::GzDecoder::new(packed)).map_err(io)?;
        let mut digits = Self { images: vec![], classes: vec![] };
        for (i, line) in text.lines().enumerate() {
            let error = |expected, got: String| DigitsError::Line {
                path: path.into(),
                line: i + 1,
                expected,
                got,
            };
            let values: Vec<usize> = line
                .split(',')
                .map(|field| field.trim().parse().ok().filter(|value| *value <= 16).ok_or(field))
                .collect::<Result<_, _>>()
                .map_err(|field| error("whole numbers from 0 to 16", format!("{field:?}")))?;
            let [pixels @ .., class] = values.as_slice() else { continue };
            let image: [usize; SIDE * SIDE] = pixels
                .try_into()
                .map_err(|_| error("64 pixels and a class", format!("{} values", values.len())))?;
            if *class > 9 {
                return Err(error("a class from 0 to 9", class.to_string()));
            }
            digits.images.push(image.map(|value| value as f32 / 16.0));
            digits.classes.push(*class);
        }
        Ok(digits)
    }

    /// The digits' own pixels, from 0 to 1: `[n, 64]`.
    pub fn pixels(&self, device: &Device) -> Tensor<2> {
        let shape = [self.images.len(), SIDE * SIDE];
        Tensor::from_data(TensorData::new(self.images.concat(), shape), device)
    }

    /// The digits as a model of colour images sees them, bright ink on dark: `[n, 3, side, side]`, three
    /// equal channels in [−1, 1], resized bilinearly.
    pub fn resized(&self, side: usize, device: &Device) -> Tensor<4> {
        let small = self.pixels(device).reshape([self.images.len(), 1, SIDE, SIDE]);
        let options = InterpolateOptions::new(InterpolateMode::Bilinear)
            .with_output_size([side, side])
            .with_align_corners(false);
        interpolate(small, options).repeat_dim(1, 3).mul_scalar(2.0).sub_scalar(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_the_library_are_those_of_the_file() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/digits.csv.gz"));
        assert_eq!(Digits::handwritten(), Digits::read(path).unwrap());
    }

    #[test]
    fn a_file_that_holds_no_digits_is_an_error_with_its_path() {
        let error = Digits::read(Path::new("Cargo.toml")).unwrap_err().to_string();
        assert!(error.starts_with("Cargo.toml: "), "{error}");
        assert!(error.ends_with("expected a gzip file of digits"), "{error}");
    }
}

//! Depths of pixels in files: NumPy's arrays, PFM, and PNG of 16 bits.

use std::path::Path;

use image::{ImageBuffer, ImageReader, Luma};
use thiserror::Error;

/// A depth for each pixel, row by row.
///
/// ```
/// use vit22b::data::DepthMap;
///
/// let map = DepthMap::new(1, 3, vec![0.5, 2.0, 70.0])?;
/// let path = std::env::temp_dir().join("vit22b-doc-depth.png");
/// // Millimetres: 16 bits hold 65.5 metres of them, and what is beyond is cut.
/// assert_eq!(map.write(&path, 1000.0)?, 1);
/// assert_eq!(DepthMap::read(&path, 1000.0)?.values(), [0.5, 2.0, 65.535]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DepthMap {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

/// A map of depths that cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DepthMapError {
    /// The system's error.
    #[error("{file}: {reason}")]
    Io {
        /// The file.
        file: String,
        /// What happened.
        reason: std::io::Error,
    },
    /// A file of another kind, or one that contradicts itself.
    #[error("{file}: {problem}")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Values that form no map.
    #[error("expected {height} × {width} depths of a map that is not empty, got {got}")]
    Size {
        /// Rows of the map.
        height: usize,
        /// Columns of the map.
        width: usize,
        /// The number of values.
        got: usize,
    },
    /// A scale of PNG that says nothing.
    #[error(
        "scale = {0}: expected a finite number above 0, the steps of a PNG for one unit of depth"
    )]
    Scale(f64),
}

/// The formats of files, by their endings.
const ENDINGS: &str = ".npy, .pfm or .png";

/// The most values of a map that is read: those of 16,384 × 16,384 pixels.
const MOST: usize = 1 << 28;

impl DepthMap {
    /// A map of these values, row by row.
    ///
    /// # Errors
    ///
    /// [`DepthMapError::Size`] if there are other than `height * width` values, or none.
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Result<Self, DepthMapError> {
        let got = values.len();
        match height.checked_mul(width) {
            Some(count) if count == got && count > 0 => Ok(Self { height, width, values }),
            _ => Err(DepthMapError::Size { height, width, got }),
        }
    }

    /// Rows of the map.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of the map.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Writes the map in the format of the path's ending, and returns how many values had to be cut: `.npy` (f32)
    /// and `.pfm` hold all values; `.png` holds whole numbers of 16 bits, `depth * scale`, from 0 to 65,535.
    /// KITTI's files have the scale 256, NYU's 1000.
    ///
    /// # Errors
    ///
    /// [`DepthMapError`] for another ending, a scale that is not above 0, and the system's errors.
    pub fn write(&self, path: &Path, scale: f64) -> Result<usize, DepthMapError> {
        let file = path.display().to_string();
        let io = |reason| DepthMapError::Io { file: file.clone(), reason };
        let bytes = match ending(path).as_str() {
            "npy" => self.npy(),
            "pfm" => self.pfm(),
            "png" => {
                check_scale(scale)?;
                let steps = |value: &f32| f64::from(*value) * scale;
                // NaN is cut to 0, which says that nothing is known.
                let is_cut = |value: &&f32| !(-0.5..65_535.5).contains(&steps(value));
                let cut = self.values.iter().filter(is_cut).count();
                let pixels = self.values.iter().map(|value| steps(value).round() as u16).collect();
                let picture: Option<ImageBuffer<Luma<u16>, Vec<u16>>> =
                    ImageBuffer::from_raw(self.width as u32, self.height as u32, pixels);
                let picture = picture.expect("the values are those of the map");
                let written = picture.save(path);
                written.map_err(|reason| io(std::io::Error::other(reason.to_string())))?;
                return Ok(cut);
            }
            _ => return Err(unknown(file)),
        };
        std::fs::write(path, bytes).map_err(io)?;
        Ok(0)
    }

    /// Reads a map that [`write`](Self::write) or another program wrote: `.npy` with two axes of f32 or f64, `.pfm`
    /// of one channel, or a grey `.png` of 16 bits, whose values are divided by `scale`. A PNG of 8 bits is refused: it
    /// is a picture of depths, which holds no measures.
    ///
    /// # Errors
    ///
    /// [`DepthMapError`] for another ending, a file that breaks its format's rules, and the system's errors.
    pub fn read(path: &Path, scale: f64) -> Result<Self, DepthMapError> {
        let file = path.display().to_string();
        let io = |reason| DepthMapError::Io { file: file.clone(), reason };
        let broken = |problem: String| DepthMapError::Broken { file: file.clone(), problem };
        let parsed = match ending(path).as_str() {
            "npy" => from_npy(&std::fs::read(path).map_err(io)?),
            "pfm" => from_pfm(&std::fs::read(path).map_err(io)?),
            "png" => {
                check_scale(scale)?;
                from_png(path, scale)
            }
            _ => return Err(unknown(file)),
        };
        let (height, width, values) = parsed.map_err(broken)?;
        Self::new(height, width, values)
    }

    fn npy(&self) -> Vec<u8> {
        let Self { height, width, .. } = self;
        let header =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
        let length = (11 + header.len()).next_multiple_of(64) - 11;
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((length as u16 + 1).to_le_bytes());
        bytes.extend(format!("{header:<length$}\n").bytes());
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// PFM has the lowest row first, and a negative scale where the lowest byte of a number is first.
    fn pfm(&self) -> Vec<u8> {
        let mut bytes = format!("Pf\n{} {}\n-1.0\n", self.width, self.height).into_bytes();
        let rows = self.values.chunks_exact(self.width).rev();
        bytes.extend(rows.flatten().flat_map(|value| value.to_le_bytes()));
        bytes
    }
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn unknown(file: String) -> DepthMapError {
    DepthMapError::Broken { file, problem: format!("depths are in files that end with {ENDINGS}") }
}

fn check_scale(scale: f64) -> Result<(), DepthMapError> {
    if scale > 0.0 && scale.is_finite() { Ok(()) } else { Err(DepthMapError::Scale(scale)) }
}

/// Rows, columns and values, or what is wrong with the file.
type Parsed = Result<(usize, usize, Vec<f32>), String>;

fn from_png(path: &Path, scale: f64) -> Parsed {
    let reader = ImageReader::open(path).map_err(|error| error.to_string())?;
    let reader = reader.with_guessed_format().map_err(|error| error.to_string())?;
    let picture = reader.decode().map_err(|error| error.to_string())?;
    let image::DynamicImage::ImageLuma16(grey) = picture else {
        let colour = picture.color();
        let (channels, bits) =
            (colour.channel_count(), colour.bits_per_pixel() / u16::from(colour.channel_count()));
        return Err(format!(
            "expected a PNG with one channel of 16 bits, got {channels} of {bits} bits: a picture of \
             depths, which holds no measures"
        ));
    };
    let values = grey.as_raw().iter().map(|step| (f64::from(*step) / scale) as f32).collect();
    Ok((grey.height() as usize, grey.width() as usize, values))
}

fn from_npy(bytes: &[u8]) -> Parsed {
    let problem = || "it is no array of NumPy with two axes of f32 or f64, row by row".to_string();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(problem)?;
    let (header, data) = match rest {
        [1, _, a, b, rest @ ..] => rest.split_at_checked(u16::from_le_bytes([*a, *b]).into()),
        [2 | 3, _, a, b, c, d, rest @ ..] => {
            rest.split_at_checked(u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        _ => None,
    }
    .ok_or_else(problem)?;
    let header = String::from_utf8_lossy(header);
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start());
    let shape = after("'shape':").and_then(|rest| {
        let (shape, _) = rest.strip_prefix('(')?.split_once(')')?;
        let sides: Vec<usize> =
            shape.split(',').map(|side| side.trim().parse().ok()).collect::<Option<_>>()?;
        <[usize; 2]>::try_from(sides).ok()
    });
    let [height, width] = shape.ok_or_else(problem)?;
    let in_rows = after("'fortran_order':").is_some_and(|rest| rest.starts_with("False"));
    let kind = after("'descr':").and_then(|rest| rest.get(1..4)).filter(|_| in_rows);
    let count = height.checked_mul(width).filter(|count| (1..=MOST).contains(count));
    let count = count.ok_or_else(problem)?;
    let size = match kind {
        Some("<f4") => 4,
        Some("<f8") => 8,
        _ => return Err(problem()),
    };
    if data.len() != count * size {
        return Err(format!("expected {height} × {width} values, as its header says"));
    }
    let values = match size {
        4 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        _ => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
    };
    Ok((height, width, values))
}

fn from_pfm(bytes: &[u8]) -> Parsed {
    let problem = || "it is no PFM of one channel".to_string();
    // Four words, each with one white space behind it.
    let (mut rest, mut words) = (bytes, Vec::new());
    while words.len() < 4 {
        let end = rest.iter().take(32).position(u8::is_ascii_whitespace).ok_or_else(problem)?;
        if end > 0 {
            words.push(core::str::from_utf8(&rest[..end]).map_err(|_| problem())?);
        }
        rest = &rest[end + 1..];
    }
    let side = |word: &str| word.parse::<usize>().ok().filter(|side| (1..=MOST).contains(side));
    let (Some(width), Some(height), Ok(scale)) =
        (side(words[1]), side(words[2]), words[3].parse::<f64>())
    else {
        return Err(problem());
    };
    if words[0] != "Pf" || scale == 0.0 || !scale.is_finite() {
        return Err(problem());
    }
    let count = height.checked_mul(width).filter(|count| *count <= MOST).ok_or_else(problem)?;
    if rest.len() != 4 * count {
        return Err(format!("expected {height} × {width} values, as its header says"));
    }
    let value = |bytes: &[u8; 4]| match scale < 0.0 {
        true => f32::from_le_bytes(*bytes),
        false => f32::from_be_bytes(*bytes),
    };
    let values: Vec<f32> = rest.as_chunks().0.iter().map(value).collect();
    let rows = values.chunks_exact(width).rev();
    Ok((height, width, rows.flatten().copied().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("vit22b-{}-{name}", std::process::id())))
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            drop(std::fs::remove_file(&self.0));
        }
    }

    fn map() -> DepthMap {
        let values = (0..6).map(|i| i as f32 * 0.125 + 1.0).collect();
        DepthMap::new(2, 3, values).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for name in ["a.npy", "a.pfm", "a.png", "a.PFM"] {
            let file = Temporary::new(name);
            assert_eq!(map().write(&file.0, 256.0).unwrap(), 0);
            assert_eq!(DepthMap::read(&file.0, 256.0).unwrap(), map(), "{name}");
        }
        let far = DepthMap::new(1, 4, vec![-1.0, f32::NAN, 300.0, 1.0]).unwrap();
        let file = Temporary::new("far.png");
        assert_eq!(far.write(&file.0, 256.0).unwrap(), 3);
        assert_eq!(DepthMap::read(&file.0, 256.0).unwrap().values()[3], 1.0);
    }

    /// The lowest row is first, and the sign of the scale says which byte of a number is.
    #[test]
    fn a_pfm_of_another_program_is_read() {
        let file = Temporary::new("other.pfm");
        let mut bytes = b"Pf 1 2\n1\n".to_vec();
        bytes.extend([5.0f32, 7.0].iter().flat_map(|value| value.to_be_bytes()));
        std::fs::write(&file.0, &bytes).unwrap();
        assert_eq!(DepthMap::read(&file.0, 1.0).unwrap().values(), [7.0, 5.0]);
        for damaged in
            [&bytes[..5], &bytes[..bytes.len() - 1], b"PF 1 1\n-1\n0000", b"Pf 0 0\n-1\n"]
        {
            std::fs::write(&file.0, damaged).unwrap();
            assert!(DepthMap::read(&file.0, 1.0).is_err());
        }
    }

    #[test]
    fn damaged_arrays_and_other_files_are_refused() {
        let file = Temporary::new("damaged.npy");
        let whole = map().npy();
        for length in [0, 5, 9, 40, whole.len() - 1] {
            std::fs::write(&file.0, &whole[..length]).unwrap();
            assert!(DepthMap::read(&file.0, 1.0).is_err(), "{length} bytes");
        }
        let text = String::from_utf8_lossy(&whole[10..74]).into_owned();
        for (from, to) in
            [("<f4", "<i4"), ("(2, 3)", "(6, )"), ("False", "True "), ("(2, 3)", "(9, 9)")]
        {
            let changed = text.replace(from, to);
            let bytes = [&whole[..10], changed.as_bytes(), &whole[10 + text.len()..]].concat();
            std::fs::write(&file.0, bytes).unwrap();
            assert!(DepthMap::read(&file.0, 1.0).is_err(), "{from} to {to}");
        }
        let other = DepthMap::read(Path::new("a.tiff"), 1.0).unwrap_err().to_string();
        assert_eq!(other, "a.tiff: depths are in files that end with .npy, .pfm or .png");
        for scale in [0.0, f64::NAN, -1.0] {
            assert!(matches!(map().write(Path::new("a.png"), scale), Err(DepthMapError::Scale(_))));
        }
        assert!(DepthMap::new(2, 2, vec![0.0; 3]).is_err() && DepthMap::new(0, 2, vec![]).is_err());
        let picture = Temporary::new("picture.png");
        let refusal = || DepthMap::read(&picture.0, 1.0).unwrap_err().to_string();
        image::RgbImage::new(2, 2).save(&picture.0).unwrap();
        assert!(refusal().contains("got 3 of 8 bits"), "{}", refusal());
        image::GrayImage::new(2, 2).save(&picture.0).unwrap();
        assert!(refusal().contains("got 1 of 8 bits"), "{}", refusal());
    }
}

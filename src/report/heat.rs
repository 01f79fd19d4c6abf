//! Maps of values over an image.

use std::path::Path;

use image::{Rgb, RgbImage};

use super::error::ReportError;
use super::ramp;

/// The least number of pixels of the longer side of a painted image.
const SIDE: usize = 448;
/// The pixels between an image and its maps.
const GAP: usize = 8;

/// What is for something, and what is against it.
const FOR: [f32; 3] = [214.0, 30.0, 20.0];
const AGAINST: [f32; 3] = [24.0, 84.0, 200.0];

/// Values of places of an image: of its pixels, or of patches that cover it.
///
/// # Shapes
///
/// - values: `[rows, columns]`
#[derive(Debug, Clone, Copy)]
pub struct HeatMap<'a> {
    /// The values row by row.
    pub values: &'a [f32],
    /// Rows and columns; height and width of the image are multiples of them.
    pub size: [usize; 2],
}

/// Draws an image, and on its right each map over a grey copy of it, as a PNG. Where a map has values below 0, red
/// is for what is above and blue for what is below, and strong colours are far from 0. Where it has none, large values are
/// light and small ones dark. The strongest colour is that of the 99th percentile, so that single pixels do not take all
/// of them.
///
/// ```no_run
/// use std::path::Path;
/// use vit22b::report::{HeatMap, heat_maps};
///
/// let pixels = vec![0.5; 3 * 32 * 32];
/// let rollout = HeatMap { values: &[0.1, 0.2, 0.3, 0.4], size: [2, 2] };
/// heat_maps(Path::new("rollout.png"), &pixels, [32, 32], &[rollout])?;
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
///
/// # Shapes
///
/// - pixels: `[3, height, width]`, values in [0, 1]
///
/// # Errors
///
/// [`ReportError`] if pixels or values do not fit the size, a value is not finite, or the file cannot be written.
pub fn heat_maps(
    path: &Path,
    pixels: &[f32],
    [height, width]: [usize; 2],
    maps: &[HeatMap<'_>],
) -> Result<(), ReportError> {
    let error = |reason: String| ReportError::new(path.display(), reason);
    if height * width == 0 || pixels.len() != 3 * height * width {
        let got = pixels.len();
        return Err(error(format!("expected 3 × {height} × {width} values of pixels, got {got}")));
    }
    for HeatMap { values, size: [rows, columns] } in maps {
        let fits = |side: usize, parts: usize| parts > 0 && side.is_multiple_of(parts);
        if !fits(height, *rows) || !fits(width, *columns) || values.len() != rows * columns {
            return Err(error(format!(
                "expected rows and columns that divide {height} × {width}, and a value for each; got \
                 {rows} × {columns}, and {} values",
                values.len()
            )));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(error(format!("a value of a map is {value}; expected finite ones")));
        }
    }
    let scale = SIDE.div_ceil(width.max(height));
    let (wide, high) = (width * scale, height * scale);
    let scales: Vec<Scale> = maps.iter().map(|map| Scale::new(map.values)).collect();
    let all = maps.len() * (wide + GAP) + wide;
    let picture = RgbImage::from_fn(all as u32, high as u32, |x, y| {
        let (panel, x) = (x as usize / (wide + GAP), x as usize % (wide + GAP));
        if x >= wide {
            return Rgb([255; 3]);
        }
        let (x, y) = (x / scale, y as usize / scale);
        let pixel = [0, 1, 2].map(|channel| 255.0 * pixels[(channel * height + y) * width + x]);
        let Some(map) = panel.checked_sub(1) else {
            return Rgb(pixel.map(|value| value.round() as u8));
        };
        let HeatMap { values, size: [rows, columns] } = maps[map];
        let value = values[(y * rows / height) * columns + x * columns / width];
        let grey = pixel.iter().sum::<f32>() / 3.0;
        Rgb(scales[map].over(grey, value).map(|value| value.round().clamp(0.0, 255.0) as u8))
    });
    picture.save(path).map_err(|reason| error(reason.to_string()))
}

/// How values become colours.
struct Scale {
    signed: bool,
    low: f32,
    high: f32,
}

impl Scale {
    fn new(values: &[f32]) -> Self {
        let signed = values.iter().any(|value| *value < 0.0);
        let mut sizes: Vec<f32> =
            values.iter().map(|value| if signed { value.abs() } else { *value }).collect();
        sizes.sort_by(f32::total_cmp);
        let high = sizes[(0.99 * (sizes.len() - 1) as f64).ceil() as usize];
        Self { signed, low: if signed { 0.0 } else { sizes[0] }, high }
    }

    fn over(&self, grey: f32, value: f32) -> [f32; 3] {
        let size = if self.signed { value.abs() } else { value };
        let share = ((size - self.low) / (self.high - self.low).max(f32::MIN_POSITIVE)).min(1.0);
        if !self.signed {
            return ramp::colour(share).map(|colour| 0.3 * grey + 0.7 * f32::from(colour));
        }
        // The image stays to be seen, in light grey, where nothing is for or against.
        let paper = 110.0 + 0.55 * grey;
        let ink = if value < 0.0 { AGAINST } else { FOR };
        ink.map(|ink| paper + share.sqrt() * (ink - paper))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_is_red_and_what_is_against_is_blue() {
        let path = std::env::temp_dir().join(format!("vit22b-heat-{}.png", std::process::id()));
        let pixels = vec![1.0; 3 * 32 * 64];
        let signed = HeatMap { values: &[1.0, 0.0, -1.0, 0.5], size: [2, 2] };
        let plain = HeatMap { values: &[0.0, 3.0], size: [1, 2] };
        heat_maps(&path, &pixels, [32, 64], &[signed, plain]).unwrap();
        let picture = image::open(&path).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (3 * 448 + 2 * 8, 224));
        let at = |x: u32, y: u32| picture.get_pixel(x, y).0;
        assert_eq!((at(3, 3), at(450, 3)), ([255; 3], [255; 3]));
        assert_eq!(at(460, 3), [214, 30, 20]);
        assert_eq!(at(460, 220), [24, 84, 200]);
        let [r, g, b] = at(900, 3);
        assert!(r == g && g == b && r > 200, "where there is nothing, the image: {r} {g} {b}");
        let light = |x: u32| at(x, 100).iter().map(|c| u32::from(*c)).sum::<u32>();
        assert!(light(920) + 200 < light(1300), "{} {}", light(920), light(1300));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let pixels = vec![1.0; 3 * 32 * 64];
        let said = |values: &[f32], size| {
            let maps = [HeatMap { values, size }];
            heat_maps(Path::new("x.png"), &pixels, [32, 64], &maps).unwrap_err().to_string()
        };
        assert!(said(&[0.0; 3], [1, 3]).ends_with("got 1 × 3, and 3 values"));
        assert!(said(&[0.0; 3], [2, 2]).ends_with("got 2 × 2, and 3 values"));
        assert!(said(&[], [0, 2]).ends_with("got 0 × 2, and 0 values"));
        assert!(said(&[f32::NAN, 1.0], [1, 2]).contains("a value of a map is NaN"));
        assert!(heat_maps(Path::new("x.png"), &pixels, [32, 60], &[]).is_err());
    }
}

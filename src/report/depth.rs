//! Depths as colours beside the image.

use std::path::Path;

use image::{Rgb, RgbImage};

use super::error::ReportError;
use super::ramp;

/// The pixels between an image and its depths.
const GAP: usize = 8;

/// Draws an image, and on its right its depths in colours: what is near is light, and what is far is dark. The
/// colours reach from the 2nd to the 98th percentile of the depths, so that single pixels do not take all of
/// them. Depths that are not finite are grey.
///
/// ```no_run
/// use std::path::Path;
/// use vit22b::report::depth_picture;
///
/// // Four pixels, and metric depths of them: large values are far.
/// depth_picture(Path::new("depth.png"), [2, 2], &[128; 12], &[1.0, 2.0, 3.0, 4.0], false)?;
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
///
/// # Shapes
///
/// - pixels: `[height, width, 3]`, bytes
/// - depths: `[height, width]`; `large_is_near` where they are inverse depths, as relative models give them
///
/// # Errors
///
/// [`ReportError`] if pixels or depths do not fit the size, or the file cannot be written.
pub fn depth_picture(
    path: &Path,
    [height, width]: [usize; 2],
    pixels: &[u8],
    depths: &[f32],
    large_is_near: bool,
) -> Result<(), ReportError> {
    let error = |reason: String| ReportError::new(path.display(), reason);
    let count = height * width;
    if count == 0 || pixels.len() != 3 * count || depths.len() != count {
        return Err(error(format!(
            "expected 3 × {height} × {width} bytes and as many depths as pixels, got {} and {}",
            pixels.len(),
            depths.len()
        )));
    }
    let (low, high) = range(depths);
    let colour = |depth: f32| {
        let share = if high > low { ((depth - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        ramp::colour(if large_is_near { share } else { 1.0 - share })
    };
    let picture = RgbImage::from_fn((2 * width + GAP) as u32, height as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        if x < width {
            let pixel = &pixels[3 * (y * width + x)..][..3];
            return Rgb([pixel[0], pixel[1], pixel[2]]);
        }
        match x.checked_sub(width + GAP).map(|x| depths[y * width + x]) {
            None => Rgb([255; 3]),
            Some(depth) if depth.is_finite() => Rgb(colour(depth)),
            Some(_) => Rgb([128; 3]),
        }
    });
    picture.save(path).map_err(|reason| error(reason.to_string()))
}

/// The 2nd and the 98th percentile of the finite depths.
fn range(depths: &[f32]) -> (f32, f32) {
    let mut finite: Vec<f32> = depths.iter().copied().filter(|depth| depth.is_finite()).collect();
    finite.sort_by(f32::total_cmp);
    let at = |share: f64| {
        let place = share * finite.len().saturating_sub(1) as f64;
        finite.get(place.round() as usize).copied().unwrap_or(0.0)
    };
    (at(0.02), at(0.98))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_light_and_far_is_dark() {
        let path = std::env::temp_dir().join(format!("vit22b-depths-{}.png", std::process::id()));
        let depths = [1.0, 2.0, 3.0, f32::NAN];
        let brightness = |large_is_near| -> [u32; 3] {
            depth_picture(&path, [1, 4], &[7; 12], &depths, large_is_near).unwrap();
            let picture = image::open(&path).unwrap().into_rgb8();
            assert_eq!(picture.dimensions(), (16, 1));
            assert_eq!(picture.get_pixel(0, 0).0, [7; 3]);
            assert_eq!(picture.get_pixel(15, 0).0, [128; 3]);
            [12, 13, 14].map(|x| picture.get_pixel(x, 0).0.iter().map(|c| u32::from(*c)).sum())
        };
        let metric = brightness(false);
        assert!(metric[0] > metric[1] && metric[1] > metric[2], "{metric:?}");
        let inverse = brightness(true);
        assert_eq!([inverse[2], inverse[1], inverse[0]], metric);
        std::fs::remove_file(&path).unwrap();
        assert!(depth_picture(&path, [1, 4], &[7; 12], &depths[..3], true).is_err());
    }
}

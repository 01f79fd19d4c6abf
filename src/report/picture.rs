//! A picture of pixels for a page: SVG with the pixels in it as PNG, so that the page needs no other file.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage};

use super::error::ReportError;

/// An image as SVG.
///
/// ```
/// use vit22b::report::picture;
///
/// let svg = picture(&[0.5; 3 * 4 * 6], [4, 6])?;
/// assert!(svg.starts_with("<svg ") && svg.contains("data:image/png;base64,"));
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
///
/// # Shapes
///
/// - pixels: `[3, height, width]`, values in [0, 1]
///
/// # Errors
///
/// [`ReportError`] if the pixels do not fit the size.
pub fn picture(pixels: &[f32], [height, width]: [usize; 2]) -> Result<String, ReportError> {
    let area = height * width;
    if area == 0 || pixels.len() != 3 * area {
        let (expected, got) = (3 * area, pixels.len());
        let reason = format!("{height} x {width} pixels have {expected} values, got {got}");
        return Err(ReportError::new("a picture", reason));
    }
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let bytes = (0..area).flat_map(|at| [0, 1, 2].map(|channel| byte(pixels[channel * area + at])));
    let image = RgbImage::from_raw(width as u32, height as u32, bytes.collect());
    let mut png = Vec::new();
    image
        .unwrap_or_default()
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .map_err(|error| ReportError::new("a picture", error))?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\">\
         <image width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{}\"/></svg>",
        STANDARD.encode(png)
    ))
}

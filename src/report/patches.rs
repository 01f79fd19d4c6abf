//! Values of an image's patches as colours over the image, beside the image itself.

use std::path::Path;

use image::{Rgb, RgbImage};

use super::error::ReportError;

/// The least number of pixels of the longer side of a painted image.
const SIDE: usize = 448;
/// The pixels between an image and its painted copy.
const GAP: u32 = 8;

/// An image as a model takes it, cut into patches.
///
/// # Shapes
///
/// - pixels: `[3, height, width]`, values in [0, 1]
#[derive(Debug, Clone, Copy)]
pub struct PatchedImage<'a> {
    /// Red, green and blue of all pixels.
    pub pixels: &'a [f32],
    /// Height and width, multiples of the patch.
    pub size: [usize; 2],
    /// Side of a patch.
    pub patch: usize,
}

/// Draws what a model makes of each patch as a PNG: on the left the image, on the right the image in
/// colours that follow from `n` patches' values. One value of each patch is its brightness: dark where
/// it is smallest. Of several values, the first three principal components are red, green and blue.
///
/// ```no_run
/// use std::path::Path;
/// use vit22b::report::{PatchedImage, patches};
///
/// let pixels = vec![0.5; 3 * 32 * 32];
/// let image = PatchedImage { pixels: &pixels, size: [32, 32], patch: 16 };
/// patches(Path::new("attention.png"), image, &[0.1, 0.2, 0.3, 0.4])?;
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
///
/// # Shapes
///
/// - values: `[n]` or `[n, d]`, patches row by row
///
/// # Errors
///
/// [`ReportError`] if pixels or values do not fit the size, or the file cannot be written.
pub fn patches(path: &Path, image: PatchedImage<'_>, values: &[f32]) -> Result<(), ReportError> {
    let error = |reason: String| ReportError::new(path.display(), reason);
    let PatchedImage { pixels, size: [height, width], patch } = image;
    let cut = |side: usize| if side.is_multiple_of(patch) { side / patch } else { 0 };
    let (rows, columns) = (cut(height), cut(width));
    let count = rows * columns;
    if count == 0 || pixels.len() != 3 * height * width {
        let got = pixels.len();
        return Err(error(format!(
            "expected 3 × {height} × {width} values, sides multiples of {patch}; got {got}"
        )));
    }
    if values.is_empty() || !values.len().is_multiple_of(count) {
        let got = values.len();
        return Err(error(format!(
            "expected as many values for each of {count} patches, got {got}"
        )));
    }
    let one = values.len() == count;
    let colours = if one { vec![to_unit(values)] } else { principal(values, count) };
    let scale = SIDE.div_ceil(width.max(height));
    let side = |n: usize| (n * scale) as u32;
    let picture = RgbImage::from_fn(2 * side(width) + GAP, side(height), |x, y| {
        let right = x.checked_sub(side(width) + GAP);
        if x >= side(width) && right.is_none() {
            return Rgb([255; 3]);
        }
        let (x, y) = (right.unwrap_or(x) as usize / scale, y as usize / scale);
        let cell = (y / patch) * columns + x / patch;
        let pixel = |channel| pixels[(channel * height + y) * width + x];
        let grey = (pixel(0) + pixel(1) + pixel(2)) / 3.0;
        let painted = |channel: usize| match (right, one) {
            (None, _) => pixel(channel),
            // At the smallest value nearly black, at the largest the image itself.
            (_, true) => pixel(channel) * (0.15 + 0.85 * colours[0][cell]),
            (_, false) => 0.35 * grey + 0.65 * colours[channel][cell],
        };
        Rgb([0, 1, 2].map(|channel| (255.0 * painted(channel)).round() as u8))
    });
    picture.save(path).map_err(|reason| error(reason.to_string()))
}

/// Scaled to [0, 1].
fn to_unit(values: &[f32]) -> Vec<f32> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = (high - low).max(f32::MIN_POSITIVE);
    values.iter().map(|value| (value - low) / range).collect()
}

/// The first three principal components of `[rows, d]` values, each scaled to [0, 1], by power
/// iteration; a picture needs no more digits.
fn principal(values: &[f32], rows: usize) -> Vec<Vec<f32>> {
    let d = values.len() / rows;
    let mut centred = values.to_vec();
    for column in 0..d {
        let mean = (0..rows).map(|row| values[row * d + column]).sum::<f32>() / rows as f32;
        (0..rows).for_each(|row| centred[row * d + column] -= mean);
    }
    let mut axes: Vec<Vec<f32>> = vec![];
    for component in 0..3 {
        let mut axis: Vec<f32> = (0..d).map(|i| ((i * 7 + component) % 11) as f32 - 5.0).collect();
        for _ in 0..40 {
            let scores = project(&centred, &axis);
            axis = vec![0.0; d];
            for (row, score) in centred.chunks_exact(d).zip(scores) {
                axis.iter_mut().zip(row).for_each(|(a, x)| *a += score * x);
            }
            for known in &axes {
                let overlap = dot(known, &axis);
                axis.iter_mut().zip(known).for_each(|(a, k)| *a -= overlap * k);
            }
            let norm = dot(&axis, &axis).sqrt().max(f32::MIN_POSITIVE);
            axis.iter_mut().for_each(|a| *a /= norm);
        }
        axes.push(axis);
    }
    axes.iter().map(|axis| to_unit(&project(&centred, axis))).collect()
}

fn project(rows: &[f32], axis: &[f32]) -> Vec<f32> {
    rows.chunks_exact(axis.len()).map(|row| dot(row, axis)).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_with_the_largest_value_keeps_its_colours() {
        let path = std::env::temp_dir().join(format!("vit22b-patches-{}.png", std::process::id()));
        let pixels = vec![1.0; 3 * 32 * 64];
        let image = PatchedImage { pixels: &pixels, size: [32, 64], patch: 32 };
        patches(&path, image, &[0.0, 2.0]).unwrap();
        let picture = image::open(&path).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (2 * 448 + 8, 224));
        assert_eq!(picture.get_pixel(456, 10).0, [38; 3]);
        assert_eq!(picture.get_pixel(900, 10).0, [255; 3]);
        patches(&path, image, &[0.0, 2.0, 1.0, 5.0, 3.0, 0.0, 1.0, 1.0]).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = patches(&path, image, &[0.0; 3]).unwrap_err().to_string();
        assert!(error.ends_with("expected as many values for each of 2 patches, got 3"), "{error}");
        let image = PatchedImage { pixels: &pixels, size: [32, 60], patch: 32 };
        assert!(patches(&path, image, &[0.0; 2]).is_err());
    }
}

//! Affine maps of an image onto itself.

use crate::data::image::Image;

/// Replaces each pixel (x, y) by the pixel nearest to `(a x + b y + c, d x + e y + f)`, or by the colour
/// `fill` if that is outside the image. Coordinates are those of pixels' centres.
pub(super) fn transform(image: &mut Image, [[a, b, c], [d, e, f]]: [[f64; 3]; 2], fill: [u8; 3]) {
    let (height, width) = (image.height(), image.width());
    let source = image.pixels().to_vec();
    let (source, _) = source.as_chunks::<3>();
    let inside = |position: f64, end: usize| {
        (position >= 0.0 && position < end as f64).then_some(position as usize)
    };
    let (target, _) = image.pixels_mut().as_chunks_mut::<3>();
    for (row, pixels) in target.chunks_exact_mut(width).enumerate() {
        let y = row as f64 + 0.5;
        for (column, pixel) in pixels.iter_mut().enumerate() {
            let x = column as f64 + 0.5;
            let column = inside(a * x + b * y + c, width);
            let row = inside(d * x + e * y + f, height);
            *pixel = row.zip(column).map_or(fill, |(row, column)| source[row * width + column]);
        }
    }
}

//! An image of floats, which corruptions work on, between bytes and tensors.

use super::{Image, ImageError};

/// An image of red, green and blue in [0, 1].
///
/// ```
/// use vit22b::data::FloatImage;
///
/// // One row of two pixels, red and grey, converted to what a model takes and back.
/// let image = FloatImage::new(1, 2, vec![1.0, 0.0, 0.0, 0.5, 0.5, 0.5])?;
/// assert_eq!(image.to_planes(), [1.0, 0.0, -1.0, 0.0, -1.0, 0.0]);
/// assert_eq!(FloatImage::from_planes(1, 2, &image.to_planes())?, image);
/// # Ok::<(), vit22b::data::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FloatImage {
    pub(in crate::data) height: usize,
    pub(in crate::data) width: usize,
    /// `[height, width, 3]`
    pub(in crate::data) values: Vec<[f32; 3]>,
}

impl FloatImage {
    /// An image of `[height, width, 3]` values, row by row. Values outside [0, 1] are clipped.
    ///
    /// # Errors
    ///
    /// [`ImageError::Size`] if the values do not fill a non-empty image, [`ImageError::NotANumber`].
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Result<Self, ImageError> {
        let (pixels, rest) = values.as_chunks::<3>();
        let expected = width.checked_mul(height);
        if values.is_empty() || !rest.is_empty() || expected != Some(pixels.len()) {
            return Err(ImageError::Size { width, height, got: values.len() });
        }
        if values.iter().any(|value| value.is_nan()) {
            return Err(ImageError::NotANumber);
        }
        Ok(Self { height, width, values: pixels.to_vec() }.clipped())
    }

    /// An image of `[3, height, width]` values in [−1, 1], as models take them.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn from_planes(height: usize, width: usize, planes: &[f32]) -> Result<Self, ImageError> {
        let area = planes.len() / 3;
        let pixel = |at: usize| [0, 1, 2].map(|c| planes[c * area + at] * 0.5 + 0.5);
        let mut values: Vec<f32> = (0..area).flat_map(pixel).collect();
        // With values that are left over, `new` gives its error.
        values.resize(planes.len(), 0.0);
        Self::new(height, width, values)
    }

    /// The image as `[3, height, width]` values in [−1, 1], as models take them.
    pub fn to_planes(&self) -> Vec<f32> {
        let plane = |c: usize| self.values.iter().map(move |pixel| pixel[c] * 2.0 - 1.0);
        (0..3).flat_map(plane).collect()
    }

    /// The image as `[height, width, 3]` bytes, rounded.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.values.iter().flatten().map(|value| (value * 255.0).round() as u8).collect()
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Red, green and blue of each pixel, row by row.
    pub fn pixels(&self) -> &[[f32; 3]] {
        &self.values
    }

    pub(in crate::data) fn clipped(mut self) -> Self {
        self.values.as_flattened_mut().iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        self
    }

    /// Applies a function to each value.
    pub(in crate::data) fn map(mut self, function: impl FnMut(f32) -> f32) -> Self {
        let mut function = function;
        self.values.as_flattened_mut().iter_mut().for_each(|value| *value = function(*value));
        self
    }

    /// Makes an image of a function of row and column.
    pub(in crate::data) fn from_fn(
        height: usize,
        width: usize,
        pixel: impl Fn(usize, usize) -> [f32; 3],
    ) -> Self {
        let pixel = &pixel;
        let values = (0..height).flat_map(|y| (0..width).map(move |x| pixel(y, x))).collect();
        Self { height, width, values }
    }

    /// The colour at a point between pixels, by bilinear interpolation; outside the image, that of the
    /// nearest edge pixel.
    pub(in crate::data) fn sample(&self, y: f32, x: f32) -> [f32; 3] {
        let (y, x) =
            (y.clamp(0.0, (self.height - 1) as f32), x.clamp(0.0, (self.width - 1) as f32));
        let (top, left) = (y as usize, x as usize);
        let (dy, dx) = (y - top as f32, x - left as f32);
        let at = |y: usize, x: usize| {
            self.values[y.min(self.height - 1) * self.width + x.min(self.width - 1)]
        };
        let corners = [at(top, left), at(top, left + 1), at(top + 1, left), at(top + 1, left + 1)];
        let weights = [(1.0 - dy) * (1.0 - dx), (1.0 - dy) * dx, dy * (1.0 - dx), dy * dx];
        [0, 1, 2].map(|c| corners.iter().zip(weights).map(|(corner, w)| corner[c] * w).sum())
    }
}

impl From<&Image> for FloatImage {
    fn from(image: &Image) -> Self {
        let (pixels, _) = image.pixels().as_chunks::<3>();
        let values = pixels.iter().map(|pixel| pixel.map(|byte| f32::from(byte) / 255.0));
        Self { height: image.height(), width: image.width(), values: values.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_is_an_error() {
        assert!(FloatImage::new(0, 0, vec![]).is_err());
        assert!(FloatImage::new(1, 1, vec![0.0; 4]).is_err());
        assert!(FloatImage::from_planes(1, 1, &[0.0; 4]).is_err());
        let error = FloatImage::new(1, 1, vec![0.0, f32::NAN, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "a pixel is NaN; expected values in [0, 1]");
        assert_eq!(FloatImage::new(1, 1, vec![-2.0, 7.0, 0.5]).unwrap().values, [[0.0, 1.0, 0.5]]);
    }

    #[test]
    fn samples_lie_between_pixels() {
        let image = FloatImage::from_fn(2, 2, |y, x| [y as f32, x as f32, 0.0]);
        assert_eq!(image.sample(0.25, 0.5), [0.25, 0.5, 0.0]);
        assert_eq!(image.sample(-3.0, 9.0), [0.0, 1.0, 0.0]);
    }
}

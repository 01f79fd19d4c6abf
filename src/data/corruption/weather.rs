//! The four kinds of weather.

use fastrand::Rng;

use super::blur::{along, enlarged, magnified};
use super::noise::{between, normal};
use super::plasma::Plasma;
use crate::data::image::FloatImage;

pub(super) fn snow(image: &FloatImage, level: usize, unit: f32, rng: &mut Rng) -> FloatImage {
    // Mean and deviation of the noise, its enlargement, the threshold below which it is set to 0, radius
    // and deviation of its motion blur, and the share of the image that stays.
    let (mean, deviation, zoom, threshold, radius, motion, kept) = [
        (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
        (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
        (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
    ][level];
    let (height, width) = (image.height, image.width);
    let layer = image.clone();
    let mut drawn = 0.0;
    let mut channel = 0;
    // All three channels of a pixel get the same number.
    let layer = layer.map(|_| {
        if channel % 3 == 0 {
            drawn = mean + deviation * normal(rng);
        }
        channel += 1;
        drawn
    });
    // Flakes keep the size that they have at 224 pixels, or the size of a pixel if that is larger.
    let layer = match unit {
        1.0 => magnified(&layer, f64::from(zoom)),
        unit => enlarged(&layer, (zoom * unit).max(1.0)),
    };
    let layer = layer.map(|value| if value < threshold { 0.0 } else { value.min(1.0) });
    let angle = between(rng, -135.0, -45.0).to_radians();
    let layer = along(&layer, radius, motion, angle, unit);
    FloatImage::from_fn(height, width, |y, x| {
        let at = y * width + x;
        let [r, g, b] = image.values[at];
        let bright = (0.299 * r + 0.587 * g + 0.114 * b) * 1.5 + 0.5;
        // The layer is added twice, the second time rotated by 180°.
        let flakes = layer.values[at][0] + layer.values[height * width - 1 - at][0];
        image.values[at].map(|value| kept * value + (1.0 - kept) * value.max(bright) + flakes)
    })
}

pub(super) fn frost(image: &FloatImage, level: usize, rng: &mut Rng) -> FloatImage {
    let (kept, added) = [(1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)][level];
    let side = image.height.max(image.width);
    let (clouds, grain) = (Plasma::new(side, 1.5, rng), Plasma::new(side, 1.25, rng));
    FloatImage::from_fn(image.height, image.width, |y, x| {
        // The ridges of one fractal are crystals; a second, rougher one adds grain.
        let ridge = 1.0 - (2.0 * clouds.at(y, x) - 1.0).abs();
        let crystal = (ridge.powi(6) + grain.at(y, x) * 0.35).min(1.0);
        // Ice has a tinge of blue.
        let ice = [0.86 * crystal, 0.94 * crystal, crystal];
        let pixel = image.values[y * image.width + x];
        [0, 1, 2].map(|c| kept * pixel[c] + added * ice[c])
    })
}

pub(super) fn fog(image: &FloatImage, level: usize, rng: &mut Rng) -> FloatImage {
    let (density, decay) = [(1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)][level];
    let clouds = Plasma::new(image.height.max(image.width), decay, rng);
    let brightest = image.values.as_flattened().iter().copied().fold(0.0, f32::max);
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let fog = density * clouds.at(y, x);
        let scale = brightest / (brightest + density);
        image.values[y * image.width + x].map(|value| (value + fog) * scale)
    })
}

/// Raises the value of each pixel, in the sense of HSV; hue and saturation stay.
pub(super) fn brightness(image: &FloatImage, level: usize) -> FloatImage {
    let more = [0.1, 0.2, 0.3, 0.4, 0.5][level];
    FloatImage::from_fn(image.height, image.width, |y, x| {
        let pixel = image.values[y * image.width + x];
        let value = pixel.into_iter().fold(0.0, f32::max);
        let raised = (value + more).min(1.0);
        if value > 0.0 { pixel.map(|channel| channel * raised / value) } else { [raised; 3] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_keeps_hue_and_saturation() {
        let image = FloatImage::new(1, 3, vec![0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.9, 0.0, 0.9]);
        let bright = brightness(&image.unwrap(), 1);
        let expected = [[0.7, 0.35, 0.0], [0.2; 3], [1.0, 0.0, 1.0]];
        for (got, expected) in bright.values.as_flattened().iter().zip(expected.as_flattened()) {
            assert!((got - expected).abs() < 1e-6, "{:?}", bright.values);
        }
    }

    #[test]
    fn fog_of_black_is_the_cloud_alone() {
        let black = FloatImage::new(8, 8, vec![0.0; 192]).unwrap();
        assert_eq!(fog(&black, 2, &mut Rng::with_seed(0)), black);
        let white = FloatImage::new(8, 8, vec![1.0; 192]).unwrap();
        let foggy = fog(&white, 2, &mut Rng::with_seed(0));
        let (low, high) = (1.0 / 3.5, 1.0);
        let values = || foggy.values.as_flattened().iter().copied();
        assert!((values().fold(1.0, f32::min) - low).abs() < 1e-6);
        assert!((values().fold(0.0, f32::max) - high).abs() < 1e-6);
    }
}

//! Random changes of colour that leave all pixels where they are.

use fastrand::Rng;

use crate::data::image::Image;

/// The largest change of brightness, in steps of 256.
const BRIGHTNESS: f32 = 32.0;
/// The smallest and the largest factor on contrast and on saturation.
const FACTORS: [f32; 2] = [0.5, 1.5];
/// The largest turn of the hue in degrees.
const HUE: f32 = 36.0;

/// Changes brightness, contrast, saturation and hue, each with probability 1/2; contrast comes before or behind the
/// other two.
///
/// # Reference
///
/// mmsegmentation's `PhotoMetricDistortion`, whose hue of 18 is in steps of two degrees.
pub(super) fn distort(image: &mut Image, rng: &mut Rng) {
    let factor = |rng: &mut Rng| FACTORS[0] + (FACTORS[1] - FACTORS[0]) * rng.f32();
    let brightness = rng.bool().then(|| BRIGHTNESS * (2.0 * rng.f32() - 1.0));
    let contrast_first = rng.bool();
    let contrast = rng.bool().then(|| factor(rng));
    let saturation = rng.bool().then(|| factor(rng));
    let hue = rng.bool().then(|| HUE * (2.0 * rng.f32() - 1.0));
    for pixel in image.pixels_mut().as_chunks_mut::<3>().0 {
        let mut colour = pixel.map(f32::from);
        let clamp = |value: f32| value.clamp(0.0, 255.0);
        if let Some(by) = brightness {
            colour = colour.map(|value| clamp(value + by));
        }
        let by_contrast = |colour: [f32; 3]| match contrast {
            Some(factor) => colour.map(|value| clamp(value * factor)),
            None => colour,
        };
        if contrast_first {
            colour = by_contrast(colour);
        }
        if let Some(factor) = saturation {
            colour = with_saturation(colour, factor);
        }
        if let Some(degrees) = hue {
            colour = with_hue(colour, degrees);
        }
        if !contrast_first {
            colour = by_contrast(colour);
        }
        *pixel = colour.map(|value| value.round() as u8);
    }
}

/// Multiplies the saturation, at most to that of a pure colour; the largest of the three values stays.
fn with_saturation(colour: [f32; 3], factor: f32) -> [f32; 3] {
    let most = colour.into_iter().fold(0.0, f32::max);
    let least = colour.into_iter().fold(f32::MAX, f32::min);
    if most == least {
        return colour;
    }
    let factor = factor.min(most / (most - least));
    colour.map(|value| most - factor * (most - value))
}

/// Turns the hue; the largest and the smallest value stay.
fn with_hue([r, g, b]: [f32; 3], degrees: f32) -> [f32; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if range == 0.0 {
        return [r, g, b];
    }
    // In sixths of a turn: red at 0, green at 2, blue at 4.
    let hue = if most == r {
        (g - b) / range
    } else if most == g {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    let hue = hue + degrees / 60.0;
    let channel = |offset: f32| {
        let place = (hue + offset).rem_euclid(6.0);
        least + range * (2.0 - (place - 3.0).abs()).clamp(0.0, 1.0)
    };
    // Each channel is largest within one sixth of its own hue, and falls over the next sixth.
    [channel(3.0), channel(1.0), channel(-1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(got: [f32; 3], expected: [f32; 3]) {
        for (got, expected) in got.into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-3, "{got} {expected}");
        }
    }

    /// Values that Python's `colorsys` gives.
    #[test]
    fn hues_turn_and_come_back() {
        assert_close(with_hue([255.0, 0.0, 0.0], 120.0), [0.0, 255.0, 0.0]);
        assert_close(with_hue([255.0, 0.0, 0.0], -120.0), [0.0, 0.0, 255.0]);
        assert_close(with_hue([200.0, 100.0, 50.0], 36.0), [200.0, 190.0, 50.0]);
        assert_close(with_hue([30.0, 60.0, 240.0], 30.0), [105.0, 30.0, 240.0]);
        for colour in [[1.0, 2.0, 3.0], [200.0, 10.0, 10.0], [0.0, 250.0, 249.0], [9.0, 9.0, 9.0]] {
            assert_close(with_hue(with_hue(colour, 23.0), -23.0), colour);
            assert_close(with_hue(colour, 360.0), colour);
        }
    }

    #[test]
    fn saturation_ends_at_pure_colours() {
        assert_close(with_saturation([200.0, 100.0, 150.0], 0.5), [200.0, 150.0, 175.0]);
        assert_close(with_saturation([200.0, 100.0, 150.0], 1.5), [200.0, 50.0, 125.0]);
        assert_close(with_saturation([200.0, 50.0, 50.0], 1.5), [200.0, 0.0, 0.0]);
        assert_close(with_saturation([7.0; 3], 1.5), [7.0; 3]);
    }

    #[test]
    fn colours_change_and_some_images_stay() {
        let image = Image::new(2, 2, (0..12).map(|value| value * 20).collect()).unwrap();
        let distorted = |seed: u64| {
            let mut image = image.clone();
            distort(&mut image, &mut Rng::with_seed(seed));
            image
        };
        assert_eq!(distorted(1), distorted(1));
        let same = (0..400).filter(|seed| distorted(*seed) == image).count();
        // Four coins: 25 of 400 expected, 5 standard deviation; few small changes round to none.
        assert!((8..60).contains(&same), "{same}");
    }
}

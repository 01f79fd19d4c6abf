//! The three kinds of noise, and draws that other corruptions share.

use fastrand::Rng;

use crate::data::image::FloatImage;

/// Two independent draws from the standard normal distribution, by the Box–Muller transform.
pub(super) fn normal(rng: &mut Rng) -> f32 {
    // 1 − u is never 0, where the logarithm is infinite.
    let radius = (-2.0 * (1.0 - rng.f32()).ln()).sqrt();
    radius * (core::f32::consts::TAU * rng.f32()).cos()
}

pub(super) fn gaussian(image: &FloatImage, level: usize, rng: &mut Rng) -> FloatImage {
    let deviation = [0.08, 0.12, 0.18, 0.26, 0.38][level];
    image.clone().map(|value| value + deviation * normal(rng))
}

pub(super) fn shot(image: &FloatImage, level: usize, rng: &mut Rng) -> FloatImage {
    let photons = [60.0, 25.0, 12.0, 5.0, 3.0][level];
    image.clone().map(|value| poisson(value * photons, rng) / photons)
}

/// A draw from the Poisson distribution (Knuth): how many uniform numbers can be multiplied before the
/// product falls below `exp(−mean)`. Means are at most 60.
fn poisson(mean: f32, rng: &mut Rng) -> f32 {
    let limit = (-f64::from(mean)).exp();
    let (mut count, mut product) = (0.0, rng.f64());
    while product > limit {
        count += 1.0;
        product *= rng.f64();
    }
    count
}

pub(super) fn impulse(image: &FloatImage, level: usize, rng: &mut Rng) -> FloatImage {
    let share = [0.03, 0.06, 0.09, 0.17, 0.27][level];
    image.clone().map(|value| match rng.f32() {
        drawn if drawn < share / 2.0 => 0.0,
        drawn if drawn < share => 1.0,
        _ => value,
    })
}

/// A number drawn uniformly from an interval.
pub(super) fn between(rng: &mut Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.f32()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations_are_those_of_the_definition() {
        let image = FloatImage::new(100, 100, vec![0.5; 30_000]).unwrap();
        let rng = &mut Rng::with_seed(0);
        let moments = |image: &FloatImage| {
            let values = image.pixels().as_flattened();
            let mean = values.iter().sum::<f32>() / 30_000.0;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 30_000.0;
            (mean, variance.sqrt())
        };
        // Standard errors of mean and deviation at 30,000 values: below 0.002 here.
        for (level, deviation) in [0.08, 0.12, 0.18, 0.26, 0.38].into_iter().enumerate() {
            let (mean, got) = moments(&gaussian(&image, level, rng));
            assert!((mean - 0.5).abs() < 0.01 && (got - deviation).abs() < 0.01, "{mean} {got}");
        }
        for (level, photons) in [60f32, 25.0, 12.0, 5.0, 3.0].into_iter().enumerate() {
            let (mean, got) = moments(&shot(&image, level, rng));
            let deviation = (0.5 / photons).sqrt();
            assert!((mean - 0.5).abs() < 0.015 && (got - deviation).abs() < 0.01, "{mean} {got}");
        }
        let harmed = impulse(&image, 4, rng);
        let changed = harmed.pixels().as_flattened().iter().filter(|v| **v != 0.5).count();
        assert!((changed as f32 / 30_000.0 - 0.27).abs() < 0.01, "{changed}");
    }
}

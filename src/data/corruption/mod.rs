//! The fifteen corruptions of ImageNet-C, drawn from their definitions.
//!
//! "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations" (arXiv
//! 1903.12261) defines them for images of 224 × 224 pixels. Here all lengths in pixels scale with the
//! shorter side ([`Corruption::apply`]), so that images of any size are corrupted alike, or are those of the
//! definition at any size ([`Corruption::apply_unscaled`]); at 224 pixels both are the same.
//!
//! What is not random is then the definition's to a byte, but for the encoder of JPEG files. Besides
//! the random numbers, these things differ:
//!
//! - defocus blur, where it is scaled: disks have soft edges at any radius; the definition's are hard disks, blurred;
//! - frost: it is drawn; the published set overlays photographs of frost;
//! - glass blur: where it is scaled, pixels move by whole pixels; for shifts below one pixel, only some of them move;
//! - elastic distortion: published packages have other strengths;
//! - motion blur, where it is scaled: samples along the line are bilinear; the definition takes the nearest pixel.

mod blur;
mod digital;
mod error;
mod noise;
mod plasma;
mod weather;

use fastrand::Rng;

use crate::data::image::FloatImage;

pub use error::CorruptionError;

/// A kind of damage to an image, at one of five strengths, to measure how much a classifier suffers from it.
///
/// ```
/// use vit22b::data::{Corruption, FloatImage};
///
/// let image = FloatImage::new(32, 32, vec![0.5; 3 * 32 * 32])?;
/// for corruption in Corruption::ALL {
///     let harmed = corruption.apply(&image, 3, 0)?;
///     assert_eq!(harmed.pixels().len(), 32 * 32, "{corruption}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Corruption {
    /// Gaussian noise.
    GaussianNoise,
    /// Poisson noise, as of a sensor that counts photons.
    ShotNoise,
    /// Single values set to 0 or 1.
    ImpulseNoise,
    /// A lens out of focus: each point becomes a disk.
    DefocusBlur,
    /// Frosted glass: pixels are those of near places.
    GlassBlur,
    /// A camera that moves while it exposes, at most 45° from horizontal.
    MotionBlur,
    /// A camera that approaches while it exposes.
    ZoomBlur,
    /// Falling snow, which also brightens the image.
    Snow,
    /// Frost on the lens.
    Frost,
    /// Fog, as a plasma fractal.
    Fog,
    /// More brightness.
    Brightness,
    /// Less contrast.
    Contrast,
    /// Stretching and ripples.
    Elastic,
    /// Fewer, larger pixels.
    Pixelate,
    /// JPEG of low quality.
    Jpeg,
}

impl Corruption {
    /// All of them, in the order of the paper that defines them.
    pub const ALL: [Self; 15] = [
        Self::GaussianNoise,
        Self::ShotNoise,
        Self::ImpulseNoise,
        Self::DefocusBlur,
        Self::GlassBlur,
        Self::MotionBlur,
        Self::ZoomBlur,
        Self::Snow,
        Self::Frost,
        Self::Fog,
        Self::Brightness,
        Self::Contrast,
        Self::Elastic,
        Self::Pixelate,
        Self::Jpeg,
    ];

    /// The name, as ImageNet-C's folders have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GaussianNoise => "gaussian_noise",
            Self::ShotNoise => "shot_noise",
            Self::ImpulseNoise => "impulse_noise",
            Self::DefocusBlur => "defocus_blur",
            Self::GlassBlur => "glass_blur",
            Self::MotionBlur => "motion_blur",
            Self::ZoomBlur => "zoom_blur",
            Self::Snow => "snow",
            Self::Frost => "frost",
            Self::Fog => "fog",
            Self::Brightness => "brightness",
            Self::Contrast => "contrast",
            Self::Elastic => "elastic_transform",
            Self::Pixelate => "pixelate",
            Self::Jpeg => "jpeg_compression",
        }
    }

    /// Corrupts an image at a strength from 1 to 5, with lengths that scale with its shorter side. All random
    /// numbers follow from the seed.
    ///
    /// # Errors
    ///
    /// [`CorruptionError`] for another strength, or an image too large to be a JPEG.
    pub fn apply(
        self,
        image: &FloatImage,
        strength: usize,
        seed: u64,
    ) -> Result<FloatImage, CorruptionError> {
        // How many pixels one pixel of the definition, which has 224 a side, is here.
        let unit = image.height.min(image.width) as f32 / 224.0;
        self.apply_in(image, strength, seed, unit)
    }

    /// As [`Corruption::apply`], with the definition's lengths in pixels whatever the size of the image: what
    /// published scripts make of images that have not 224 pixels a side.
    ///
    /// # Errors
    ///
    /// As [`Corruption::apply`].
    pub fn apply_unscaled(
        self,
        image: &FloatImage,
        strength: usize,
        seed: u64,
    ) -> Result<FloatImage, CorruptionError> {
        self.apply_in(image, strength, seed, 1.0)
    }

    fn apply_in(
        self,
        image: &FloatImage,
        strength: usize,
        seed: u64,
        unit: f32,
    ) -> Result<FloatImage, CorruptionError> {
        let level = strength.wrapping_sub(1);
        if level >= 5 {
            return Err(CorruptionError::Strength(strength));
        }
        let rng = &mut Rng::with_seed(seed);
        let harmed = match self {
            Self::GaussianNoise => noise::gaussian(image, level, rng),
            Self::ShotNoise => noise::shot(image, level, rng),
            Self::ImpulseNoise => noise::impulse(image, level, rng),
            Self::DefocusBlur => blur::defocus(image, level, unit),
            Self::GlassBlur => blur::glass(image, level, unit, rng),
            Self::MotionBlur => blur::motion(image, level, unit, rng),
            Self::ZoomBlur => blur::zoom(image, level),
            Self::Snow => weather::snow(image, level, unit, rng),
            Self::Frost => weather::frost(image, level, rng),
            Self::Fog => weather::fog(image, level, rng),
            Self::Brightness => weather::brightness(image, level),
            Self::Contrast => digital::contrast(image, level),
            Self::Elastic => digital::elastic(image, level, unit, rng),
            Self::Pixelate => digital::pixelate(image, level),
            Self::Jpeg => digital::jpeg(image, level)?,
        };
        Ok(harmed.clipped())
    }
}

impl core::fmt::Display for Corruption {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges, gradients and colours.
    fn picture(side: usize) -> FloatImage {
        FloatImage::from_fn(side, side, |y, x| {
            let (v, u) = (y as f32 / side as f32, x as f32 / side as f32);
            let disk = (v - 0.5).hypot(u - 0.4) < 0.25;
            let stripes = (u * 5.0).fract() < 0.5;
            [if disk { 0.9 } else { 0.2 + 0.3 * u }, if stripes { 0.7 } else { 0.3 }, v]
        })
    }

    fn distance(a: &FloatImage, b: &FloatImage) -> f32 {
        let pairs = a.pixels().as_flattened().iter().zip(b.pixels().as_flattened());
        pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>() / a.pixels().len() as f32
    }

    #[test]
    fn each_harms_more_than_nothing_at_any_size_and_repeats_with_its_seed() {
        for side in [16, 61] {
            let image = picture(side);
            for corruption in Corruption::ALL {
                let weak = corruption.apply(&image, 1, 7).unwrap();
                assert_eq!(weak, corruption.apply(&image, 1, 7).unwrap(), "{corruption}");
                let strong = corruption.apply(&image, 5, 7).unwrap();
                let (weak, strong) = (distance(&image, &weak), distance(&image, &strong));
                assert!(weak > 1e-5, "{corruption} at {side}: {weak}");
                // Elastic is no stronger for being 5: it ripples where 1 shifts.
                let grows = corruption == Corruption::Elastic || strong > 1.2 * weak;
                assert!(grows, "{corruption} at {side}: {weak} {strong}");
            }
        }
    }

    #[test]
    fn harm_does_not_depend_on_the_size() {
        for corruption in Corruption::ALL {
            let harm = |side: usize| {
                let image = picture(side);
                distance(&image, &corruption.apply(&image, 3, 1).unwrap())
            };
            let ratio = harm(56) / harm(112);
            assert!((0.4..2.5).contains(&ratio), "{corruption}: {ratio}");
        }
    }

    #[test]
    fn a_single_pixel_and_a_thin_image_are_images() {
        for (height, width) in [(1, 1), (1, 40), (40, 2)] {
            let image = FloatImage::new(height, width, vec![0.3; 3 * height * width]).unwrap();
            for corruption in Corruption::ALL {
                let harmed = corruption.apply(&image, 5, 0).unwrap();
                let finite = harmed.pixels().as_flattened().iter().all(|v| (0.0..=1.0).contains(v));
                assert!(finite && harmed.pixels().len() == height * width, "{corruption}");
            }
        }
    }

    #[test]
    fn other_strengths_are_errors() {
        for strength in [0, 6] {
            let error = Corruption::Fog.apply(&picture(4), strength, 0).unwrap_err();
            assert_eq!(error.to_string(), format!("strength = {strength}: expected 1 to 5"));
        }
    }
}

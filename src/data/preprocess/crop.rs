//! Random crops and mirroring.

use fastrand::Rng;

use crate::data::image::Image;

/// Random crops that are tried before a central one is taken, as in torchvision.
const TRIES: usize = 10;

/// Draws a random crop of an image: top, left, height and width. Its share of the area is uniform between
/// two percentages, the logarithm of its width over its height uniform between those of 3/4 and 4/3. If
/// none of ten such crops fits into the image, it is the largest central crop with allowed proportions.
///
/// # Reference
///
/// "Going Deeper with Convolutions", section 6; drawn as torchvision's `RandomResizedCrop` does.
pub(super) fn inception_region(
    [height, width]: [usize; 2],
    [low, high]: [f64; 2],
    rng: &mut Rng,
) -> [usize; 4] {
    let (h, w) = (height as f64, width as f64);
    let ratios = [3.0 / 4.0, 4.0 / 3.0f64];
    for _ in 0..TRIES {
        let area = h * w * (low + (high - low) * rng.f64()) / 100.0;
        let ratio = (ratios[0].ln() + (ratios[1] / ratios[0]).ln() * rng.f64()).exp();
        let crop = [(area / ratio).sqrt(), (area * ratio).sqrt()];
        let [crop_height, crop_width] = crop.map(|side| (side.round() as usize).max(1));
        if crop_height <= height && crop_width <= width {
            let (top, left) =
                (rng.usize(..=height - crop_height), rng.usize(..=width - crop_width));
            return [top, left, crop_height, crop_width];
        }
    }
    let ratio = (w / h).clamp(ratios[0], ratios[1]);
    let side = |side: f64, most: usize| (side.round() as usize).clamp(1, most);
    let (crop_height, crop_width) = (side(w / ratio, height), side(h * ratio, width));
    [(height - crop_height) / 2, (width - crop_width) / 2, crop_height, crop_width]
}

/// Mirrors an image left to right.
pub(super) fn flip_lr(image: &mut Image) {
    let width = image.width();
    for row in image.pixels_mut().chunks_exact_mut(3 * width) {
        let (pixels, _) = row.as_chunks_mut::<3>();
        pixels.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inception_regions_have_the_area_and_the_proportions_asked_for() {
        let mut rng = Rng::with_seed(3);
        let mut areas = Vec::new();
        for _ in 0..2_000 {
            let [top, left, height, width] = inception_region([300, 400], [8.0, 60.0], &mut rng);
            assert!(top + height <= 300 && left + width <= 400);
            areas.push((height * width) as f64 / 120_000.0);
            let ratio = width as f64 / height as f64;
            // Rounding moves sides of at least 73 pixels by half a pixel.
            assert!((0.74..1.35).contains(&ratio), "{ratio}");
        }
        assert!(areas.iter().all(|area| (0.079..0.606).contains(area)));
        // Uniform: mean 0.34, standard deviation of the mean 0.15 / √2000 = 0.0034.
        let mean = areas.iter().sum::<f64>() / 2_000.0;
        assert!((mean - 0.34).abs() < 0.017, "{mean}");
    }

    #[test]
    fn long_images_give_a_central_part() {
        let region = inception_region([10, 400], [100.0, 100.0], &mut Rng::with_seed(0));
        assert_eq!(region, [0, 193, 10, 13]);
        let region = inception_region([400, 10], [100.0, 100.0], &mut Rng::with_seed(0));
        assert_eq!(region, [193, 0, 13, 10]);
        assert_eq!(inception_region([1, 1], [5.0, 5.0], &mut Rng::with_seed(0)), [0, 0, 1, 1]);
    }

    #[test]
    fn flips_mirror_pixels_not_channels() {
        let mut image = Image::new(2, 2, (0..12).collect()).unwrap();
        flip_lr(&mut image);
        assert_eq!(image.pixels(), [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
    }
}

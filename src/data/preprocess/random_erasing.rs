//! Random erasing: a rectangle of an image set to 0.

use fastrand::Rng;

/// Rectangles that are tried before the image is left as it is, as in torchvision.
const TRIES: usize = 10;

/// With the given probability, sets a random rectangle of an image to 0. Its share of the area is uniform
/// from 2 to 33 percent, the logarithm of its height over its width uniform between those of 0.3 and 3.3.
///
/// # Shapes
///
/// - values: `[3, height, width]`
///
/// # Reference
///
/// "Random Erasing Data Augmentation"; drawn as torchvision's `RandomErasing` does.
pub(super) fn random_erasing(
    values: &mut [f32],
    [height, width]: [usize; 2],
    probability: f64,
    rng: &mut Rng,
) {
    if rng.f64() >= probability {
        return;
    }
    let between = |low: f64, high: f64, rng: &mut Rng| low + (high - low) * rng.f64();
    for _ in 0..TRIES {
        let area = (height * width) as f64 * between(0.02, 0.33, rng);
        let ratio = between(0.3f64.ln(), 3.3f64.ln(), rng).exp();
        let [rows, columns] =
            [(area * ratio).sqrt(), (area / ratio).sqrt()].map(|side| side.round() as usize);
        if rows < height && columns < width {
            let (top, left) = (rng.usize(..=height - rows), rng.usize(..=width - columns));
            for plane in values.chunks_exact_mut(height * width) {
                for row in plane.chunks_exact_mut(width).skip(top).take(rows) {
                    row[left..left + columns].fill(0.0);
                }
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_have_the_area_and_come_as_often_as_asked_for() {
        let mut rng = Rng::with_seed(1);
        let (mut times, mut areas) = (0, 0.0);
        for _ in 0..1_000 {
            let mut values = vec![1.0; 3 * 40 * 60];
            random_erasing(&mut values, [40, 60], 0.4, &mut rng);
            let erased: Vec<usize> = (0..2_400).filter(|i| values[*i] == 0.0).collect();
            if erased.is_empty() {
                continue;
            }
            let (rows, columns): (Vec<_>, Vec<_>) = erased.iter().map(|i| (i / 60, i % 60)).unzip();
            let side = |at: &[usize]| at.iter().max().unwrap() - at.iter().min().unwrap() + 1;
            assert_eq!(side(&rows) * side(&columns), erased.len(), "it is a rectangle");
            assert!(
                (0..2_400)
                    .all(|i| values[i] == values[2_400 + i] && values[i] == values[4_800 + i])
            );
            times += 1;
            areas += erased.len() as f64 / 2_400.0;
        }
        // 400 times, standard deviation 15.5; the mean area is below 0.175, as the largest
        // rectangles that are long do not fit.
        assert!((350..450).contains(&times), "{times}");
        assert!((0.13..0.18).contains(&(areas / f64::from(times))), "{}", areas / f64::from(times));
    }
}

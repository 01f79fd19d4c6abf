//! CutMix of images and labels.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::random::RandomKey;

use super::beta::BetaTable;
use super::mixup::{ResolvedMixup, mix, previous};
use crate::train::error::TrainError;

/// Replaces a rectangle of each image by the same part of the previous one of the batch, and
/// mixes targets by area: `a t_i + (1 − a) t_{i−1}`. One rectangle for each batch, of the area 1 − a,
/// `a ~ Beta(α, α)`, around a uniform centre; what is cut off at the edges is given back to `a`.
///
/// # Reference
///
/// "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", section
/// 3.1 and its supplement.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::{RandomKey, train::CutMix};
///
/// let device = Device::flex();
/// let cutmix = CutMix { alpha: 1.0 }.resolve()?;
/// let (images, targets) = (Tensor::ones([4, 3, 8, 8], &device), Tensor::eye(4, &device));
/// let (_, targets) = cutmix.apply(images, targets, &RandomKey::new(0, &device));
/// assert_eq!(targets.dims(), [4, 4]);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CutMix {
    /// α, above 0; 1, the paper's choice for ImageNet, draws areas uniformly.
    pub alpha: f64,
}

/// A [`CutMix`] ready to draw from. Made by [`CutMix::resolve`].
#[derive(Debug, Clone)]
pub struct ResolvedCutMix {
    shares: BetaTable,
}

impl CutMix {
    /// Tabulates the distribution.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] if α is not a finite number above 0.
    pub fn resolve(&self) -> Result<ResolvedCutMix, TrainError> {
        Ok(ResolvedCutMix { shares: BetaTable::new(self.alpha, 0.0, "cutmix.alpha")? })
    }
}

impl CutMix {
    /// Cuts and mixes a batch with a given share of the own image and the row and column of the rectangle's
    /// centre, tensors of one element.
    ///
    /// # Shapes
    ///
    /// - images: `[b, c, height, width]`; targets: `[b, c]`; the same come back
    pub fn mix(
        images: Tensor<4>,
        targets: Tensor<2>,
        share: Tensor<1>,
        [row, column]: [Tensor<1>; 2],
    ) -> (Tensor<4>, Tensor<2>) {
        let [.., height, width] = images.dims();
        let side = side(share);
        let rows = inside(height, side.clone(), row);
        mix_inside(images, targets, rows, inside(width, side, column))
    }
}

impl ResolvedCutMix {
    /// Cuts and mixes a batch.
    ///
    /// # Shapes
    ///
    /// - images: `[b, c, height, width]`; targets: `[b, c]`; the same come back
    pub fn apply(
        &self,
        images: Tensor<4>,
        targets: Tensor<2>,
        key: &RandomKey,
    ) -> (Tensor<4>, Tensor<2>) {
        let [.., height, width] = images.dims();
        let side = side(self.shares.draw(&key.fold_in(0)));
        let rows = inside(height, side.clone(), centre(height, &key.fold_in(1)));
        let columns = inside(width, side, centre(width, &key.fold_in(2)));
        mix_inside(images, targets, rows, columns)
    }
}

/// The side of a rectangle that leaves this share of an image, as a share of the image's side.
fn side(share: Tensor<1>) -> Tensor<1> {
    (share.neg() + 1.0).sqrt()
}

/// A random position on an axis.
fn centre(length: usize, key: &RandomKey) -> Tensor<1> {
    (key.uniform::<1>([1]) * length as f64).floor()
}

/// Ones for the positions of an axis that lie within a part of this share around a centre.
fn inside(length: usize, share: Tensor<1>, centre: Tensor<1>) -> Tensor<1> {
    let half = ((share * length as f64).floor() * 0.5).floor();
    let positions = Tensor::<1, Int>::arange(0..length as i64, &centre.device()).float();
    let from_centre = positions - centre;
    let after = from_centre.clone().greater_equal(half.clone().neg().expand([length]));
    after.float() * from_centre.lower(half.expand([length])).float()
}

/// Cuts out the rows and columns that are 1, and mixes targets by their area.
fn mix_inside(
    images: Tensor<4>,
    targets: Tensor<2>,
    rows: Tensor<1>,
    columns: Tensor<1>,
) -> (Tensor<4>, Tensor<2>) {
    let [.., height, width] = images.dims();
    let cut = rows.clone().sum() * columns.clone().sum();
    let share = cut * (-1.0 / (height * width) as f64) + 1.0;
    let mask = rows.reshape([1, 1, height, 1]) * columns.reshape([1, 1, 1, width]);
    let images = images.clone() + (previous(images.clone()) - images) * mask;
    (images, mix(targets, &share))
}

/// Mixup, CutMix, or nothing; where both are given, one of them with equal chances.
pub(crate) fn mix_batch(
    mixup: Option<&ResolvedMixup>,
    cutmix: Option<&ResolvedCutMix>,
    images: Tensor<4>,
    targets: Tensor<2>,
    key: &RandomKey,
) -> (Tensor<4>, Tensor<2>) {
    match (mixup, cutmix) {
        (None, None) => (images, targets),
        (Some(mixup), None) => mixup.apply(images, targets, key),
        (None, Some(cutmix)) => cutmix.apply(images, targets, key),
        (Some(mixup), Some(cutmix)) => {
            let choice = key.fold_in(1).bernoulli::<1>(0.5, [1]);
            let mixed = mixup.apply(images.clone(), targets.clone(), &key.fold_in(2));
            let cut = cutmix.apply(images, targets, &key.fold_in(3));
            (
                cut.0.clone() + (mixed.0 - cut.0) * choice.clone().reshape([1; 4]),
                cut.1.clone() + (mixed.1 - cut.1) * choice.reshape([1; 2]),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::train::Mixup;

    fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    /// Images of one value each, 1, 2 and 4, and unit targets.
    fn batch() -> (Tensor<4>, Tensor<2>) {
        let device = Device::flex();
        let values = Tensor::<1>::from_floats([1.0, 2.0, 4.0], &device).reshape([3, 1, 1, 1]);
        (values.expand([3, 1, 20, 30]), Tensor::eye(3, &device))
    }

    #[test]
    fn targets_mix_by_the_area_of_a_rectangle() {
        let cutmix = CutMix { alpha: 1.0 }.resolve().unwrap();
        let mut areas = Vec::new();
        for seed in 0..60 {
            let (images, targets) = batch();
            let key = RandomKey::new(seed, &Device::flex());
            let (images, targets) = cutmix.apply(images, targets, &key);
            let (images, targets) = (values(images), values(targets));
            let cut: Vec<usize> = (0..600).filter(|i| images[*i] == 4.0).collect();
            assert!((0..600).all(|i| images[i] == 1.0 || images[i] == 4.0));
            let share = cut.len() as f32 / 600.0;
            for (target, expected) in targets.iter().zip([1.0 - share, 0.0, share]) {
                assert!((target - expected).abs() < 1e-6, "{target}, not {expected}");
            }
            // The same rectangle in every image.
            assert!((0..600).all(|i| (images[600 + i] == 1.0) == (images[i] == 4.0)));
            let (rows, columns): (Vec<_>, Vec<_>) = cut.iter().map(|i| (i / 30, i % 30)).unzip();
            let side = |at: &[usize]| match (at.iter().min(), at.iter().max()) {
                (Some(min), Some(max)) => max - min + 1,
                _ => 0,
            };
            assert_eq!(side(&rows) * side(&columns), cut.len());
            areas.push(share);
        }
        // Of a square of the side √u, (1 − √u / 4)² u remains on average: 0.32; the standard deviation of
        // the mean of 60 is about 0.03, and sides are rounded down.
        let mean = areas.iter().sum::<f32>() / 60.0;
        assert!((0.2..0.4).contains(&mean), "{mean}");
    }

    #[test]
    fn a_recipe_with_both_takes_one_of_them() {
        let (mixup, cutmix) = (Mixup { alpha: 1.0 }, CutMix { alpha: 1.0 });
        let (mixup, cutmix) = (mixup.resolve().unwrap(), cutmix.resolve().unwrap());
        let mut mixed = 0;
        for seed in 0..100 {
            let (images, targets) = batch();
            let key = RandomKey::new(seed, &Device::flex());
            let (images, targets) = mix_batch(Some(&mixup), Some(&cutmix), images, targets, &key);
            let images = values(images);
            let share = values(targets)[0];
            let mean = images[..600].iter().sum::<f32>() / 600.0;
            assert!((mean - (share + 4.0 * (1.0 - share))).abs() < 1e-4);
            mixed += usize::from(images[..600].iter().any(|v| *v > 1.001 && *v < 3.999));
        }
        // Standard deviation 5.
        assert!((30..70).contains(&mixed), "{mixed}");
    }

    #[test]
    fn an_alpha_without_meaning_is_an_error() {
        let message = CutMix { alpha: 0.0 }.resolve().unwrap_err().to_string();
        assert!(message.starts_with("cutmix.alpha = 0 is not valid"), "{message}");
    }
}

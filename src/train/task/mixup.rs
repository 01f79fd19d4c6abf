//! Mixup of images and labels.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::random::RandomKey;

use super::beta::BetaTable;
use crate::train::error::TrainError;

/// Replaces each image, and its targets, by a mixture with the previous one of the batch:
/// `a x_i + (1 − a) x_{i−1}`, `a ~ max(Beta(α, α), 1 − Beta(α, α))`, one `a` for each batch.
///
/// # Reference
///
/// "mixup: Beyond Empirical Risk Minimization"; the larger weight on the own image and the
/// roll by one are big_vision's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mixup {
    /// α, above 0; 1 draws mixtures uniformly.
    pub alpha: f64,
}

/// A [`Mixup`] ready to draw from. Made by [`Mixup::resolve`].
#[derive(Debug, Clone)]
pub struct ResolvedMixup {
    /// Of `max(a, 1 − a)`: the larger of the two is the upper half of a symmetric distribution.
    shares: BetaTable,
}

impl Mixup {
    /// Tabulates the distribution.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] if α is not a finite number above 0.
    pub fn resolve(&self) -> Result<ResolvedMixup, TrainError> {
        Ok(ResolvedMixup { shares: BetaTable::new(self.alpha, 0.5, "mixup.alpha")? })
    }
}

impl Mixup {
    /// Mixes a batch with a given share of the own image, a tensor of one element.
    ///
    /// # Shapes
    ///
    /// - images: `[b, c, height, width]`; targets: `[b, c]`; the same come back
    pub fn mix(images: Tensor<4>, targets: Tensor<2>, share: &Tensor<1>) -> (Tensor<4>, Tensor<2>) {
        (mix(images, share), mix(targets, share))
    }
}

impl ResolvedMixup {
    /// The share of the own image, a tensor of one element in [1/2, 1].
    pub fn draw(&self, key: &RandomKey) -> Tensor<1> {
        self.shares.draw(key)
    }

    /// Mixes a batch.
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
        Mixup::mix(images, targets, &self.draw(key))
    }
}

pub(super) fn mix<const D: usize>(x: Tensor<D>, share: &Tensor<1>) -> Tensor<D> {
    let previous = previous(x.clone());
    previous.clone() + (x - previous) * share.clone().reshape([1; D])
}

/// For each entry of the first axis the one before it, for the first one the last.
pub(super) fn previous<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dims()[0] {
        0 | 1 => x,
        b => Tensor::cat(vec![x.clone().narrow(0, b - 1, 1), x.narrow(0, 0, b - 1)], 0),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn shares_follow_the_distribution() {
        let device = Device::flex();
        // The mean of max(a, 1 - a) for Beta(α, α) is 1/2 + 1 / (2^(2α) α B(α, α)).
        for (alpha, mean) in [(1.0, 0.75), (2.0, 0.6875), (0.5, 0.5 + 1.0 / core::f64::consts::PI)]
        {
            let mixup = Mixup { alpha }.resolve().unwrap();
            let key = RandomKey::new(5, &device);
            let draws: Vec<f64> =
                (0..2_000).map(|i| mixup.draw(&key.fold_in(i)).into_scalar()).collect();
            assert!(draws.iter().all(|a| (0.5..=1.0).contains(a)));
            let got = draws.iter().sum::<f64>() / draws.len() as f64;
            // The standard deviation of the mean is below 0.18 / √2000 = 0.004.
            assert!((got - mean).abs() < 0.016, "α = {alpha}: {got} not {mean}");
        }
    }

    #[test]
    fn images_and_targets_mix_alike() {
        let device = Device::flex();
        let key = RandomKey::new(1, &device);
        let mixup = Mixup { alpha: 1.0 }.resolve().unwrap();
        let share: f32 = mixup.draw(&key).into_scalar();
        let images = Tensor::<1>::from_floats([1.0, 2.0, 4.0], &device).reshape([3, 1, 1, 1]);
        let targets = Tensor::<2>::eye(3, &device);
        let (images, targets) = mixup.apply(images, targets, &key);
        let images: Vec<f32> = images.into_data().try_to_vec().unwrap();
        let targets: Vec<f32> = targets.into_data().try_to_vec().unwrap();
        for (i, (own, other)) in [(1.0, 4.0), (2.0, 1.0), (4.0, 2.0)].into_iter().enumerate() {
            assert!((images[i] - (share * own + (1.0 - share) * other)).abs() < 1e-6);
            assert!((targets[3 * i + i] - share).abs() < 1e-6);
            assert!((targets[3 * i + (i + 2) % 3] - (1.0 - share)).abs() < 1e-6);
        }
    }

    #[test]
    fn an_alpha_without_meaning_is_an_error() {
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = Mixup { alpha }.resolve().unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("mixup.alpha = {alpha} is not valid")),
                "{message}"
            );
        }
    }
}

//! Norms of maps.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check, check_counts, check_epsilon, ensure_valid};

use super::kinds::MapNormKind;

/// Configuration of a [`MapNorm`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::{MapNormConfig, MapNormKind};
///
/// let device = Device::flex();
/// let norm = MapNormConfig::new(4, MapNormKind::Group(2)).init(&device);
/// assert_eq!(norm.forward(Tensor::ones([1, 4, 3, 5], &device)).dims(), [1, 4, 3, 5]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct MapNormConfig {
    /// Channels of the maps, at least 1.
    pub channels: usize,
    /// What is normalised over.
    pub kind: MapNormKind,
    /// Added to the variance; above 0.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl MapNormConfig {
    /// Checks every field; a config that passes makes a norm.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("channels", self.channels)])?;
        check_epsilon(self.epsilon)?;
        let MapNormKind::Group(groups) = self.kind else { return Ok(()) };
        let valid = groups > 0 && self.channels.is_multiple_of(groups);
        let rule = || format!("divides channels = {}", self.channels);
        let divides = |groups: &usize| self.channels.is_multiple_of(*groups);
        let nearest = || (1..=groups.clamp(1, self.channels)).rev().find(divides).unwrap_or(1);
        check("groups", groups, valid, rule, nearest)
    }

    /// A norm whose scale is 1 and whose bias is 0; a frozen one has the mean 0 and the variance 1.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> MapNorm {
        ensure_valid(self.validate());
        let all = |values: Initializer| values.init([self.channels], device);
        let frozen = self.kind == MapNormKind::FrozenBatch;
        MapNorm {
            scale: all(Initializer::Ones),
            bias: all(Initializer::Zeros),
            mean: frozen.then(|| all(Initializer::Zeros)),
            variance: frozen.then(|| all(Initializer::Ones)),
            kind: self.kind,
            epsilon: self.epsilon,
        }
    }
}

/// Normalises maps, `(x - mean) / sqrt(variance + epsilon) * scale + bias`, by the statistics that the
/// [`MapNormKind`] says. Made by [`MapNormConfig::init`].
#[derive(Module, Debug)]
pub struct MapNorm {
    /// `[c]`, ones at first.
    pub scale: Param<Tensor<1>>,
    /// `[c]`, zeros at first.
    pub bias: Param<Tensor<1>>,
    /// `[c]`, the mean of a frozen norm. No gradient reaches it; keep decay and optimizers away from it by a
    /// rule.
    pub mean: Option<Param<Tensor<1>>>,
    /// `[c]`, the variance of a frozen norm, as `mean`.
    pub variance: Option<Param<Tensor<1>>>,
    #[module(skip)]
    kind: MapNormKind,
    epsilon: f64,
}

burn_trace::impl_tensor_tree!(MapNorm);

impl MapNorm {
    /// The normalised maps.
    ///
    /// # Shapes
    ///
    /// - map: `[b, c, h, w]`
    /// - output: `[b, c, h, w]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let of_channels = |values: Tensor<1>| {
            let [channels] = values.dims();
            values.reshape([1, channels, 1, 1])
        };
        let (scale, bias) = (self.scale.val(), self.bias.val());
        if let (Some(mean), Some(variance)) = (&self.mean, &self.variance) {
            let (mean, variance) = (mean.val().detach(), variance.val().detach());
            let factor = scale / variance.add_scalar(self.epsilon).sqrt();
            let shift = bias - mean * factor.clone();
            return map * of_channels(factor) + of_channels(shift);
        }
        let [b, c, h, w] = map.dims();
        let normal = match self.kind {
            MapNormKind::Group(groups) => {
                let of_groups = map.reshape([b, groups, c / groups, h * w]);
                let flat = of_groups.reshape([b, groups, c / groups * h * w, 1]);
                self.normalise(flat, 2).reshape([b, c, h, w])
            }
            MapNormKind::Layer | MapNormKind::FrozenBatch => self.normalise(map, 1),
        };
        normal * of_channels(scale) + of_channels(bias)
    }

    fn normalise(&self, map: Tensor<4>, axis: usize) -> Tensor<4> {
        let centred = map.clone() - map.mean_dim(axis);
        let variance = centred.clone().square().mean_dim(axis);
        centred / variance.add_scalar(self.epsilon).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    /// Mean and variance over what is normalised over are 0 and 1.
    #[test]
    fn each_kind_normalises_over_its_own() {
        let device = Device::flex();
        let mut rng = fastrand::Rng::with_seed(5);
        let values: Vec<f32> = (0..2 * 4 * 3 * 5).map(|_| 3.0 * rng.f32() + 1.0).collect();
        let map = Tensor::<4>::from_data(TensorData::new(values, [2, 4, 3, 5]), &device);
        let normal = |kind| MapNormConfig::new(4, kind).init(&device).forward(map.clone());
        let groups = normal(MapNormKind::Group(2)).reshape([2, 2, 30]);
        for mean in groups.clone().mean_dim(2).into_data().iter::<f64>() {
            approx::assert_abs_diff_eq!(mean, 0.0, epsilon = 1e-6);
        }
        for square in groups.square().mean_dim(2).into_data().iter::<f64>() {
            approx::assert_abs_diff_eq!(square, 1.0, epsilon = 1e-4);
        }
        for square in normal(MapNormKind::Layer).square().mean_dim(1).into_data().iter::<f64>() {
            approx::assert_abs_diff_eq!(square, 1.0, epsilon = 1e-3);
        }
        let mut frozen = MapNormConfig::new(4, MapNormKind::FrozenBatch).init(&device);
        frozen.mean = frozen.mean.map(|mean| mean.map(|mean| mean.add_scalar(2.0)));
        frozen.variance = frozen.variance.map(|one| one.map(|one| one.mul_scalar(4.0)));
        let expected = map.clone().sub_scalar(2.0).div_scalar(2.0);
        let error = (frozen.forward(map) - expected).abs().max().into_scalar::<f32>();
        assert!(error < 1e-5, "{error}");
    }

    #[test]
    fn groups_divide_the_channels() {
        let error = MapNormConfig::new(6, MapNormKind::Group(4)).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "groups = 4 is not valid: divides channels = 6; the nearest valid value is 3"
        );
        assert!(MapNormConfig::new(6, MapNormKind::Group(0)).validate().is_err());
    }
}

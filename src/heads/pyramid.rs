//! Maps of several sizes from maps of one.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::activation::gelu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, ensure_valid};

use super::conv::TransposedConv;
use super::kinds::MapNormKind;
use super::map_norm::{MapNorm, MapNormConfig};

/// Configuration of a [`Pyramid`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::PyramidConfig;
///
/// let device = Device::flex();
/// let pyramid = PyramidConfig::new(8).init(&device);
/// let maps = core::array::from_fn(|_| Tensor::<4>::ones([1, 8, 4, 6], &device));
/// let sizes = pyramid.forward(maps).map(|map| map.dims());
/// assert_eq!(sizes, [[1, 8, 16, 24], [1, 8, 8, 12], [1, 8, 4, 6], [1, 8, 2, 3]]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct PyramidConfig {
    /// Channels of the maps, at least 1.
    pub width: usize,
    /// The norm between the two enlargements of the finest map.
    #[config(default = "MapNormKind::Layer")]
    pub norm: MapNormKind,
    /// Added to the variance in the norm; above 0.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl PyramidConfig {
    /// Checks every field; a config that passes makes a pyramid.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.norm_config().validate()
    }

    fn norm_config(&self) -> MapNormConfig {
        MapNormConfig::new(self.width, self.norm).with_epsilon(self.epsilon)
    }

    /// A pyramid with random weights.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Pyramid {
        ensure_valid(self.validate());
        let double = || TransposedConv::init([self.width, self.width], 2, device);
        let norm = self.norm_config().init(device);
        Pyramid { four: UpFour { first: double(), norm, second: double() }, two: double() }
    }
}

/// Four maps of one size become maps of four, 1/4, 1/8, 1/16 and 1/32 of the image for patches of 16: the
/// first is enlarged four times, the second twice, the third stays as it is, and of the fourth the largest
/// of four cells is taken. Made by [`PyramidConfig::init`].
///
/// # Reference
///
/// BEiT's neck for UPerNet, with a batch norm; InternVL's has a layer norm over channels.
#[derive(Module, Debug)]
pub struct Pyramid {
    /// Enlarges the first map four times.
    pub four: UpFour,
    /// Enlarges the second map twice.
    pub two: TransposedConv,
}

burn_trace::impl_tensor_tree!(Pyramid);

/// Two enlargements with a norm and a GELU between them.
#[derive(Module, Debug)]
pub struct UpFour {
    /// The first enlargement.
    pub first: TransposedConv,
    /// The norm between them.
    pub norm: MapNorm,
    /// The second enlargement.
    pub second: TransposedConv,
}

impl Pyramid {
    /// The maps of four sizes, the finest first.
    ///
    /// # Shapes
    ///
    /// - maps: four of `[b, d, h, w]`, at least 2 × 2
    /// - output: `[b, d, 4 h, 4 w]`, `[b, d, 2 h, 2 w]`, `[b, d, h, w]`, `[b, d, ⌊h / 2⌋, ⌊w / 2⌋]`
    pub fn forward(&self, maps: [Tensor<4>; 4]) -> [Tensor<4>; 4] {
        let [first, second, third, fourth] = maps;
        let UpFour { first: once, norm, second: twice } = &self.four;
        let options = MaxPoolOptions::new([2, 2]);
        [
            twice.forward(gelu(norm.forward(once.forward(first)))),
            self.two.forward(second),
            third,
            max_pool2d(fourth, options),
        ]
    }
}

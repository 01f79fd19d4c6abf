//! Maps of several sizes, joined from the coarsest to the finest.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::conv::conv;
use super::dpt_config::DptConfig;
use super::kinds::MapNormKind;
use super::map_norm::{MapNorm, MapNormConfig};
use super::resample::{Corners, Resample2d};

/// `x + conv(relu(conv(relu(x))))`, with norms behind the convolutions where a model has them.
#[derive(Module, Debug)]
pub struct Residual {
    /// The first convolution.
    pub conv1: Conv2d,
    /// The norm behind it.
    pub norm1: Option<MapNorm>,
    /// The second convolution.
    pub conv2: Conv2d,
    /// The norm behind it.
    pub norm2: Option<MapNorm>,
}

impl Residual {
    fn init(config: &DptConfig, device: &Device) -> Self {
        let channels = config.channels;
        let conv = || conv([channels; 2], 3, 1, config.residual_bias, device);
        let norm = || MapNormConfig::new(channels, MapNormKind::FrozenBatch).init(device);
        Self {
            conv1: conv(),
            norm1: config.residual_norm.then(norm),
            conv2: conv(),
            norm2: config.residual_norm.then(norm),
        }
    }

    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let normed = |norm: &Option<MapNorm>, map| match norm {
            Some(norm) => norm.forward(map),
            None => map,
        };
        let hidden = normed(&self.norm1, self.conv1.forward(relu(map.clone())));
        normed(&self.norm2, self.conv2.forward(relu(hidden))) + map
    }
}

/// Adds a finer map to what the coarser ones were joined to, and enlarges the sum.
#[derive(Module, Debug)]
pub struct Fusion {
    /// Of the finer map, before it is added; none where there is no coarser one.
    pub skip: Option<Residual>,
    /// Of the sum.
    pub unit: Residual,
    /// A convolution over single cells.
    pub projection: Conv2d,
}

impl Fusion {
    pub(super) fn init(config: &DptConfig, is_first: bool, device: &Device) -> Self {
        let unit = || Residual::init(config, device);
        Self {
            skip: (!is_first).then(unit),
            unit: unit(),
            projection: conv([config.channels; 2], 1, 1, true, device),
        }
    }

    /// The sum of both maps in the size that is asked for, or twice its own.
    pub(super) fn forward(
        &self,
        coarser: Option<Tensor<4>>,
        map: Tensor<4>,
        size: Option<[usize; 2]>,
    ) -> Tensor<4> {
        let sum = match (&self.skip, coarser) {
            (Some(skip), Some(coarser)) => {
                let [_, _, height, width] = coarser.dims();
                let finer = Resample2d::new(Corners::Edges).forward(map, [height, width]);
                coarser + skip.forward(finer)
            }
            _ => map,
        };
        // The origin enlarges before it projects. Both are linear, and the weights with which a cell of
        // the larger map is made sum to 1: the order changes no value, and this one takes a quarter of
        // the products.
        let map = self.projection.forward(self.unit.forward(sum));
        let [_, _, height, width] = map.dims();
        let size = size.unwrap_or([2 * height, 2 * width]);
        Resample2d::new(Corners::Aligned).forward(map, size)
    }
}

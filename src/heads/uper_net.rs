//! UPerNet.

use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check, check_counts, ensure_valid};

use super::conv::{ConvNorm, conv};
use super::kinds::MapNormKind;
use super::map_norm::MapNormConfig;
use super::resample::{Corners, Resample2d, adaptive_average};

/// Configuration of a [`UperNet`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::{MapNormKind, UperNetConfig};
///
/// let device = Device::flex();
/// let head = UperNetConfig::new(vec![8, 8, 8, 8], 16, 5)
///     .with_norm(MapNormKind::Group(4))
///     .init(&device);
/// let maps = [16, 8, 4, 2].map(|side| Tensor::<4>::ones([1, 8, side, side], &device));
/// assert_eq!(head.forward(&maps).dims(), [1, 5, 16, 16]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct UperNetConfig {
    /// Channels of each map, the finest first; at least two maps.
    pub widths: Vec<usize>,
    /// Channels inside the head, at least 1.
    pub channels: usize,
    /// Number of classes, at least 1.
    pub classes: usize,
    /// Into how many rows and columns of regions the coarsest map is pooled, one after the other.
    #[config(default = "vec![1, 2, 3, 6]")]
    pub pool_sizes: Vec<usize>,
    /// The norm behind each convolution but the last.
    #[config(default = "MapNormKind::Group(1)")]
    pub norm: MapNormKind,
    /// Added to the variance in the norms; above 0.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl UperNetConfig {
    /// Checks every field; a config that passes makes a head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let maps = self.widths.len();
        check("widths (count)", maps, maps >= 2, || "at least 2".into(), || 2)?;
        check_counts([("channels", self.channels), ("classes", self.classes)])?;
        self.widths.iter().try_for_each(|width| check_counts([("widths", *width)]))?;
        self.pool_sizes.iter().try_for_each(|size| check_counts([("pool_sizes", *size)]))?;
        self.norm_config().validate()
    }

    fn norm_config(&self) -> MapNormConfig {
        MapNormConfig::new(self.channels, self.norm).with_epsilon(self.epsilon)
    }

    /// A head with random weights.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> UperNet {
        ensure_valid(self.validate());
        let norm = self.norm_config();
        let layer = |input, kernel| ConvNorm::init(input, kernel, &norm, device);
        let (fine, coarsest) = self.widths.split_at(self.widths.len() - 1);
        let pooled = coarsest[0] + self.pool_sizes.len() * self.channels;
        UperNet {
            pools: self.pool_sizes.iter().map(|_| layer(coarsest[0], 1)).collect(),
            bottleneck: layer(pooled, 3),
            laterals: fine.iter().map(|width| layer(*width, 1)).collect(),
            levels: fine.iter().map(|_| layer(self.channels, 3)).collect(),
            join: layer(self.widths.len() * self.channels, 3),
            classifier: conv([self.channels, self.classes], 1, 1, true, device),
            pool_sizes: self.pool_sizes.clone(),
        }
    }
}

/// Maps of several sizes to a map of classes: the coarsest map is pooled into regions of several sizes,
/// each coarser map is added to the next finer one, and all are joined at the size of the finest. Made by
/// [`UperNetConfig::init`].
///
/// Maps are resampled by edges ([`Corners::Edges`]). Bring the output to the size of the image in the same
/// way.
///
/// # Reference
///
/// "Unified Perceptual Parsing for Scene Understanding", as mmsegmentation and transformers compute it.
#[derive(Module, Debug)]
pub struct UperNet {
    /// A layer for each of the pooled maps.
    pub pools: Vec<ConvNorm>,
    /// Joins the coarsest map with what was pooled from it.
    pub bottleneck: ConvNorm,
    /// Brings the channels of each finer map to those of the head.
    pub laterals: Vec<ConvNorm>,
    /// A layer for each finer map, after the coarser one was added.
    pub levels: Vec<ConvNorm>,
    /// Joins the maps of all sizes.
    pub join: ConvNorm,
    /// The classifier.
    pub classifier: Conv2d,
    #[module(skip)]
    pool_sizes: Vec<usize>,
}

burn_trace::impl_tensor_tree!(UperNet);

const EDGES: Resample2d = Resample2d::new(Corners::Edges);

impl UperNet {
    /// Logits in the size of the finest map.
    ///
    /// # Shapes
    ///
    /// - maps: `[b, widths[i], h_i, w_i]`, the finest first
    /// - output: `[b, c, h_0, w_0]`
    ///
    /// # Panics
    ///
    /// If there is another number of maps than the config has widths.
    pub fn forward(&self, maps: &[Tensor<4>]) -> Tensor<4> {
        assert!(
            maps.len() == self.laterals.len() + 1,
            "maps: expected {}, one for each of the config's widths, got {}",
            self.laterals.len() + 1,
            maps.len()
        );
        let mut sums = vec![self.pooled(maps[maps.len() - 1].clone())];
        for (lateral, map) in self.laterals.iter().zip(maps).rev() {
            let own = lateral.forward(map.clone());
            let coarser = EDGES.forward(sums[sums.len() - 1].clone(), size(&own));
            sums.push(own + coarser);
        }
        sums.reverse();
        let finest = size(&sums[0]);
        let layers = self.levels.iter().map(Some).chain([None]);
        let levels = sums.into_iter().zip(layers).map(|(sum, layer)| {
            let level = match layer {
                Some(layer) => layer.forward(sum),
                None => sum,
            };
            EDGES.forward(level, finest)
        });
        let joined = self.join.forward(Tensor::cat(levels.collect(), 1));
        self.classifier.forward(joined)
    }

    /// The coarsest map, joined with what is pooled from it.
    ///
    /// # Shapes
    ///
    /// - map: `[b, d, h, w]`
    /// - output: `[b, channels, h, w]`
    pub fn pooled(&self, map: Tensor<4>) -> Tensor<4> {
        let regions = self.pools.iter().zip(&self.pool_sizes).map(|(layer, regions)| {
            let pooled = layer.forward(adaptive_average(map.clone(), *regions));
            EDGES.forward(pooled, size(&map))
        });
        let parts = [map.clone()].into_iter().chain(regions).collect();
        self.bottleneck.forward(Tensor::cat(parts, 1))
    }
}

fn size(map: &Tensor<4>) -> [usize; 2] {
    let [_, _, height, width] = map.dims();
    [height, width]
}

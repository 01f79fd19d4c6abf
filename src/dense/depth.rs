//! Images to depths.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, check};
use crate::heads::{
    Corners, DepthOutput, Dpt, DptConfig, DptStages, LinearDecoder, LinearDecoderConfig, Resample2d,
};
use crate::params;
use crate::vit::{ViT22B, ViT22BConfig};

use super::blocks::{BlockChoice, check_width, size_of};

/// The head of a [`DepthModel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthReadout {
    /// One linear layer on the patches of one block, with one output.
    Linear(LinearDecoderConfig),
    /// DPT on the tokens of several blocks.
    Dpt(DptConfig),
}

impl From<LinearDecoderConfig> for DepthReadout {
    fn from(head: LinearDecoderConfig) -> Self {
        Self::Linear(head)
    }
}

impl From<DptConfig> for DepthReadout {
    fn from(head: DptConfig) -> Self {
        Self::Dpt(head)
    }
}

/// What the output of a head for depth is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthTarget {
    /// What the head's [`DepthOutput`] says: a depth, or an inverse depth up to a number and a shift.
    Direct,
    /// `log(1 + depth)`: ViT-22B's. A model gives `exp(output) - 1`, at least 0.
    LogDepth,
}

/// The largest logarithm of which a depth is made: 485 million.
const LARGEST_LOG: f64 = 20.0;

/// Configuration of a [`DepthModel`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::dense::{BlockChoice, DepthConfig};
/// use vit22b::heads::DptConfig;
/// use vit22b::vit::Variant;
///
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 48]).with_depth(4);
/// let head = DptConfig::new(32)
///     .with_neck_widths(vec![4, 8, 16, 32])
///     .with_channels(8)
///     .depth_anything(16);
/// let device = Device::flex();
/// let model = DepthConfig::new(tower, BlockChoice::quarters(4), head.into()).init(&device)?;
/// assert_eq!(model.forward(Tensor::zeros([1, 3, 32, 48], &device)).dims(), [1, 32, 48]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DepthConfig {
    /// The tower.
    pub tower: ViT22BConfig,
    /// The blocks that the head reads, as many as a DPT has widths, and one for a linear readout.
    pub blocks: BlockChoice,
    /// The head, of the tower's width.
    pub head: DepthReadout,
    /// What the head's output is.
    #[config(default = "DepthTarget::Direct")]
    pub target: DepthTarget,
}

impl DepthConfig {
    /// Checks every field; a config that passes makes a model.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.tower.validate()?;
        self.blocks.validate(self.tower.depth)?;
        let blocks = self.blocks.blocks.len();
        match &self.head {
            DepthReadout::Linear(head) => {
                head.validate()?;
                check_width("head.width", head.width, &self.tower)?;
                let rule = || "1, the depth".into();
                check("head.classes", head.classes, head.classes == 1, rule, || 1)?;
                let rule = || "1 for a linear readout".into();
                check("blocks (count)", blocks, blocks == 1, rule, || 1)
            }
            DepthReadout::Dpt(head) => {
                head.validate()?;
                check_width("head.width", head.width, &self.tower)?;
                let maps = head.neck_widths.len();
                let rule = || format!("{maps}, as many as head.neck_widths");
                check("blocks (count)", blocks, blocks == maps, rule, || maps)
            }
        }
    }

    /// Whether the model gives inverse depths up to a number and a shift, the larger the nearer, and no depths.
    pub fn is_relative(&self) -> bool {
        match (&self.head, self.target) {
            (_, DepthTarget::LogDepth) => false,
            (DepthReadout::Linear(_), DepthTarget::Direct) => true,
            (DepthReadout::Dpt(head), DepthTarget::Direct) => {
                !matches!(head.output, DepthOutput::Sigmoid(_))
            }
        }
    }

    /// A model with random parameters, which are drawn when they are first used.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init(&self, device: &Device) -> Result<DepthModel, ConfigError> {
        self.validate()?;
        let (head, decoder) = match &self.head {
            DepthReadout::Dpt(head) => (Some(head.init(device)), None),
            DepthReadout::Linear(decoder) => (None, Some(decoder.init(device))),
        };
        Ok(DepthModel { tower: self.tower.init(device)?, head, decoder, config: self.clone() })
    }

    /// A model with this tower, whose parameters are as they are; the others are drawn from the seed.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init_on(
        &self,
        tower: ViT22B,
        seed: u64,
        device: &Device,
    ) -> Result<DepthModel, ConfigError> {
        params::with_seed(device, seed, || {
            Ok(params::initialize(DepthModel { tower, ..self.init(device)? }))
        })
    }
}

/// A tower and a head that makes depths of its tokens. Made by [`DepthConfig::init`], or read from a file
/// by [`WeightsFile::load_depth`](crate::weights::WeightsFile::load_depth).
#[derive(Module, Debug)]
pub struct DepthModel {
    /// The tower.
    pub tower: ViT22B,
    /// The head, where it is a DPT.
    pub head: Option<Dpt>,
    /// The head, where it is a linear readout.
    pub decoder: Option<LinearDecoder>,
    #[module(skip)]
    config: DepthConfig,
}

burn_trace::impl_tensor_tree!(DepthModel);

impl DepthModel {
    /// The config that made the model.
    pub fn config(&self) -> &DepthConfig {
        &self.config
    }

    /// A depth for each pixel, or what the head's [`DepthOutput`] says.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, sides that the patch divides
    /// - output: `[b, height', width']`, of the size that the head makes
    ///
    /// # Panics
    ///
    /// If the images do not have these axes; the text names the axis.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<3> {
        let output = self.output(images);
        match self.config.target {
            DepthTarget::Direct => output,
            DepthTarget::LogDepth => output.clamp(0.0, LARGEST_LOG).exp().sub_scalar(1.0),
        }
    }

    /// The head's output as training compares it with the truth: before [`DepthTarget`] makes depths of it.
    ///
    /// # Shapes
    ///
    /// As [`forward`](Self::forward).
    pub fn output(&self, images: Tensor<4>) -> Tensor<3> {
        self.stages(images).depth
    }

    /// The same with the maps on the way, of which a linear readout has none.
    pub fn stages(&self, images: Tensor<4>) -> DptStages {
        let size = size_of(&images);
        let read = self.config.blocks.tokens(&self.tower, images);
        let (blocks, grid) = read.expect("the config was checked");
        match (&self.head, &self.decoder) {
            (Some(head), _) => head.stages(&blocks, grid),
            (None, Some(decoder)) => {
                let prefix = self.config.tower.prefix_tokens();
                let patches = blocks[0].clone().narrow(1, prefix, grid[0] * grid[1]);
                let map = decoder.forward(patches, grid);
                let map = Resample2d::new(Corners::Edges).forward(map, size);
                DptStages { reassembled: vec![], fused: vec![], depth: map.squeeze_dim(1) }
            }
            (None, None) => unreachable!("a config has a head"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vit::Variant;

    #[test]
    fn parts_that_do_not_fit_together_are_refused() {
        let tower = Variant::parse("mu/16").unwrap().config(0).with_depth(4);
        let head = DptConfig::new(32).with_channels(8);
        let config = DepthConfig::new(tower, BlockChoice::quarters(4), head.clone().into());
        config.validate().unwrap();
        let wide = DptConfig { width: 48, ..head };
        let wide = DepthConfig { head: wide.into(), ..config.clone() };
        assert_eq!(
            wide.validate().unwrap_err().to_string(),
            "head.width = 48 is not valid: the tower's width = 32; the nearest valid value is 32"
        );
        let three = DepthConfig { blocks: BlockChoice::new(vec![0, 1, 2]), ..config.clone() };
        assert!(three.validate().unwrap_err().to_string().starts_with("blocks (count) = 3"));
        let linear = |classes| LinearDecoderConfig::new(32, classes).into();
        let two = DepthConfig { blocks: BlockChoice::new(vec![3]), head: linear(2), ..config };
        assert!(two.validate().unwrap_err().to_string().starts_with("head.classes = 2"));
        DepthConfig { head: linear(1), ..two }.validate().unwrap();
    }
}

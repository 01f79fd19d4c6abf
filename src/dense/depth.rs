//! Images to depths.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check};
use crate::heads::{Dpt, DptConfig, DptStages};
use crate::vit::{ViT22B, ViT22BConfig};

use super::blocks::{BlockChoice, check_width};

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
/// let model = DepthConfig::new(tower, BlockChoice::quarters(4), head).init(&device)?;
/// assert_eq!(model.forward(Tensor::zeros([1, 3, 32, 48], &device)).dims(), [1, 32, 48]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DepthConfig {
    /// The tower.
    pub tower: ViT22BConfig,
    /// The blocks that the head reads, as many as it has widths.
    pub blocks: BlockChoice,
    /// The head, of the tower's width.
    pub head: DptConfig,
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
        self.head.validate()?;
        check_width("head.width", self.head.width, &self.tower)?;
        let (blocks, maps) = (self.blocks.blocks.len(), self.head.neck_widths.len());
        let rule = || format!("{maps}, as many as head.neck_widths");
        check("blocks (count)", blocks, blocks == maps, rule, || maps)
    }

    /// A model with random parameters, which are drawn when they are first used.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init(&self, device: &Device) -> Result<DepthModel, ConfigError> {
        self.validate()?;
        Ok(DepthModel {
            tower: self.tower.init(device)?,
            head: self.head.init(device),
            config: self.clone(),
        })
    }
}

/// A tower and a head that makes depths of its tokens. Made by [`DepthConfig::init`], or read from a file
/// by [`WeightsFile::load_depth`](crate::weights::WeightsFile::load_depth).
#[derive(Module, Debug)]
pub struct DepthModel {
    /// The tower.
    pub tower: ViT22B,
    /// The head.
    pub head: Dpt,
    #[module(skip)]
    config: DepthConfig,
}

burn_trace::impl_tensor_tree!(DepthModel);

impl DepthModel {
    /// The config that made the model.
    pub fn config(&self) -> &DepthConfig {
        &self.config
    }

    /// A depth for each pixel, or what the head's [`DepthOutput`](crate::heads::DepthOutput) says.
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
        self.stages(images).depth
    }

    /// The same with the maps on the way.
    pub fn stages(&self, images: Tensor<4>) -> DptStages {
        let read = self.config.blocks.tokens(&self.tower, images);
        let (blocks, grid) = read.expect("the config was checked");
        self.head.stages(&blocks, grid)
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
        let config = DepthConfig::new(tower, BlockChoice::quarters(4), head.clone());
        config.validate().unwrap();
        let wide = DepthConfig { head: DptConfig { width: 48, ..head }, ..config.clone() };
        assert_eq!(
            wide.validate().unwrap_err().to_string(),
            "head.width = 48 is not valid: the tower's width = 32; the nearest valid value is 32"
        );
        let three = DepthConfig { blocks: BlockChoice::new(vec![0, 1, 2]), ..config };
        assert!(three.validate().unwrap_err().to_string().starts_with("blocks (count) = 3"));
    }
}

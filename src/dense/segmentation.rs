//! Images to classes of pixels.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, check};
use crate::heads::{
    Corners, Fcn, FcnConfig, LinearDecoder, LinearDecoderConfig, Pyramid, PyramidConfig,
    Resample2d, UperNet, UperNetConfig,
};
use crate::params;
use crate::vit::{Draws, ViT22B, ViT22BConfig};

use super::blocks::{BlockChoice, check_width, size_of};

/// The head of a [`SegmentationModel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentationHead {
    /// One linear layer on the patches of one block.
    Linear(LinearDecoderConfig),
    /// UPerNet on the maps of several blocks.
    UperNet(UperNetConfig),
}

impl SegmentationHead {
    /// The number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Linear(head) => head.classes,
            Self::UperNet(head) => head.classes,
        }
    }

    /// How many blocks are read.
    fn maps(&self) -> usize {
        match self {
            Self::Linear(_) => 1,
            Self::UperNet(head) => head.widths.len(),
        }
    }
}

impl From<LinearDecoderConfig> for SegmentationHead {
    fn from(head: LinearDecoderConfig) -> Self {
        Self::Linear(head)
    }
}

impl From<UperNetConfig> for SegmentationHead {
    fn from(head: UperNetConfig) -> Self {
        Self::UperNet(head)
    }
}

/// The auxiliary head of a [`SegmentationModel`].
#[derive(Config, Debug, PartialEq)]
pub struct AuxiliaryConfig {
    /// The head.
    pub head: FcnConfig,
    /// Which of the maps it reads, counted from the finest.
    #[config(default = 2)]
    pub level: usize,
    /// The share of its loss.
    #[config(default = 0.4)]
    pub weight: f64,
}

/// Configuration of a [`SegmentationModel`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::dense::{BlockChoice, SegmentationConfig};
/// use vit22b::heads::{PyramidConfig, UperNetConfig};
/// use vit22b::vit::Variant;
///
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 48]).with_depth(4);
/// let head = UperNetConfig::new(vec![32; 4], 8, 5);
/// let device = Device::flex();
/// let model = SegmentationConfig::new(tower, BlockChoice::quarters(4), head.into())
///     .with_pyramid(Some(PyramidConfig::new(32)))
///     .init(&device)?;
/// assert_eq!(model.forward(Tensor::zeros([1, 3, 32, 48], &device)).dims(), [1, 5, 32, 48]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct SegmentationConfig {
    /// The tower.
    pub tower: ViT22BConfig,
    /// The blocks that are read, as many as a UPerNet has widths, and one for a linear decoder.
    pub blocks: BlockChoice,
    /// The head; its maps have the tower's width.
    pub head: SegmentationHead,
    /// Makes maps of four sizes of the tower's four for UPerNet; without it all have one size.
    pub pyramid: Option<PyramidConfig>,
    /// The head whose loss is added in training.
    pub auxiliary: Option<AuxiliaryConfig>,
}

impl SegmentationConfig {
    /// Checks every field; a config that passes makes a model.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.tower.validate()?;
        self.blocks.validate(self.tower.depth)?;
        let (blocks, maps) = (self.blocks.blocks.len(), self.head.maps());
        match &self.head {
            SegmentationHead::Linear(head) => {
                head.validate()?;
                check_width("head.width", head.width, &self.tower)?;
                let rule = || "1 for a linear decoder".into();
                check("blocks (count)", blocks, blocks == 1, rule, || 1)?;
            }
            SegmentationHead::UperNet(head) => {
                head.validate()?;
                let rule = || format!("{maps}, as many as head.widths");
                check("blocks (count)", blocks, blocks == maps, rule, || maps)?;
                for width in &head.widths {
                    check_width("head.widths", *width, &self.tower)?;
                }
            }
        }
        if let Some(pyramid) = &self.pyramid {
            pyramid.validate()?;
            check_width("pyramid.width", pyramid.width, &self.tower)?;
            let rule = || "4 where there is a pyramid".into();
            check("blocks (count)", blocks, blocks == 4, rule, || 4)?;
        }
        if let Some(AuxiliaryConfig { head, level, .. }) = &self.auxiliary {
            head.validate()?;
            check_width("auxiliary.head.width", head.width, &self.tower)?;
            let rule = || format!("below the number of maps, {maps}");
            check("auxiliary.level", *level, *level < maps, rule, || maps - 1)?;
            let classes = self.head.classes();
            let rule = || format!("head.classes = {classes}");
            let field = "auxiliary.head.classes";
            check(field, head.classes, head.classes == classes, rule, || classes)?;
        }
        Ok(())
    }

    /// A model with random parameters, which are drawn when they are first used.
    ///
    /// # Errors
    ///
    /// The error that [`validate`](Self::validate) finds.
    pub fn init(&self, device: &Device) -> Result<SegmentationModel, ConfigError> {
        self.validate()?;
        let (head, decoder) = match &self.head {
            SegmentationHead::UperNet(head) => (Some(head.init(device)), None),
            SegmentationHead::Linear(decoder) => (None, Some(decoder.init(device))),
        };
        Ok(SegmentationModel {
            tower: self.tower.init(device)?,
            pyramid: self.pyramid.as_ref().map(|pyramid| pyramid.init(device)),
            head,
            decoder,
            auxiliary: self.auxiliary.as_ref().map(|auxiliary| auxiliary.head.init(device)),
            config: self.clone(),
        })
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
    ) -> Result<SegmentationModel, ConfigError> {
        params::with_seed(device, seed, || {
            Ok(params::initialize(SegmentationModel { tower, ..self.init(device)? }))
        })
    }
}

/// A tower and a head that makes classes of its tokens. Made by [`SegmentationConfig::init`], or read from
/// a file by [`WeightsFile::load_segmentation`](crate::weights::WeightsFile::load_segmentation).
#[derive(Module, Debug)]
pub struct SegmentationModel {
    /// The tower.
    pub tower: ViT22B,
    /// Makes maps of four sizes.
    pub pyramid: Option<Pyramid>,
    /// The head, where it is a UPerNet.
    pub head: Option<UperNet>,
    /// The head, where it is a linear decoder.
    pub decoder: Option<LinearDecoder>,
    /// The head whose loss is added in training.
    pub auxiliary: Option<Fcn>,
    #[module(skip)]
    config: SegmentationConfig,
}

burn_trace::impl_tensor_tree!(SegmentationModel);

/// The logits of both heads, in the size of the images.
#[derive(Debug, Clone)]
pub struct SegmentationLogits {
    /// Of the head, `[b, c, height, width]`.
    pub logits: Tensor<4>,
    /// Of the auxiliary head, where there is one.
    pub auxiliary: Option<Tensor<4>>,
}

impl SegmentationModel {
    /// The config that made the model.
    pub fn config(&self) -> &SegmentationConfig {
        &self.config
    }

    /// Logits of the classes of each pixel.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, sides that the patch divides
    /// - output: `[b, c, height, width]`
    ///
    /// # Panics
    ///
    /// If the images do not have these axes; the text names the axis.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let size = size_of(&images);
        EDGES.forward(self.decode(&self.maps(images, None)), size)
    }

    /// The logits of both heads, as training compares them with the truth; what `draws` says is dropped in the tower.
    pub fn forward_train(&self, images: Tensor<4>, draws: Option<&Draws>) -> SegmentationLogits {
        let size = size_of(&images);
        let maps = self.maps(images, draws);
        let auxiliary = self.auxiliary.as_ref().zip(self.config.auxiliary.as_ref());
        SegmentationLogits {
            logits: EDGES.forward(self.decode(&maps), size),
            auxiliary: auxiliary.map(|(head, config)| {
                EDGES.forward(head.forward(maps[config.level].clone()), size)
            }),
        }
    }

    /// Logits in the size of the finest map.
    fn decode(&self, maps: &[Tensor<4>]) -> Tensor<4> {
        match (&self.head, &self.decoder) {
            (Some(head), _) => head.forward(maps),
            (None, Some(decoder)) => {
                let [b, d, rows, columns] = maps[0].dims();
                let patches = maps[0].clone().reshape([b, d, rows * columns]).swap_dims(1, 2);
                decoder.forward(patches, [rows, columns])
            }
            (None, None) => unreachable!("a config has a head"),
        }
    }

    fn maps(&self, images: Tensor<4>, draws: Option<&Draws>) -> Vec<Tensor<4>> {
        let read = self.config.blocks.read(&self.tower, images, draws);
        let (blocks, [rows, columns]) = read.expect("the config was checked");
        let prefix = self.config.tower.prefix_tokens();
        let map = |tokens: Tensor<3>| {
            let [b, _, d] = tokens.dims();
            let patches = tokens.narrow(1, prefix, rows * columns);
            patches.swap_dims(1, 2).reshape([b, d, rows, columns])
        };
        let maps: Vec<_> = blocks.into_iter().map(map).collect();
        match &self.pyramid {
            Some(pyramid) => {
                let four = maps.try_into().expect("a pyramid has four maps");
                pyramid.forward(four).into()
            }
            None => maps,
        }
    }
}

const EDGES: Resample2d = Resample2d::new(Corners::Edges);

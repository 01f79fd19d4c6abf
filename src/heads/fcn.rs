//! The auxiliary head of segmentation.

use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check, check_counts, ensure_valid};

use super::conv::{ConvNorm, conv};
use super::kinds::MapNormKind;
use super::map_norm::MapNormConfig;

/// Configuration of an [`Fcn`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::FcnConfig;
///
/// let device = Device::flex();
/// let head = FcnConfig::new(8, 16, 5).init(&device);
/// assert_eq!(head.forward(Tensor::ones([1, 8, 4, 6], &device)).dims(), [1, 5, 4, 6]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct FcnConfig {
    /// Channels of the map, at least 1.
    pub width: usize,
    /// Channels inside the head, at least 1.
    pub channels: usize,
    /// Number of classes, at least 1.
    pub classes: usize,
    /// Number of convolutions before the classifier. Without any, `width` equals `channels`.
    #[config(default = 1)]
    pub convs: usize,
    /// Whether a further convolution reads the map beside what the others made of it.
    #[config(default = false)]
    pub joins_input: bool,
    /// The norm behind each convolution but the last.
    #[config(default = "MapNormKind::Group(1)")]
    pub norm: MapNormKind,
    /// Added to the variance in the norms; above 0.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl FcnConfig {
    /// Checks every field; a config that passes makes a head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("classes", self.classes)])?;
        self.norm_config().validate()?;
        let valid = self.convs > 0 || self.width == self.channels;
        let rule = || format!("width = {} where there are no convolutions", self.width);
        check("channels", self.channels, valid, rule, || self.width)
    }

    fn norm_config(&self) -> MapNormConfig {
        MapNormConfig::new(self.channels, self.norm).with_epsilon(self.epsilon)
    }

    /// A head with random weights.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Fcn {
        ensure_valid(self.validate());
        let norm = self.norm_config();
        let layer = |input| ConvNorm::init(input, 3, &norm, device);
        let inputs = |index| if index == 0 { self.width } else { self.channels };
        Fcn {
            convs: (0..self.convs).map(|index| layer(inputs(index))).collect(),
            join: self.joins_input.then(|| layer(self.width + self.channels)),
            classifier: conv([self.channels, self.classes], 1, 1, true, device),
        }
    }
}

/// Convolutions and a classifier on one map: the head whose loss is added in training, so that the tower
/// learns what segments at lower blocks too. Made by [`FcnConfig::init`].
///
/// # Reference
///
/// "Fully Convolutional Networks for Semantic Segmentation", as mmsegmentation and transformers compute it.
#[derive(Module, Debug)]
pub struct Fcn {
    /// The convolutions.
    pub convs: Vec<ConvNorm>,
    /// The convolution that reads the map again.
    pub join: Option<ConvNorm>,
    /// The classifier.
    pub classifier: Conv2d,
}

burn_trace::impl_tensor_tree!(Fcn);

impl Fcn {
    /// Logits in the size of the map.
    ///
    /// # Shapes
    ///
    /// - map: `[b, d, h, w]`
    /// - output: `[b, c, h, w]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let hidden = self.convs.iter().fold(map.clone(), |hidden, layer| layer.forward(hidden));
        let hidden = match &self.join {
            Some(layer) => layer.forward(Tensor::cat(vec![map, hidden], 1)),
            None => hidden,
        };
        self.classifier.forward(hidden)
    }
}

//! The config of the dense prediction transformer's head for depth.

use burn::config::Config;

use crate::error::{ConfigError, check, check_counts};
use crate::layers::Gelu;

use super::kinds::{DepthOutput, DepthSize, FusedSize, Readout};

/// Configuration of a [`Dpt`](super::Dpt); the defaults are those of DPT on a ViT-B, and
/// [`depth_anything`](Self::depth_anything) makes Depth Anything's of them.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::DptConfig;
///
/// let device = Device::flex();
/// let head = DptConfig::new(16).with_neck_widths(vec![4, 5, 6, 7]).with_channels(8).init(&device);
/// let blocks: Vec<_> = (0..4).map(|_| Tensor::<3>::ones([1, 10, 16], &device)).collect();
/// assert_eq!(head.forward(&blocks, [3, 3]).dims(), [1, 64, 64]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DptConfig {
    /// Width of a token, at least 1.
    pub width: usize,
    /// Channels of the map of each block that is read, the finest first.
    #[config(default = "vec![96, 192, 384, 768]")]
    pub neck_widths: Vec<usize>,
    /// How much larger each map becomes than the grid of patches: a whole number, or 1 divided by one.
    #[config(default = "vec![4.0, 2.0, 1.0, 0.5]")]
    pub factors: Vec<f64>,
    /// Channels in which maps are joined, at least 2.
    #[config(default = 256)]
    pub channels: usize,
    /// What becomes of the class token.
    #[config(default = "Readout::Project")]
    pub readout: Readout,
    /// The activation behind the layer that joins the class token with the patches.
    #[config(default = "Gelu::Erf")]
    pub gelu: Gelu,
    /// Whether frozen batch norms follow the convolutions of the residual units.
    #[config(default = false)]
    pub residual_norm: bool,
    /// Whether the convolutions of the residual units add a bias.
    #[config(default = true)]
    pub residual_bias: bool,
    /// The sizes of the joined maps.
    #[config(default = "FusedSize::Double")]
    pub fused_size: FusedSize,
    /// Whether a convolution precedes the three of the depth head.
    #[config(default = false)]
    pub head_projection: bool,
    /// Channels before the last convolution, at least 1.
    #[config(default = 32)]
    pub head_width: usize,
    /// The size of the map of depths.
    #[config(default = "DepthSize::Double")]
    pub size: DepthSize,
    /// What the last convolution becomes.
    #[config(default = "DepthOutput::Relu(1.0)")]
    pub output: DepthOutput,
}

impl DptConfig {
    /// The head of Depth Anything of the same widths, for patches of this side: no class token is read,
    /// maps are joined in the sizes of the maps themselves, and the map of depths has the size of the
    /// image.
    pub fn depth_anything(self, patch: usize) -> Self {
        self.with_readout(Readout::Ignore)
            .with_fused_size(FusedSize::NextMap)
            .with_size(DepthSize::Patch(patch))
    }

    /// Checks every field; a config that passes makes a head.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("head_width", self.head_width)])?;
        check("channels", self.channels, self.channels >= 2, || "at least 2".into(), || 2)?;
        let maps = self.neck_widths.len();
        check("neck_widths (count)", maps, maps >= 1, || "at least 1".into(), || 1)?;
        self.neck_widths.iter().try_for_each(|width| check_counts([("neck_widths", *width)]))?;
        let factors = self.factors.len();
        let rule = || format!("{maps}, one for each of neck_widths");
        check("factors (count)", factors, factors == maps, rule, || maps)?;
        let whole = |factor: f64| factor >= 1.0 && factor.fract() == 0.0 && factor <= 64.0;
        for factor in &self.factors {
            let valid = whole(*factor) || (*factor > 0.0 && whole(1.0 / factor));
            let rule = || "a whole number from 1 to 64, or 1 divided by one".into();
            check("factors", *factor, valid, rule, || factor.clamp(1.0, 64.0).round())?;
        }
        if let DepthSize::Patch(patch) = self.size {
            check_counts([("size.patch", patch)])?;
        }
        let (DepthOutput::Relu(scale) | DepthOutput::Sigmoid(scale)) = self.output else {
            return Ok(());
        };
        let valid = scale > 0.0 && scale.is_finite();
        check("output", scale, valid, || "a finite number above 0".into(), || 1.0)
    }
}

//! The stem: images to patch tokens.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, assert_shape};

use crate::error::{ConfigError, check_counts, ensure_valid};

use super::norm::{Norm, NormConfig, check_norm};

/// Configuration of a [`PatchEmbed`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::PatchEmbedConfig;
///
/// let device = Device::flex();
/// let embedding = PatchEmbedConfig::new(32, 14).init(&device);
/// let (tokens, grid) = embedding.forward(Tensor::zeros([2, 3, 28, 42], &device));
/// assert_eq!((tokens.dims(), grid), ([2, 6, 32], [2, 3]));
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct PatchEmbedConfig {
    /// Width of a token, at least 1.
    pub width: usize,
    /// Side of a square patch in pixels, at least 1.
    pub patch: usize,
    /// Channels of the images, at least 1.
    #[config(default = 3)]
    pub channels: usize,
    /// Whether a learned bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// The norm of the tokens, of width `width`; none in ViT-22B.
    pub norm: Option<NormConfig>,
}

impl PatchEmbedConfig {
    /// Checks every field; a config that passes makes an embedding.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("channels", self.channels), ("patch", self.patch), ("width", self.width)])?;
        check_norm(self.norm.as_ref(), ("width", self.width))
    }

    /// An embedding with random weights of standard deviation `1 / √(c p²)`, and a bias of 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> PatchEmbed {
        ensure_valid(self.validate());
        let fan_in = self.channels * self.patch * self.patch;
        let normal = Initializer::Normal { mean: 0.0, std: 1.0 / (fan_in as f64).sqrt() };
        PatchEmbed {
            weight: normal.init([self.width, self.channels, self.patch, self.patch], device),
            bias: self.bias.then(|| Initializer::Zeros.init([self.width], device)),
            norm: self.norm.as_ref().map(|norm| norm.init(device)),
        }
    }
}

/// Images to tokens: `patch · W + b` for each patch, the same as a convolution whose stride is its
/// kernel; then a norm, where there is one. Made by [`PatchEmbedConfig::init`].
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// `[d, c, p, p]`, as convolution weights are kept.
    pub weight: Param<Tensor<4>>,
    /// `[d]`
    pub bias: Option<Param<Tensor<1>>>,
    /// The norm of the tokens, where there is one.
    pub norm: Option<Norm>,
}

burn_trace::impl_tensor_tree!(PatchEmbed);

impl PatchEmbed {
    /// Tokens, row by row, and the grid `[gh, gw]` that they form. Images are cast to the type of the
    /// weights.
    ///
    /// # Shapes
    ///
    /// - images: `[b, c, height, width]`
    /// - output: `[b, gh * gw, d]`
    ///
    /// # Panics
    ///
    /// If the images have another number of channels, or a side that is no multiple of the patch.
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<3>, [usize; 2]) {
        let [d, channels, p, _] = self.weight.dims();
        assert_shape!(images, [_, channels, _, _]);
        let [b, _, height, width] = images.dims();
        for (axis, name, side) in [(2, "height", height), (3, "width", width)] {
            assert!(
                side > 0 && side.is_multiple_of(p),
                "images: axis {axis} ({name}) expected a positive multiple of the patch {p}, got {side}; \
                 resize or crop the images"
            );
        }
        let (rows, columns) = (height / p, width / p);
        // Images are f32 as a rule, and weights may be loaded in half precision.
        let images = images.cast(self.weight.dtype());
        // A product over unfolded patches: on the CPU it trains faster than the convolution, whose
        // weight gradient is slow, and for XLA it is the same.
        let patches = images
            .reshape([b, channels, rows, p, columns, p])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([b, rows * columns, channels * p * p]);
        let weight = self.weight.val().reshape([d, channels * p * p]).transpose();
        let tokens = linear(patches, weight, self.bias.as_ref().map(Param::val));
        let tokens = match &self.norm {
            Some(norm) => norm.forward(tokens),
            None => tokens,
        };
        (tokens, [rows, columns])
    }
}

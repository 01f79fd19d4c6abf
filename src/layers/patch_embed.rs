//! The stem: images to patch tokens.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, assert_shape};

use crate::vit::ViT22BConfig;

/// A linear map of each patch, the same as a convolution whose stride is its kernel.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// `[d, c, p, p]`, as convolution weights are kept.
    pub weight: Param<Tensor<4>>,
    /// `[d]`
    pub bias: Option<Param<Tensor<1>>>,
}

impl PatchEmbed {
    pub(crate) fn init(cfg: &ViT22BConfig, device: &Device) -> Self {
        let fan_in = cfg.channels * cfg.patch * cfg.patch;
        let normal = Initializer::Normal { mean: 0.0, std: 1.0 / (fan_in as f64).sqrt() };
        Self {
            weight: normal.init([cfg.width, cfg.channels, cfg.patch, cfg.patch], device),
            bias: cfg.biases.embedding.then(|| Initializer::Zeros.init([cfg.width], device)),
        }
    }

    /// Tokens, row by row, and the grid that they form.
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
        // A product over unfolded patches: on the CPU it trains faster than the convolution, whose
        // weight gradient is slow, and for XLA it is the same.
        let patches = images
            .reshape([b, channels, rows, p, columns, p])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([b, rows * columns, channels * p * p]);
        let weight = self.weight.val().reshape([d, channels * p * p]).transpose();
        (linear(patches, weight, self.bias.as_ref().map(Param::val)), [rows, columns])
    }
}

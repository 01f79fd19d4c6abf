//! The linear decoder.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check_counts, ensure_valid};
use crate::layers::linear::linear;

/// Configuration of a [`LinearDecoder`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::heads::LinearDecoderConfig;
///
/// let device = Device::flex();
/// let decoder = LinearDecoderConfig::new(32, 150).init(&device);
/// let patches = Tensor::<3>::ones([2, 6, 32], &device);
/// assert_eq!(decoder.forward(patches, [2, 3]).dims(), [2, 150, 2, 3]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct LinearDecoderConfig {
    /// Width of a token, at least 1.
    pub width: usize,
    /// Number of classes; 1 for a readout of depth.
    pub classes: usize,
}

impl LinearDecoderConfig {
    /// Checks every field; a config that passes makes a decoder.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width), ("classes", self.classes)])
    }

    /// A decoder with random weights of standard deviation 0.02 and a bias of 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> LinearDecoder {
        ensure_valid(self.validate());
        let normal = Initializer::Normal { mean: 0.0, std: 0.02 };
        let bias = Some(Initializer::Zeros);
        LinearDecoder { head: linear([self.width, self.classes], normal, bias, device) }
    }
}

/// One linear layer on each patch. The map of its outputs is brought to the size of the image by
/// [`Resample2d`](super::Resample2d) with [`Corners::Edges`](super::Corners::Edges). Made by
/// [`LinearDecoderConfig::init`].
///
/// # Reference
///
/// "Segmenter: Transformer for Semantic Segmentation", section 3.2. ViT-22B's linear decoder has as many
/// parameters as one such layer.
#[derive(Module, Debug)]
pub struct LinearDecoder {
    /// `[d, c]`
    pub head: Linear,
}

burn_trace::impl_tensor_tree!(LinearDecoder);

impl LinearDecoder {
    /// Logits of each patch as a map.
    ///
    /// # Shapes
    ///
    /// - patches: `[b, gh * gw, d]`, without tokens before the patches
    /// - output: `[b, c, gh, gw]`
    ///
    /// # Panics
    ///
    /// If there are other than `gh * gw` patches.
    pub fn forward(&self, patches: Tensor<3>, grid: [usize; 2]) -> Tensor<4> {
        to_map(self.head.forward(patches), grid)
    }
}

/// Patches as a map: `[b, gh * gw, d]` to `[b, d, gh, gw]`.
pub(super) fn to_map(patches: Tensor<3>, [rows, columns]: [usize; 2]) -> Tensor<4> {
    let [b, count, d] = patches.dims();
    assert!(
        count == rows * columns,
        "patches: axis 1 expected {} for a grid of {rows} x {columns}, got {count}; leave out tokens before \
         the patches",
        rows * columns
    );
    patches.swap_dims(1, 2).reshape([b, d, rows, columns])
}

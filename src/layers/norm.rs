//! The norms: RMS without centring (ViT-22B) and centred layer norm (the classic ViT, Flax's
//! `normalize_qk`).

use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::Initializer;
use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Device, Tensor, assert_shape};

use super::kinds::NormKind;

/// Normalises the last axis.
///
/// `rms: x / sqrt(mean(x²) + epsilon) * scale + bias`
/// `layer: (x - mean(x)) / sqrt(var(x) + epsilon) * scale + bias`
///
/// Statistics are taken in f32 whatever the input's type is.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Norm {
    /// `[d]`, ones at first.
    pub scale: Param<Tensor<1>>,
    /// `[d]`, zeros at first; none in ViT-22B.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    kind: NormKind,
    epsilon: f64,
}

impl Norm {
    pub(crate) fn init(
        kind: NormKind,
        width: usize,
        bias: bool,
        epsilon: f64,
        device: &Device,
    ) -> Self {
        Self {
            scale: Initializer::Ones.init([width], device),
            bias: bias.then(|| Initializer::Zeros.init([width], device)),
            kind,
            epsilon,
        }
    }

    /// # Shapes
    ///
    /// - input: `[.., d]`
    /// - output: `[.., d]`
    ///
    /// # Panics
    ///
    /// If the last axis is not the norm's width.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let [width] = self.scale.dims();
        assert_shape!(input, [.., width]);
        let scale = self.scale.val().cast(DType::F32);
        let bias = self.bias.as_ref().map(|bias| bias.val().cast(DType::F32));
        let dtype = input.dtype();
        let x = input.cast(DType::F32);
        let output = match self.kind {
            NormKind::Layer => layer_norm(x, scale, bias, self.epsilon),
            NormKind::Rms => {
                let mean_square = x.clone().square().mean_dim(D - 1);
                let inverse = mean_square.add_scalar(self.epsilon).sqrt().recip();
                let scaled = x * inverse * scale.unsqueeze();
                match bias {
                    Some(bias) => scaled + bias.unsqueeze(),
                    None => scaled,
                }
            }
        };
        output.cast(dtype)
    }
}

impl ModuleDisplay for Norm {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [width] = self.scale.lazy_shape().dims();
        let kind = match self.kind {
            NormKind::Rms => "rms",
            NormKind::Layer => "layer",
        };
        content
            .add_formatted(&format!(
                "Norm {{{kind}, width: {width}, bias: {}}}",
                self.bias.is_some()
            ))
            .optional()
    }
}

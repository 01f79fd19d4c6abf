//! The norms: RMS without centring (ViT-22B) and centred layer norm (the classic ViT, Flax's
//! `normalize_qk`).

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::Initializer;
use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Device, Tensor, assert_shape};

use crate::error::{ConfigError, check, check_counts, check_epsilon, ensure_valid};

use super::kinds::NormKind;

/// Configuration of a [`Norm`]; the defaults are those of ViT-22B.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{NormConfig, NormKind};
///
/// let device = Device::flex();
/// let norm = NormConfig::new(2).with_kind(NormKind::Layer).init(&device);
/// let y = norm.forward(Tensor::<2>::from_data([[1.0, 3.0]], &device));
/// assert!((y - Tensor::from_data([[-1.0, 1.0]], &device)).abs().max().into_scalar::<f32>() < 1e-5);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct NormConfig {
    /// Length of the axis that is normalised, at least 1.
    pub width: usize,
    /// Without or with centring.
    #[config(default = "NormKind::Rms")]
    pub kind: NormKind,
    /// Whether a learned bias is added.
    #[config(default = false)]
    pub bias: bool,
    /// Added to the variance; above 0.
    #[config(default = 1e-6)]
    pub epsilon: f64,
}

impl NormConfig {
    /// Checks every field; a config that passes makes a norm.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([("width", self.width)])?;
        check_epsilon(self.epsilon)
    }

    /// A norm whose scale is 1 and whose bias is 0.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Norm {
        ensure_valid(self.validate());
        Norm {
            scale: Initializer::Ones.init([self.width], device),
            bias: self.bias.then(|| Initializer::Zeros.init([self.width], device)),
            kind: self.kind,
            epsilon: self.epsilon,
        }
    }
}

/// Checks the norm inside of a layer, which normalises an axis of the length `width`.
pub(super) fn check_norm(
    norm: Option<&NormConfig>,
    (field, width): (&'static str, usize),
) -> Result<(), ConfigError> {
    let Some(norm) = norm else { return Ok(()) };
    norm.validate()?;
    let rule = || format!("{field} = {width}, which it normalises");
    check("norm.width", norm.width, norm.width == width, rule, || width)
}

/// Normalises the last axis. Made by [`NormConfig::init`].
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

burn_trace::impl_tensor_tree!(Norm);

impl Norm {
    /// Normalises each vector along the last axis, for a tensor of any rank.
    ///
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

//! The half of a model of two towers that locked-image tuning trains.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{DType, Device, Int, Tensor};

use crate::contrast::{TwoTower, embedding_width, unit};
use crate::error::{ConfigError, check};
use crate::text::{TextConfig, TextTower};
use crate::vit::ViT22B;

/// A text tower with the scale and the bias of its logits: a [`TwoTower`] without its image model. Parameters have the paths
/// that they have there.
#[derive(Module, Debug)]
pub struct TextHalf {
    /// The text tower.
    pub text: TextTower,
    /// The logarithm of the scale, `[1]`.
    pub log_scale: Param<Tensor<1>>,
    /// The bias of the sigmoid loss, `[1]`; none for the softmax loss.
    pub bias: Option<Param<Tensor<1>>>,
}

burn_trace::impl_tensor_tree!(TextHalf);

impl TextHalf {
    /// A half with a random tower, a scale of 10, and this bias, if any: −10 for the sigmoid loss.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a config that makes no tower.
    pub fn new(text: &TextConfig, bias: Option<f64>, device: &Device) -> Result<Self, ConfigError> {
        let number = |value: f64| Initializer::Constant { value }.init([1], device);
        Ok(Self { text: text.init(device)?, log_scale: number(10f64.ln()), bias: bias.map(number) })
    }

    /// The half of a model.
    pub fn of(model: TwoTower) -> Self {
        let TwoTower { text, log_scale, bias, .. } = model;
        Self { text, log_scale, bias }
    }

    /// The model of this half and an image model.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if their vectors have different lengths.
    pub fn with_image(self, image: ViT22B) -> Result<TwoTower, ConfigError> {
        let length = embedding_width(image.config());
        let outputs = self.text.config().outputs();
        let rule = || format!("the length of the image's vector, {length}");
        check("text.output", outputs, outputs == length, rule, || length)?;
        let Self { text, log_scale, bias } = self;
        Ok(TwoTower { image, text, log_scale, bias })
    }

    /// The vectors of texts, of length 1 and in f32 whatever the tower computes in.
    ///
    /// # Shapes
    ///
    /// - ids: `[b, n]`
    /// - output: `[b, e]`
    pub fn embed_texts(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        let vectors = self.text.forward(ids);
        unit(if vectors.dtype() == DType::F64 { vectors } else { vectors.cast(DType::F32) })
    }

    /// The scale, `[1]`.
    pub fn scale(&self) -> Tensor<1> {
        self.log_scale.val().exp()
    }
}

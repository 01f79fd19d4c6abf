//! The model of two towers.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Int, Tensor};

use crate::error::{ConfigError, check};
use crate::text::{TextConfig, TextTower};
use crate::vit::{FeatureRequest, ViT22B, ViT22BConfig};

/// Added to the norm by which an embedding is divided.
const EPSILON: f64 = 1e-8;

/// An image model beside a text tower: `exp(log_scale) · ⟨image, text⟩ + bias`, where both vectors have length 1.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use vit22b::contrast::TwoTower;
/// use vit22b::text::TextConfig;
/// use vit22b::vit::Variant;
///
/// let image = Variant::parse("mu/16")?.config(0).with_image([32, 32]);
/// let text = TextConfig::new(200, 16, 1).with_width(32).with_depth(2).with_mlp_dim(64)
///     .with_num_heads(4).with_output(Some(32));
/// let device = Device::flex();
/// let model = TwoTower::new(&image, &text, Some(-10.0), &device)?;
/// let logits = model.forward(Tensor::zeros([2, 3, 32, 32], &device), Tensor::ones([5, 16], &device));
/// assert_eq!(logits.dims(), [2, 5]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
///
/// # Reference
///
/// "LiT: Zero-Shot Transfer with Locked-image text Tuning" (arXiv 2111.07991), "Sigmoid Loss for Language Image
/// Pre-Training" (arXiv 2303.15343).
#[derive(Module, Debug)]
pub struct TwoTower {
    /// The image model.
    pub image: ViT22B,
    /// The text tower.
    pub text: TextTower,
    /// The logarithm of the scale, `[1]`.
    pub log_scale: Param<Tensor<1>>,
    /// The bias of the sigmoid loss, `[1]`; none for models of the softmax loss.
    pub bias: Option<Param<Tensor<1>>>,
}

burn_trace::impl_tensor_tree!(TwoTower);

impl TwoTower {
    /// A model with random parameters, a scale of 10, and this bias, if any: −10 for the sigmoid loss.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a config that is not valid, and for towers whose vectors have different lengths.
    pub fn new(
        image: &ViT22BConfig,
        text: &TextConfig,
        bias: Option<f64>,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        let length = embedding_width(image);
        let rule = || format!("the length of the image's vector, {length}");
        check("text.output", text.outputs(), text.outputs() == length, rule, || length)?;
        let number = |value: f64| Initializer::Constant { value }.init([1], device);
        Ok(Self {
            image: image.init(device)?,
            text: text.init(device)?,
            log_scale: number(10f64.ln()),
            bias: bias.map(number),
        })
    }

    /// The vectors of images, of length 1.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`
    /// - output: `[b, e]`
    pub fn embed_images(&self, images: Tensor<4>) -> Tensor<2> {
        unit(embedding(&self.image, images))
    }

    /// The vectors of texts, of length 1.
    ///
    /// # Shapes
    ///
    /// - ids: `[b, n]`
    /// - output: `[b, e]`
    pub fn embed_texts(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        unit(self.text.forward(ids))
    }

    /// How well each image fits each text.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`; ids: `[t, n]`
    /// - output: `[b, t]`
    pub fn forward(&self, images: Tensor<4>, ids: Tensor<2, Int>) -> Tensor<2> {
        self.logits(self.embed_images(images), self.embed_texts(ids))
    }

    /// The same for vectors of length 1.
    ///
    /// # Shapes
    ///
    /// - images: `[b, e]`; texts: `[t, e]`
    /// - output: `[b, t]`
    pub fn logits(&self, images: Tensor<2>, texts: Tensor<2>) -> Tensor<2> {
        let logits = images.matmul(texts.transpose()) * self.scale().unsqueeze();
        match &self.bias {
            Some(bias) => logits + bias.val().unsqueeze(),
            None => logits,
        }
    }

    /// The scale, `[1]`.
    pub fn scale(&self) -> Tensor<1> {
        self.log_scale.val().exp()
    }
}

/// The vector of each image that is compared with texts, of any length: the projection of the pooled vector where the
/// model has one, else its output.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`
/// - output: `[b, e]`
pub fn embedding(model: &ViT22B, images: Tensor<4>) -> Tensor<2> {
    if model.projection.is_none() {
        return model.forward(images);
    }
    let request = FeatureRequest::new().projected();
    let features = model.features(images, &request);
    let projected = features.ok().and_then(|features| features.projected);
    projected.expect("a model with a projection projects")
}

/// The length of that vector.
pub(crate) fn embedding_width(image: &ViT22BConfig) -> usize {
    image.projection.unwrap_or_else(|| image.outputs())
}

/// Vectors divided by their norms.
pub(crate) fn unit(vectors: Tensor<2>) -> Tensor<2> {
    let norms = vectors.clone().square().sum_dim(1).sqrt().add_scalar(EPSILON);
    vectors / norms
}

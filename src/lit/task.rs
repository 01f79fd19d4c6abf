//! The task of a text tower beside a locked image model.

use burn::tensor::{DType, Device, Int, Tensor};
use burn_trace::{LeafSpec, Leaves, TensorTree, TreeError, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contrast::unit;
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::text::TextConfig;
use crate::train::loss::{sigmoid_contrastive, softmax_contrastive};
use crate::train::{Task, TrainError};

use super::text_half::TextHalf;

/// The bias with which the sigmoid loss starts: nearly no pair is a match.
const BIAS: f64 = -10.0;

/// How the pairs of a batch are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    /// Each image chooses among the batch's texts and each text among its images: LiT, CLIP. See
    /// [`softmax_contrastive`].
    Softmax,
    /// Each pair is a match or none: SigLIP. It is better with batches below some 16,000. See [`sigmoid_contrastive`].
    Sigmoid,
}

/// Vectors of images with their texts.
///
/// # Shapes
///
/// - images: `[b, e]`, of any length
/// - ids: `[b, n]`; the text of a row is of its image
#[derive(Debug, Clone)]
pub struct LitBatch {
    /// What the locked model makes of the images.
    pub images: Tensor<2>,
    /// The ids of their texts.
    pub ids: Tensor<2, Int>,
}

impl TensorTree for LitBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("images", &self.images);
        visitor.child("ids", &self.ids);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self { images: self.images.rebuild(leaves)?, ids: self.ids.rebuild(leaves)? })
    }
}

/// A text tower that learns to match the vectors of a locked image model. The loss is over all pairs of a batch, also where a
/// mesh cuts the batch: each device then gathers the vectors of all texts.
///
/// Its scores are `loss`, and `precision_image_to_text` and `precision_text_to_image`: the share of rows that find their own among
/// all of the batch of an evaluation. Equal similarities count against the model.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use vit22b::lit::{Contrast, Lit, LitBatch};
/// use vit22b::text::TextConfig;
/// use vit22b::train::{Recipe, Task, TrainStep};
///
/// let text = TextConfig::new(200, 16, 1).with_width(32).with_depth(1).with_mlp_dim(64)
///     .with_num_heads(4).with_output(Some(24));
/// let task = Lit::new(text, Contrast::Sigmoid)?;
/// let step = TrainStep::new(task, &Recipe::lit(8, 100, 1e-3), None)?;
/// let state = step.init(step.task().init(&Device::flex()), 0);
/// let batch = LitBatch {
///     images: Tensor::<1, Int>::arange(0..8 * 24, &Device::flex()).float().sin().reshape([8, 24]),
///     ids: Tensor::ones([8, 16], &Device::flex()),
/// };
/// let (_, metrics) = step.run(state, batch)?;
/// assert!(metrics.loss.into_scalar::<f32>() > 0.0);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lit {
    text: TextConfig,
    contrast: Contrast,
}

impl Lit {
    /// A task of a tower whose vectors are as long as those of the images.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no tower.
    pub fn new(text: TextConfig, contrast: Contrast) -> Result<Self, TrainError> {
        text.validate()?;
        Ok(Self { text, contrast })
    }

    /// The config of the tower.
    pub fn config(&self) -> &TextConfig {
        &self.text
    }

    fn bias(&self) -> Option<f64> {
        (self.contrast == Contrast::Sigmoid).then_some(BIAS)
    }
}

impl Task for Lit {
    type Model = TextHalf;
    type Batch = LitBatch;

    fn init(&self, device: &Device) -> TextHalf {
        TextHalf::new(&self.text, self.bias(), device).expect("the config was checked")
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        let shapes: Vec<_> = batch.iter().map(|leaf| &leaf.ty.shape[..]).collect();
        let [&[_, length_of_images], &[_, tokens]] = shapes[..] else {
            let got: Vec<_> = shapes.iter().map(|shape| shape.len().to_string()).collect();
            let expected = "two axes of images and two of ids";
            return Err(TrainError::batch("batch", expected, got.join(" and ")));
        };
        let (outputs, length) = (self.text.outputs(), self.text.length);
        if length_of_images != outputs {
            let what = "images axis 1 (length of a vector)";
            return Err(TrainError::batch(what, outputs, length_of_images));
        }
        match tokens == length {
            true => Ok(()),
            false => Err(TrainError::batch("ids axis 1 (tokens)", length, tokens)),
        }
    }

    fn loss(&self, model: &TextHalf, batch: LitBatch, _: Option<&RandomKey>) -> Tensor<1> {
        let LitBatch { images, ids } = batch;
        let (images, texts) = (unit(images), model.embed_texts(ids));
        match &model.bias {
            Some(bias) => sigmoid_contrastive(images, texts, model.scale(), bias.val()),
            None => softmax_contrastive(images, texts, model.scale()),
        }
    }

    fn compares_examples(&self) -> bool {
        true
    }

    fn scores(&self, model: &TextHalf, batch: LitBatch, weights: Tensor<1>) -> NamedTensors {
        let LitBatch { images, ids } = batch;
        let (images, texts) = (unit(images), model.embed_texts(ids));
        let number = |value: Tensor<1>| value.cast(DType::F32).unsqueeze::<2>();
        let logits = images.matmul(texts.transpose()) * number(model.scale());
        let logits = match &model.bias {
            Some(bias) => logits + number(bias.val()),
            None => logits,
        };
        let [b, _] = logits.dims();
        let device = logits.device();
        let own = Tensor::<2>::eye(b, &device);
        let ones = weights.clone().greater_elem(0.0).float();
        // Rows that only fill up the batch are no answers: their logits lie below all others.
        let hidden = ones.clone().neg().add_scalar(1.0);
        let far = hidden.mul_scalar(-1e9).unsqueeze::<2>();
        let (to_texts, to_images) = (logits.clone() + far.clone(), logits.transpose() + far);
        let of_own = |logits: Tensor<2>| (logits * own.clone()).sum_dim(1);
        let (losses, hits): (Vec<_>, Vec<_>) = [to_texts, to_images]
            .into_iter()
            .map(|logits| {
                let right = of_own(logits.clone());
                let loss = match self.contrast {
                    Contrast::Softmax => {
                        let largest = logits.clone().max_dim(1);
                        let sum = (logits.clone() - largest.clone()).exp().sum_dim(1);
                        sum.log() + largest - right.clone()
                    }
                    Contrast::Sigmoid => {
                        let magnitude = logits.clone().abs().neg().exp().log1p();
                        let softplus = logits.clone().clamp_min(0.0) + magnitude;
                        softplus.sum_dim(1) - right.clone()
                    }
                };
                // A wrong answer that is as near counts against the model.
                let wrong = logits.greater_equal(right.expand([b, b])).float();
                let wrong = (wrong * own.clone().neg().add_scalar(1.0)).sum_dim(1);
                let hit = wrong.equal_elem(0.0).float();
                (loss.reshape([b]), hit.reshape([b]))
            })
            .unzip();
        let [of_texts, of_images] = [0, 1].map(|way: usize| losses[way].clone());
        let loss = match self.contrast {
            Contrast::Softmax => (of_texts + of_images).mul_scalar(0.5),
            // The sum over the texts, as the loss has it.
            Contrast::Sigmoid => of_texts,
        };
        let sum = |values: Tensor<1>| (values * weights.clone()).sum();
        let mut scores = NamedTensors::default();
        scores.insert("loss", sum(loss));
        scores.insert("precision_image_to_text", sum(hits[0].clone()));
        scores.insert("precision_text_to_image", sum(hits[1].clone()));
        scores
    }

    fn describe(&self) -> Value {
        let model = serde_json::to_value(&self.text).unwrap_or_default();
        json!({ "task": "lit", "model": model, "loss": self.contrast })
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<LitBatch> {
        let TextConfig { length, end, .. } = self.text;
        Some(LitBatch {
            images: Tensor::ones([size, self.text.outputs()], device),
            ids: Tensor::full([size, length], end as i64, device),
        })
    }

    fn flops_per_example(&self) -> Option<f64> {
        let TextConfig { width, mlp_dim, depth, length, .. } = self.text;
        let [d, f, n] = [width, mlp_dim, length].map(|size| size as f64);
        let token = 2.0 * (4.0 * d * d + 2.0 * d * f) + 4.0 * n * d;
        // The backward pass costs two forward passes.
        Some(3.0 * depth as f64 * n * token)
    }

    fn unit(&self) -> &'static str {
        "pairs"
    }
}

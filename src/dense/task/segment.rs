//! A model that learns the classes of pixels.

use burn::tensor::{Device, Int, Tensor};
use burn_trace::LeafSpec;
use serde_json::{Value, json};

use super::check_batch;
use crate::data::batch::MaskBatch;
use crate::dense::loss::{
    pixel_accuracy_of_each, pixel_cross_entropy, pixel_cross_entropy_of_each,
};
use crate::dense::segmentation::{SegmentationConfig, SegmentationModel};
use crate::error::ConfigError;
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::train::{Regularisation, Task, TrainError};
use crate::vit::Draws;

/// The label of pixels that do not count.
const IGNORED: usize = 255;

/// A model that learns the class of each pixel: softmax cross-entropy over the pixels whose label is not 255, and beside it
/// the share of the auxiliary head's, where there is one.
///
/// Its scores are `loss` and `accuracy_of_pixels`, means of images. The mean intersection over union is no mean of images:
/// [`SegmentationTable`](crate::eval::SegmentationTable) counts it over a set.
///
/// A tower is frozen by [`Recipe::with_frozen`](crate::train::Recipe::with_frozen) with the pattern `tower\..*`.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{BatchSource, MaskBatch, Scenes};
/// use vit22b::dense::{BlockChoice, Segment, SegmentationConfig};
/// use vit22b::heads::LinearDecoderConfig;
/// use vit22b::train::{Engine, Recipe, Start, TrainStep};
/// use vit22b::vit::Variant;
///
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 32]).with_depth(2);
/// let head = LinearDecoderConfig::new(32, Scenes::CLASSES.len());
/// let config = SegmentationConfig::new(tower, BlockChoice::new(vec![1]).with_norm(true), head.into());
/// let recipe = Recipe::segmentation(4, 100, 1e-3).with_frozen([r"tower\..*"]);
/// let step = TrainStep::new(Segment::new(config)?, &recipe, None)?;
/// let mut engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
/// let batch: MaskBatch = Scenes::new(32, 0).batch(0, 4)?;
/// assert!(engine.step(batch)?.read()?.loss > 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Segment {
    config: SegmentationConfig,
    regularisation: Regularisation,
}

impl Segment {
    /// The task of a model of this config.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a config that makes no model.
    pub fn new(config: SegmentationConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config, regularisation: Regularisation::default() })
    }

    /// Draws dropout and stochastic depth of the tower in training, for towers that are trained too: InternVL fine-tunes with a stochastic
    /// depth of 0.4, Segmenter with 0.1.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a share outside of [0, 1).
    pub fn with_regularisation(self, regularisation: Regularisation) -> Result<Self, ConfigError> {
        regularisation.validate()?;
        Ok(Self { regularisation, ..self })
    }

    /// The config of the model.
    pub fn config(&self) -> &SegmentationConfig {
        &self.config
    }
}

impl Task for Segment {
    type Model = SegmentationModel;
    type Batch = MaskBatch;

    fn init(&self, device: &Device) -> SegmentationModel {
        self.config.init(device).expect("the config was checked")
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        check_batch(batch, &self.config.tower, "labels")
    }

    fn loss(
        &self,
        model: &SegmentationModel,
        batch: MaskBatch,
        key: Option<&RandomKey>,
    ) -> Tensor<1> {
        let MaskBatch { images, labels } = batch;
        let Some(key) = key else {
            return pixel_cross_entropy(model.forward(images), labels, Some(IGNORED));
        };
        let Regularisation { dropout, stochastic_depth } = self.regularisation;
        let draws = (self.regularisation != Regularisation::default()).then(|| {
            let draws = Draws::new(key.clone()).with_dropout(dropout);
            draws.with_stochastic_depth(stochastic_depth)
        });
        let logits = model.forward_train(images, draws.as_ref());
        let loss = pixel_cross_entropy(logits.logits, labels.clone(), Some(IGNORED));
        match logits.auxiliary.zip(self.config.auxiliary.as_ref()) {
            Some((auxiliary, config)) => {
                let auxiliary = pixel_cross_entropy(auxiliary, labels, Some(IGNORED));
                loss + auxiliary.mul_scalar(config.weight)
            }
            None => loss,
        }
    }

    fn scores(
        &self,
        model: &SegmentationModel,
        batch: MaskBatch,
        weights: Tensor<1>,
    ) -> NamedTensors {
        let MaskBatch { images, labels } = batch;
        let logits = model.forward(images);
        let losses = pixel_cross_entropy_of_each(logits.clone(), labels.clone(), Some(IGNORED));
        let hits = pixel_accuracy_of_each(logits, labels, Some(IGNORED));
        let mut scores = NamedTensors::default();
        scores.insert("loss", (losses * weights.clone()).sum());
        scores.insert("accuracy_of_pixels", (hits * weights).sum());
        scores
    }

    fn describe(&self) -> Value {
        let (model, regularisation) = (&self.config, &self.regularisation);
        json!({ "task": "segment", "model": model, "regularisation": regularisation })
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<MaskBatch> {
        let [height, width] = self.config.tower.image;
        Some(MaskBatch {
            images: Tensor::zeros([size, self.config.tower.channels, height, width], device),
            labels: Tensor::<3, Int>::zeros([size, height, width], device),
        })
    }

    fn unit(&self) -> &'static str {
        "images"
    }
}

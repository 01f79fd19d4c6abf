//! Classification of images by a ViT.

use burn::tensor::{DType, Device, Tensor};
use burn_trace::LeafSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Task;
use super::cutmix::{CutMix, ResolvedCutMix, mix_batch};
use super::loss::Loss;
use super::mixup::{Mixup, ResolvedMixup};
use crate::data::batch::ImageBatch;
use crate::error::{ConfigError, check_rate};
use crate::layers::Draws;
use crate::params::{AnyTensor, NamedTensors};
use crate::random::RandomKey;
use crate::train::error::TrainError;
use crate::vit::{FeatureRequest, ViT22B, ViT22BConfig, add_missing, complete, read_config};

/// A ViT that learns to classify images, as ViT-22B was pre-trained.
///
/// Its scores are `loss` and `precision_at_1`: the share of images whose most likely class is one of
/// theirs, which may be several. The paper reports the latter of pre-training on multi-label JFT.
///
/// ```
/// use vit22b::train::{Classify, CutMix, Loss, Mixup, Regularisation};
/// use vit22b::vit::Variant;
///
/// let config = Variant::parse("S/16")?.config(1_000);
/// let task = Classify::new(config, Loss::SoftmaxCrossEntropy { label_smoothing: 0.1 })?
///     .with_mixup(Mixup { alpha: 0.8 })?
///     .with_cutmix(CutMix { alpha: 1.0 })?
///     .with_regularisation(Regularisation { dropout: 0.0, stochastic_depth: 0.1 })?;
/// assert_eq!(task.config().num_classes, 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classify {
    settings: Settings,
    mixup: Option<ResolvedMixup>,
    cutmix: Option<ResolvedCutMix>,
}

/// All that a [`Classify`] is made of, as a manifest holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    task: Name,
    #[serde(deserialize_with = "read_config")]
    model: ViT22BConfig,
    loss: Loss,
    mixup: Option<Mixup>,
    cutmix: Option<CutMix>,
    #[serde(default)]
    regularisation: Regularisation,
}

/// The name of the task in manifests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Classify,
}

/// What is left out at random in training, so that the model does not lean on single units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Regularisation {
    /// The share, in [0, 1), of embedded tokens, hidden units of MLPs and outputs of blocks' branches
    /// that are dropped.
    pub dropout: f64,
    /// The share, in [0, 1), of examples for which the last block is skipped; it falls linearly to 0 at
    /// the first block.
    pub stochastic_depth: f64,
}

impl Classify {
    /// The task without mixup, CutMix and regularisation, as ViT-22B was pre-trained.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Recipe`] for label smoothing
    /// outside [0, 1).
    pub fn new(config: ViT22BConfig, loss: Loss) -> Result<Self, TrainError> {
        config.validate()?;
        loss.validate()?;
        let settings = Settings {
            task: Name::Classify,
            model: config,
            loss,
            mixup: None,
            cutmix: None,
            regularisation: Regularisation::default(),
        };
        Ok(Self { settings, mixup: None, cutmix: None })
    }

    /// Mixes images and their targets in training. With [CutMix](Self::with_cutmix) too, each step takes
    /// one of the two.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for an α that is no finite number above 0.
    pub fn with_mixup(mut self, mixup: impl Into<Option<Mixup>>) -> Result<Self, TrainError> {
        self.settings.mixup = mixup.into();
        self.mixup = self.settings.mixup.map(|mixup| mixup.resolve()).transpose()?;
        Ok(self)
    }

    /// Exchanges rectangles of images in training, and mixes their targets.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for an α that is no finite number above 0.
    pub fn with_cutmix(mut self, cutmix: impl Into<Option<CutMix>>) -> Result<Self, TrainError> {
        self.settings.cutmix = cutmix.into();
        self.cutmix = self.settings.cutmix.map(|cutmix| cutmix.resolve()).transpose()?;
        Ok(self)
    }

    /// Draws dropout and stochastic depth in training.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a share outside [0, 1).
    pub fn with_regularisation(mut self, how: Regularisation) -> Result<Self, TrainError> {
        how.validate()?;
        self.settings.regularisation = how;

        Ok(self)
    }

    /// The task that a manifest [describes](Task::describe).
    ///
    /// # Errors
    ///
    /// [`TrainError::Description`] for JSON that is of no such task; else as [`new`](Self::new) and the
    /// methods after it.
    pub fn from_json(description: &Value) -> Result<Self, TrainError> {
        let settings: Settings = serde_json::from_value(description.clone())
            .map_err(|error| TrainError::Description { reason: error.to_string() })?;
        Self::new(settings.model, settings.loss)?
            .with_mixup(settings.mixup)?
            .with_cutmix(settings.cutmix)?
            .with_regularisation(settings.regularisation)
    }

    /// The config of the model.
    pub fn config(&self) -> &ViT22BConfig {
        &self.settings.model
    }

    /// The loss.
    pub fn loss(&self) -> Loss {
        self.settings.loss
    }
}

impl Regularisation {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        check_rate("stochastic_depth", self.stochastic_depth)?;
        check_rate("dropout", self.dropout)
    }
}

/// The description of a task whose parts are those of a checkpoint of format 1: the model's config with
/// dropout and stochastic depth, and the recipe with loss, mixup and CutMix.
pub(crate) fn of_format_1(mut config: Value, recipe: &Value) -> Value {
    let mut regularisation = json!({ "dropout": 0.0, "stochastic_depth": 0.0 });
    for (name, value) in regularisation.as_object_mut().into_iter().flatten() {
        if let Some(saved) = config.as_object_mut().and_then(|config| config.remove(name)) {
            *value = saved;
        }
    }
    let description = json!({
        "task": "classify",
        "model": config,
        "loss": recipe["loss"],
        "mixup": recipe["mixup"],
        "cutmix": recipe["cutmix"],
        "regularisation": regularisation,
    });
    // In today's words, so that a run may go on with it.
    let today = Classify::from_json(&description).map(|task| task.describe());
    today.unwrap_or(description)
}

impl Task for Classify {
    type Model = ViT22B;
    type Batch = ImageBatch;

    fn init(&self, device: &Device) -> ViT22B {
        self.settings.model.init(device).expect("the config was checked")
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        let cfg = &self.settings.model;
        let shapes: Vec<_> = batch.iter().map(|leaf| &leaf.ty.shape[..]).collect();
        let [&[_, channels, height, width], &[_, classes]] = shapes[..] else {
            let got: Vec<_> = shapes.iter().map(|shape| shape.len().to_string()).collect();
            let expected = "four axes of images and two of targets";
            return Err(TrainError::batch("batch", expected, got.join(" and ")));
        };
        let check = |what: &str, valid: bool, expected: String, got: usize| match valid {
            true => Ok(()),
            false => Err(TrainError::batch(what, expected, got)),
        };
        let expected = cfg.channels.to_string();
        check("images axis 1 (channels)", channels == cfg.channels, expected, channels)?;
        for (what, side) in [("images axis 2 (height)", height), ("images axis 3 (width)", width)] {
            let valid = side > 0 && side.is_multiple_of(cfg.patch);
            check(what, valid, format!("a positive multiple of the patch {}", cfg.patch), side)?;
        }
        let outputs = cfg.outputs();
        check("targets axis 1 (classes)", classes == outputs, outputs.to_string(), classes)
    }

    /// Mixup, CutMix, or one of them.
    fn augment(&self, batch: ImageBatch, key: &RandomKey) -> ImageBatch {
        let ImageBatch { images, targets } = batch;
        let (mixup, cutmix) = (self.mixup.as_ref(), self.cutmix.as_ref());
        let (images, targets) = mix_batch(mixup, cutmix, images, targets, key);
        ImageBatch { images, targets }
    }

    fn loss(&self, model: &ViT22B, batch: ImageBatch, key: Option<&RandomKey>) -> Tensor<1> {
        let logits = match key {
            Some(key) => {
                let Regularisation { dropout, stochastic_depth } = self.settings.regularisation;
                let draws = Draws::new(key.clone()).with_dropout(dropout);
                model.forward_train(batch.images, &draws.with_stochastic_depth(stochastic_depth))
            }
            None => model.forward(batch.images),
        };
        self.settings.loss.forward(logits, batch.targets)
    }

    fn scores(&self, model: &ViT22B, batch: ImageBatch, weights: Tensor<1>) -> NamedTensors {
        let ImageBatch { images, targets } = batch;
        let logits = model.forward(images).cast(DType::F32);
        let [b, _] = logits.dims();
        let hits = targets.clone().gather(1, logits.clone().argmax(1)).greater_scalar(0.0);
        let losses = self.settings.loss.of_each(logits, targets);
        let mut scores = NamedTensors::default();
        scores.insert("loss", (losses * weights.clone()).sum());
        scores.insert("precision_at_1", (hits.float().reshape([b]) * weights).sum());
        scores
    }

    fn describe(&self) -> Value {
        serde_json::to_value(&self.settings).unwrap_or_default()
    }

    fn upgrade(&self, mut description: Value) -> Value {
        if let Some(model) = description.get_mut("model") {
            complete(model);
        }
        if let Ok(task) = Self::from_json(&description) {
            add_missing(&mut description, task.describe());
        }
        description
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<ImageBatch> {
        let cfg = &self.settings.model;
        let [height, width] = cfg.image;
        Some(ImageBatch {
            images: Tensor::zeros([size, cfg.channels, height, width], device),
            targets: Tensor::zeros([size, cfg.outputs()], device),
        })
    }

    fn flops_per_example(&self) -> Option<f64> {
        let cfg = &self.settings.model;
        Some(cfg.utilisation(cfg.tokens() as f64, 1.0))
    }

    fn unit(&self) -> &'static str {
        "images"
    }

    fn intermediates(&self, model: &ViT22B, batch: ImageBatch) -> Vec<(String, AnyTensor)> {
        let blocks = model.blocks.len();
        let request = match &model.head {
            Some(_) => FeatureRequest::all(blocks),
            None => {
                let request =
                    (0..blocks).fold(FeatureRequest::new(), |request, i| request.block(i));
                request.embedded().encoded().pooled()
            }
        };
        let features = model.features(batch.images, &request);
        features.map(|features| features.in_order()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use burn_trace::{Kind, LeafType};

    use super::*;

    fn task() -> Classify {
        let config = ViT22BConfig::new(3).with_image([8, 8]).with_patch(4);
        let config = config.with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
        Classify::new(config, Loss::SigmoidCrossEntropy).unwrap()
    }

    #[test]
    fn a_description_makes_the_task() {
        let how = Regularisation { dropout: 0.1, stochastic_depth: 0.2 };
        let task = task()
            .with_mixup(Mixup { alpha: 0.3 })
            .and_then(|task| task.with_cutmix(CutMix { alpha: 1.0 }))
            .and_then(|task| task.with_regularisation(how))
            .unwrap();
        let description = task.describe();
        assert_eq!(Classify::from_json(&description).unwrap().describe(), description);
        let error = Classify::from_json(&json!({ "task": "from_fn" })).unwrap_err().to_string();
        assert!(error.starts_with("the description of a task cannot be read: "), "{error}");
    }

    #[test]
    fn a_batch_of_other_axes_is_an_error() {
        let leaf = |path: &str, shape: &[usize]| LeafSpec {
            path: path.into(),
            ty: LeafType { kind: Kind::Float, dtype: DType::F32, shape: shape.to_vec() },
        };
        let batch = [leaf("images", &[8, 3, 16]), leaf("targets", &[8, 3])];
        assert_eq!(
            task().check(&batch).unwrap_err().to_string(),
            "batch: expected four axes of images and two of targets, got 3 and 2"
        );
    }

    #[test]
    fn shares_outside_of_0_to_1_are_errors() {
        let message = |dropout: f64, stochastic_depth: f64| {
            let how = Regularisation { dropout, stochastic_depth };
            task().with_regularisation(how).unwrap_err().to_string()
        };
        assert_eq!(
            message(1.0, 0.0),
            "dropout = 1 is not valid: a probability in [0, 1); the nearest valid value is 0.999"
        );
        assert_eq!(
            message(0.0, f64::NAN),
            "stochastic_depth = NaN is not valid: a probability in [0, 1); the nearest valid value is 0"
        );
    }
}

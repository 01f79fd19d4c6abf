//! A model that learns the depths of pixels.

use burn::tensor::{DType, Device, Tensor};
use burn_trace::LeafSpec;
use serde_json::{Value, json};

use super::check_batch;
use crate::data::batch::DepthBatch;
use crate::dense::depth::DepthReadout;
use crate::dense::depth::{DepthConfig, DepthModel, DepthTarget};
use crate::dense::loss::{
    known, log_depth_error, log_depth_error_of_each, scale_shift_invariant,
    scale_shift_invariant_of_each,
};
use crate::error::{ConfigError, check};
use crate::heads::{DepthOutput, DepthSize};
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::train::{Task, TrainError};

/// A model that learns the depth of each pixel from those that are known: by the squared error of `log(1 + depth)`, as ViT-22B
/// does, or, where the config's [`DepthTarget`] is direct, inverse depths up to a number and a shift of each image.
///
/// Its score is `loss`, a mean of images. [`DepthErrors`](crate::eval::DepthErrors) has the measures of papers.
///
/// A tower is frozen by [`Recipe::with_frozen`](crate::train::Recipe::with_frozen) with the pattern `tower\..*`.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{BatchSource, DepthBatch, Scenes};
/// use vit22b::dense::{BlockChoice, DepthConfig, DepthTarget, EstimateDepth};
/// use vit22b::heads::LinearDecoderConfig;
/// use vit22b::train::{Engine, Recipe, Start, TrainStep};
/// use vit22b::vit::Variant;
///
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 32]).with_depth(2);
/// let config = DepthConfig::new(tower, BlockChoice::new(vec![1]), LinearDecoderConfig::new(32, 1).into())
///     .with_target(DepthTarget::LogDepth);
/// let recipe = Recipe::depth(4, 100, 1e-3).with_frozen([r"tower\..*"]);
/// let step = TrainStep::new(EstimateDepth::new(config)?, &recipe, None)?;
/// let mut engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
/// let batch: DepthBatch = Scenes::new(32, 0).with_known(0.1).batch(0, 4)?;
/// assert!(engine.step(batch)?.read()?.loss > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EstimateDepth {
    config: DepthConfig,
}

impl EstimateDepth {
    /// The task of a model of this config.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a config that makes no model, for one whose depths have another size than its images, and for an
    /// output of DPT that is cut at 0 where a logarithm is learned: once it is 0 everywhere, it stays so.
    pub fn new(config: DepthConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        if let DepthReadout::Dpt(head) = &config.head {
            let patch = config.tower.patch;
            let size = format!("{:?}", head.size);
            let rule = || format!("Patch({patch}), the size of the images");
            let fits = head.size == DepthSize::Patch(patch);
            check("head.size", size, fits, rule, || format!("Patch({patch})"))?;
            let linear = head.output == DepthOutput::Linear;
            let output = format!("{:?}", head.output);
            let rule = || "Linear: what is learned may be of any sign".to_string();
            check("head.output", output, linear, rule, || "Linear".to_string())?;
        }
        Ok(Self { config })
    }

    /// The config of the model.
    pub fn config(&self) -> &DepthConfig {
        &self.config
    }
}

/// Inverse depths, and 0 where none is known.
fn inverse(depths: Tensor<3>) -> Tensor<3> {
    let unknown = known(&depths).bool_not();
    depths.cast(DType::F32).mask_fill(unknown.clone(), 1.0).recip().mask_fill(unknown, 0.0)
}

impl Task for EstimateDepth {
    type Model = DepthModel;
    type Batch = DepthBatch;

    fn init(&self, device: &Device) -> DepthModel {
        self.config.init(device).expect("the config was checked")
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        check_batch(batch, &self.config.tower, "depths")
    }

    fn loss(&self, model: &DepthModel, batch: DepthBatch, _: Option<&RandomKey>) -> Tensor<1> {
        let output = model.output(batch.images);
        match self.config.target {
            DepthTarget::LogDepth => log_depth_error(output, batch.depths),
            DepthTarget::Direct => scale_shift_invariant(output, inverse(batch.depths)),
        }
    }

    fn scores(&self, model: &DepthModel, batch: DepthBatch, weights: Tensor<1>) -> NamedTensors {
        let output = model.output(batch.images);
        let losses = match self.config.target {
            DepthTarget::LogDepth => log_depth_error_of_each(output, batch.depths),
            DepthTarget::Direct => scale_shift_invariant_of_each(output, inverse(batch.depths)),
        };
        let mut scores = NamedTensors::default();
        scores.insert("loss", (losses * weights).sum());
        scores
    }

    fn describe(&self) -> Value {
        json!({ "task": "estimate_depth", "model": self.config })
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<DepthBatch> {
        let [height, width] = self.config.tower.image;
        Some(DepthBatch {
            images: Tensor::zeros([size, self.config.tower.channels, height, width], device),
            depths: Tensor::zeros([size, height, width], device),
        })
    }

    fn unit(&self) -> &'static str {
        "images"
    }
}

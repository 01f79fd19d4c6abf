//! A temporal head that learns to classify clips.

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_trace::{LeafSpec, Leaves, TensorTree, TreeError, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::temporal_head::{TemporalHead, TemporalHeadConfig};
use crate::layers::Draws;
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::train::{Loss, Regularisation, Task, TrainError};

/// Features of clips, and what a head should say about them. Sources make batches on the host.
///
/// # Shapes
///
/// - features: `[b, frames, f]`
/// - targets: `[b, c]`
#[derive(Debug, Clone)]
pub struct ClipBatch {
    /// The vectors of the frames, in the order of time.
    pub features: Tensor<3>,
    /// What the head should say.
    pub targets: Tensor<2>,
}

impl ClipBatch {
    /// A batch on a device.
    pub fn new(features: TensorData, targets: TensorData, device: &Device) -> Self {
        let features = Tensor::from_data(features, device);
        Self { features, targets: Tensor::from_data(targets, device) }
    }
}

impl TensorTree for ClipBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("features", &self.features);
        visitor.child("targets", &self.targets);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        let features = self.features.rebuild(leaves)?;
        Ok(Self { features, targets: self.targets.rebuild(leaves)? })
    }
}

/// A [`TemporalHead`] that learns the classes of clips from frozen features of their frames, by the cross-entropy of its softmax.
///
/// Its scores are `loss`, `precision_at_1` and `precision_at_5`: the share of clips with one of their classes among so many
/// most likely ones. Classes that are equally likely count against it.
///
/// ```
/// use vit22b::train::Regularisation;
/// use vit22b::video::{ClassifyClips, TemporalHeadConfig};
///
/// let config = TemporalHeadConfig::new(768, 16, 400).with_width(384).with_num_heads(6);
/// let task = ClassifyClips::new(config, 0.1)?
///     .with_regularisation(Regularisation { dropout: 0.1, stochastic_depth: 0.0 })?;
/// assert_eq!(task.config().classes, 400);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassifyClips {
    model: TemporalHeadConfig,
    label_smoothing: f64,
    regularisation: Regularisation,
}

impl ClassifyClips {
    /// The task, without dropout.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no head, [`TrainError::Recipe`] for smoothing outside of [0, 1).
    pub fn new(model: TemporalHeadConfig, label_smoothing: f64) -> Result<Self, TrainError> {
        model.validate()?;
        Loss::SoftmaxCrossEntropy { label_smoothing }.validate()?;
        Ok(Self { model, label_smoothing, regularisation: Regularisation::default() })
    }

    /// Draws dropout and stochastic depth in training.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a share outside of [0, 1).
    pub fn with_regularisation(mut self, how: Regularisation) -> Result<Self, TrainError> {
        how.validate()?;
        self.regularisation = how;
        Ok(self)
    }

    /// The config of the head.
    pub fn config(&self) -> &TemporalHeadConfig {
        &self.model
    }

    fn losses(&self) -> Loss {
        Loss::SoftmaxCrossEntropy { label_smoothing: self.label_smoothing }
    }
}

impl Task for ClassifyClips {
    type Model = TemporalHead;
    type Batch = ClipBatch;

    fn init(&self, device: &Device) -> TemporalHead {
        self.model.init(device)
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        let shapes: Vec<_> = batch.iter().map(|leaf| &leaf.ty.shape[..]).collect();
        let [&[_, frames, width], &[_, classes]] = shapes[..] else {
            let got: Vec<_> = shapes.iter().map(|shape| shape.len().to_string()).collect();
            let expected = "three axes of features and two of targets";
            return Err(TrainError::batch("batch", expected, got.join(" and ")));
        };
        let model = &self.model;
        for (what, expected, got) in [
            ("features, axis 1, frames", model.frames, frames),
            ("features, axis 2, width", model.feature_width, width),
            ("targets, axis 1, classes", model.classes, classes),
        ] {
            if expected != got {
                return Err(TrainError::batch(what, expected, got));
            }
        }
        Ok(())
    }

    fn loss(&self, model: &TemporalHead, batch: ClipBatch, key: Option<&RandomKey>) -> Tensor<1> {
        let ClipBatch { features, targets } = batch;
        let features = features.cast(model.projection.weight.dtype());
        let logits = match key {
            Some(key) => {
                let Regularisation { dropout, stochastic_depth } = self.regularisation;
                let draws = Draws::new(key.clone()).with_dropout(dropout);
                model.forward_train(features, &draws.with_stochastic_depth(stochastic_depth))
            }
            None => model.forward(features),
        };
        self.losses().forward(logits, targets)
    }

    fn scores(&self, model: &TemporalHead, batch: ClipBatch, weights: Tensor<1>) -> NamedTensors {
        let ClipBatch { features, targets } = batch;
        let features = features.cast(model.projection.weight.dtype());
        let logits = model.forward(features).cast(DType::F32);
        let [b, _] = logits.dims();
        let losses = self.losses().of_each(logits.clone(), targets.clone());
        // The most likely of the clip's own classes, and how many others are as likely.
        let is_other = targets.equal_scalar(0.0);
        let own = logits.clone().mask_fill(is_other.clone(), f32::MIN).max_dim(1);
        let before = (logits.greater_equal(own).float() * is_other.float()).sum_dim(1).reshape([b]);
        let mut scores = NamedTensors::default();
        scores.insert("loss", (losses * weights.clone()).sum());
        for (name, most) in [("precision_at_1", 0.5), ("precision_at_5", 4.5)] {
            let hits = before.clone().lower_scalar(most).float();
            scores.insert(name, (hits * weights.clone()).sum());
        }
        scores
    }

    fn describe(&self) -> Value {
        let Self { model, label_smoothing, regularisation } = self;
        json!({
            "task": "classify_clips",
            "model": model,
            "label_smoothing": label_smoothing,
            "regularisation": regularisation,
        })
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<ClipBatch> {
        let TemporalHeadConfig { frames, feature_width, classes, .. } = self.model;
        Some(ClipBatch {
            features: Tensor::zeros([size, frames, feature_width], device),
            targets: Tensor::ones([size, classes], device),
        })
    }

    fn unit(&self) -> &'static str {
        "clips"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    /// Scores of two clips: the first has the second class, the other rows as given.
    fn scores(logits: [[f32; 7]; 2], weights: [f32; 2]) -> [f64; 2] {
        let device = Device::flex();
        let config = TemporalHeadConfig::new(3, 2, 7).with_width(8).with_depth(1).with_num_heads(2);
        let task = ClassifyClips::new(config, 0.0).unwrap();
        let mut sums = [0.0; 2];
        for (logits, weight) in logits.into_iter().zip(weights) {
            // A head whose answer is its bias: the classifier's weights are zero at first.
            let mut head = params::initialize(task.init(&device));
            head.head.bias =
                head.head.bias.map(|bias| bias.map(|_| Tensor::from_floats(logits, &device)));
            let features = TensorData::new(vec![0.5f32; 6], [1, 2, 3]);
            let mut targets = vec![0.0f32; 7];
            targets[1] = 1.0;
            let batch = ClipBatch::new(features, TensorData::new(targets, [1, 7]), &device);
            let scores = task.scores(&head, batch, Tensor::from_floats([weight], &device));
            for (sum, name) in sums.iter_mut().zip(["precision_at_1", "precision_at_5"]) {
                *sum += scores.get::<1>(name).unwrap().into_scalar::<f64>();
            }
        }
        sums
    }

    #[test]
    fn equal_classes_count_against_the_head() {
        let second = [0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let fifth = [5.0, 1.0, 4.0, 3.0, 2.0, 0.0, 0.0];
        let sixth = [5.0, 1.0, 4.0, 3.0, 2.0, 1.5, 0.0];
        assert_eq!(scores([second, fifth], [1.0, 1.0]), [1.0, 2.0]);
        assert_eq!(scores([sixth, [0.0; 7]], [1.0, 1.0]), [0.0, 0.0]);
        // Rows that are no example.
        assert_eq!(scores([second, fifth], [1.0, 0.0]), [1.0, 1.0]);
    }
}

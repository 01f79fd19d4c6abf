//! A student that learns from a teacher.

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_trace::{LeafSpec, Leaves, TensorTree, TreeError, Visitor};
use serde_json::{Value, json};

use crate::data::ImageBatch;
use crate::params::{AnyTensor, NamedTensors};
use crate::random::RandomKey;
use crate::train::loss::{distillation, distillation_of_each};
use crate::train::{Classify, Loss, Task, TrainError};
use crate::vit::{ViT22B, ViT22BConfig};

/// Images with labels and what a teacher says of them.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`
/// - targets: `[b, c]`, for scores alone
/// - teacher: logits `[b, c]`
#[derive(Debug, Clone)]
pub struct DistilBatch {
    /// The images.
    pub images: Tensor<4>,
    /// Their labels, mixed as the images are.
    pub targets: Tensor<2>,
    /// The teacher's logits.
    pub teacher: Tensor<2>,
}

impl DistilBatch {
    /// A batch with a teacher's logits, where the batch is.
    pub fn new(batch: ImageBatch, teacher: TensorData) -> Self {
        let ImageBatch { images, targets } = batch;
        let teacher = Tensor::from_data(teacher, &images.device());
        Self { images, targets, teacher }
    }
}

impl TensorTree for DistilBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("images", &self.images);
        visitor.child("targets", &self.targets);
        visitor.child("teacher", &self.teacher);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            images: self.images.rebuild(leaves)?,
            targets: self.targets.rebuild(leaves)?,
            teacher: self.teacher.rebuild(leaves)?,
        })
    }
}

/// A ViT that learns to say what a teacher says: the loss is `T² KL(teacher ‖ student)` of both softmaxes at temperature `T`,
/// whose gradient keeps its scale at every temperature. Labels are not learned from.
///
/// Its scores are `loss`, `precision_at_1` by the labels, and `agreement_at_1`: the share of images for which student and teacher
/// take the same class for the most likely.
#[derive(Debug, Clone)]
pub struct Distil {
    student: Classify,
    temperature: f64,
}

impl Distil {
    /// A student of this config, at a temperature: 1 for ImageNet, up to 10 for small sets of images.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Recipe`] for a temperature that is no finite number
    /// above 0.
    pub fn new(student: ViT22BConfig, temperature: f64) -> Result<Self, TrainError> {
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(TrainError::Recipe {
                field: "temperature".into(),
                value: temperature.to_string(),
                rule: "a finite number above 0".into(),
            });
        }
        let student = Classify::new(student, Loss::SoftmaxCrossEntropy { label_smoothing: 0.0 })?;
        Ok(Self { student, temperature })
    }

    /// The config of the student.
    pub fn config(&self) -> &ViT22BConfig {
        self.student.config()
    }

    fn squared(&self, divergence: Tensor<1>) -> Tensor<1> {
        match self.temperature {
            1.0 => divergence,
            temperature => divergence.mul_scalar(temperature * temperature),
        }
    }
}

impl Task for Distil {
    type Model = ViT22B;
    type Batch = DistilBatch;

    fn init(&self, device: &Device) -> ViT22B {
        self.student.init(device)
    }

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        let [images, targets, teacher] = batch else {
            return Err(TrainError::batch("batch", "images, targets and logits", batch.len()));
        };
        self.student.check(&[images.clone(), targets.clone()])?;
        let (expected, got) = (&targets.ty.shape, &teacher.ty.shape);
        match expected == got {
            true => Ok(()),
            false => Err(TrainError::batch("teacher", format!("{expected:?}"), format!("{got:?}"))),
        }
    }

    fn loss(&self, model: &ViT22B, batch: DistilBatch, _: Option<&RandomKey>) -> Tensor<1> {
        let student = model.forward(batch.images);
        self.squared(distillation(student, batch.teacher, self.temperature))
    }

    fn scores(&self, model: &ViT22B, batch: DistilBatch, weights: Tensor<1>) -> NamedTensors {
        let DistilBatch { images, targets, teacher } = batch;
        let student = model.forward(images).cast(DType::F32);
        let [b, _] = student.dims();
        let of_each = distillation_of_each(student.clone(), teacher.clone(), self.temperature);
        let losses = self.squared(of_each);
        let first = student.argmax(1);
        let hits = targets.gather(1, first.clone()).greater_scalar(0.0);
        let agree = first.equal(teacher.argmax(1));
        let mut scores = NamedTensors::default();
        scores.insert("loss", (losses * weights.clone()).sum());
        scores.insert("precision_at_1", (hits.float().reshape([b]) * weights.clone()).sum());
        scores.insert("agreement_at_1", (agree.float().reshape([b]) * weights).sum());
        scores
    }

    fn describe(&self) -> Value {
        let model = serde_json::to_value(self.config()).unwrap_or_default();
        json!({ "task": "distil", "model": model, "temperature": self.temperature })
    }

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<DistilBatch> {
        let ImageBatch { images, targets } = self.student.dummy_batch(size, device)?;
        Some(DistilBatch { images, teacher: targets.clone(), targets })
    }

    fn flops_per_example(&self) -> Option<f64> {
        self.student.flops_per_example()
    }

    fn unit(&self) -> &'static str {
        self.student.unit()
    }

    fn intermediates(&self, model: &ViT22B, batch: DistilBatch) -> Vec<(String, AnyTensor)> {
        let DistilBatch { images, targets, .. } = batch;
        self.student.intermediates(model, ImageBatch { images, targets })
    }
}

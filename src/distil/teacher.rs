//! The model that is asked.

use core::fmt;

use burn::tensor::{DType, Tensor};

use crate::data::{ImageBatch, Preprocess, Views};
use crate::probe::FeatureKey;
use crate::runtime::{Bound, Runtime};
use crate::vit::ViT22B;

use super::error::DistilError;

/// A classifier that says what it thinks of views, without dropout. All batches that it sees have one size, so that what it
/// says of an image follows from the image.
pub struct Teacher {
    answer: Bound<ViT22B, Tensor<4>, Tensor<2>>,
    preprocess: Preprocess,
    classes: usize,
    batch: usize,
    digest: String,
}

impl fmt::Debug for Teacher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teacher")
            .field("preprocess", &self.preprocess.to_string())
            .field("classes", &self.classes)
            .field("batch", &self.batch)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Teacher {
    /// A model on the device of a runtime, for images that these steps make, in batches of so many.
    ///
    /// # Errors
    ///
    /// [`DistilError::Fit`] for a model without a classifier, or steps whose images it does not take;
    /// [`DistilError::Runtime`] if the device has no room.
    pub fn new(
        runtime: &Runtime,
        model: ViT22B,
        preprocess: Preprocess,
        batch: usize,
    ) -> Result<Self, DistilError> {
        let config = model.config();
        let (classes, patch) = (config.num_classes, config.patch);
        if classes == 0 {
            return Err(DistilError::fit(
                "the teacher",
                "a model with a classifier",
                "one without",
            ));
        }
        if preprocess.size().iter().any(|side| !side.is_multiple_of(patch)) {
            let expected = format!("multiples of the patch {patch}");
            let [height, width] = preprocess.size();
            return Err(DistilError::fit(
                "images of the teacher",
                expected,
                format!("{height} × {width}"),
            ));
        }
        let description = serde_json::to_string(config).unwrap_or_default();
        let digest = FeatureKey::new("teacher").text(&description).params(&model).digest();
        let answer = runtime.bind(model, |model: &ViT22B, images: Tensor<4>| {
            model.forward(images).cast(DType::F32)
        })?;
        Ok(Self { answer, preprocess, classes, batch: batch.max(1), digest })
    }

    /// The steps that make its images.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The number of its classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// A hash of its config and its parameters, as 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// The logits of images, one row after the other.
    ///
    /// # Errors
    ///
    /// [`DistilError::Runtime`].
    pub fn logits(&self, images: Tensor<4>) -> Result<Vec<f32>, DistilError> {
        let [count, channels, height, width] = images.dims();
        let mut logits = Vec::with_capacity(count * self.classes);
        for first in (0..count).step_by(self.batch) {
            let rows = self.batch.min(count - first);
            let mut part = images.clone().narrow(0, first, rows);
            if rows < self.batch {
                let shape = [self.batch - rows, channels, height, width];
                part = Tensor::cat(vec![part, Tensor::zeros(shape, &images.device())], 0);
            }
            let answers = self.answer.call(part)?.into_data();
            logits.extend(answers.iter::<f32>().take(rows * self.classes));
        }
        Ok(logits)
    }

    /// The logits of views.
    pub(super) fn of_views(
        &self,
        views: &Views,
        rows: &[(usize, u64)],
    ) -> Result<Vec<f32>, DistilError> {
        let ImageBatch { images, .. } = views.batch_of(rows)?;
        self.logits(images)
    }
}

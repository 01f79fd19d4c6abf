//! Held-out images with what a teacher says of them.

use std::sync::Arc;

use burn::tensor::TensorData;

use crate::data::{BatchError, HeldOut, ImageLoader, Masked};

use super::error::DistilError;
use super::task::DistilBatch;
use super::teacher::Teacher;

/// Held-out images, each once, with what a teacher says of them, for the evaluation of a student while it learns. The teacher is
/// asked once, and its answers are held in memory.
#[derive(Debug)]
pub struct HeldOutAnswers {
    student: Arc<ImageLoader>,
    logits: Vec<f32>,
    classes: usize,
}

impl HeldOutAnswers {
    /// The images of the student's loader; the teacher's has the same images with the teacher's preprocessing.
    ///
    /// # Errors
    ///
    /// [`DistilError::Fit`] for loaders of different images, [`DistilError::Batch`] for images that cannot be had,
    /// [`DistilError::Runtime`].
    pub fn new(
        student: Arc<ImageLoader>,
        (teacher, of_teacher): (&Teacher, &Arc<ImageLoader>),
        threads: usize,
    ) -> Result<Self, DistilError> {
        let (count, classes) = (student.set().len(), teacher.classes());
        if student.set().fingerprint() != of_teacher.set().fingerprint() {
            return Err(DistilError::fit(
                "held-out images of the teacher",
                "the student's",
                "others",
            ));
        }
        let mut logits = Vec::with_capacity(count * classes);
        for masked in of_teacher.epoch(teacher.batch(), threads) {
            logits.extend(teacher.logits(masked?.batch.images)?);
        }
        logits.truncate(count * classes);
        Ok(Self { student, logits, classes })
    }

    /// What the teacher says, a row for each image.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }
}

impl HeldOut<DistilBatch> for HeldOutAnswers {
    fn len(&self) -> usize {
        self.student.set().len()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<DistilBatch>, BatchError> {
        let Masked { batch, mask, first } = HeldOut::batch(&*self.student, first, size)?;
        let mut logits = vec![0.0; size * self.classes];
        let known = &self.logits[first * self.classes..];
        let known = &known[..known.len().min(logits.len())];
        logits[..known.len()].copy_from_slice(known);
        let batch = DistilBatch::new(batch, TensorData::new(logits, [size, self.classes]));
        Ok(Masked { batch, mask, first })
    }
}
